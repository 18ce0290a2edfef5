/** The entry of a decoding thread: one file in, its channels or a refusal out. Nothing else crosses. */
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { decodeBytes } from './decoders.js'
import { DecodeRefusal } from './failure.js'
import type { DecodeFailure, DecodeReply, DecodeTask, Pcm } from './types.js'

/** What the decoders would print for a damaged file. Past this many lines a decoder is going round in circles. */
const MAX_NOISE = 1000
let noise = 0
const hush = () => {
  if (++noise > MAX_NOISE) throw new Error('too many errors')
}
console.error = hush
console.warn = hush
console.log = hush

function toFailure(error: unknown): DecodeFailure {
  if (error instanceof DecodeRefusal) return error.failure
  if (error instanceof RangeError && /alloc|length|size/i.test(error.message))
    return {
      code: 'ERR_MEMORY',
      what: 'there is not enough memory to decode the file',
      remedy: 'Cut the file into pieces',
    }
  const what = error instanceof Error ? error.message : String(error)
  return {
    code: 'ERR_AUDIO_DECODE',
    what: `the decoder gave up: ${what}`,
    remedy: 'Fetch the file again, or repair it (ffmpeg -i IN OUT.wav)',
  }
}

/** Hands the channels over without a copy. */
function transferred(pcm: Pcm): DecodeReply {
  const reply: DecodeReply = { pcm }
  const buffers = pcm.channels.map((channel) => channel.buffer)
  return move({ [transferableSymbol]: buffers, [valueSymbol]: reply } as never) as never
}

export default async function decodeInWorker(task: DecodeTask): Promise<DecodeReply> {
  noise = 0
  try {
    return transferred(await decodeBytes(task))
  } catch (error) {
    return { failure: toFailure(error) }
  }
}
