/**
 * The entry of a decoding thread. Nothing but plain data crosses: one file in; its channels at once, or run by run over
 * a port; or a refusal.
 */
import { once } from 'node:events'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { FileBytes } from './bytes.js'
import { decodeBytes, decodeRuns } from './decoders.js'
import { DecodeRefusal, unknownFormat } from './failure.js'
import { sniff } from './sniff.js'
import type { DecodeFailure, DecodeReply, DecodeTask, Pcm, StreamMessage, StreamTask } from './types.js'

/** What the decoders would print for a damaged file. Past this many lines a decoder is going round in circles. */
const MAX_NOISE = 1000
let noise = 0
const hush = () => {
  if (++noise > MAX_NOISE) throw new Error('too many errors')
}
console.error = hush
console.warn = hush
console.log = hush

/** Runs that may be on their way: one is worked on while the next one is decoded. */
const MAX_AHEAD = 2

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

/** Sends run after run, never more than MAX_AHEAD that have not been answered. */
async function sendRuns({ fd, length, port }: StreamTask): Promise<StreamMessage> {
  const bytes = new FileBytes(fd, length)
  const kind = sniff(bytes)
  if (!kind) throw unknownFormat(bytes.subarray(0, 256))
  if ('ffmpeg' in kind) return { foreign: kind }
  const decoding = decodeRuns(kind.own, bytes)
  let ahead = 0
  port.on('message', () => ahead--)
  for (;;) {
    while (ahead >= MAX_AHEAD) await once(port, 'message')
    const { done, value } = await decoding.next()
    if (done) return { warnings: value }
    ahead++
    const channels = value.channels.map((channel) => channel.slice())
    const message: StreamMessage = { run: { channels, sampleRate: value.sampleRate } }
    port.postMessage(
      message,
      channels.map((channel) => channel.buffer),
    )
  }
}

async function stream(task: StreamTask): Promise<void> {
  try {
    task.port.postMessage(await sendRuns(task))
  } catch (error) {
    const message: StreamMessage = { failure: toFailure(error) }
    task.port.postMessage(message)
  } finally {
    task.port.close()
  }
}

export default async function decodeInWorker(
  task: DecodeTask | StreamTask,
): Promise<DecodeReply | undefined> {
  noise = 0
  if ('port' in task) {
    await stream(task)
    return undefined
  }
  try {
    return transferred(await decodeBytes(task))
  } catch (error) {
    return { failure: toFailure(error) }
  }
}
