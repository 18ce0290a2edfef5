/**
 * The entry of a decoding thread. Nothing but plain data crosses: one file in; the mean of its channels, run by run, over a
 * port; at the end what there is to say about it, or a refusal.
 */
import { once } from 'node:events'
import type { Bytes } from '../formats/bytes.js'
import { FileBytes } from './bytes.js'
import { type Decoding, decodeFrames, decodeRuns } from './decoders.js'
import { DecodeRefusal } from './failure.js'
import { readForm } from './pcm-form.js'
import { serveTasks } from './serve-tasks.js'
import type {
  AudioFile,
  DecodeFailure,
  DecodeMessage,
  DecodeTask,
  DecodingEnd,
  MonoRun,
  PcmRun,
} from './types.js'

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
    remedy: 'Fetch the file again',
  }
}

const bytesOf = (file: AudioFile): Bytes =>
  'bytes' in file ? file.bytes : new FileBytes(file.fd, file.length)

function decodingOf({ file, part }: DecodeTask): Decoding {
  const bytes = bytesOf(file)
  return part ? decodeFrames(bytes, part.layout, part.first) : decodeRuns(bytes)
}

/** Memory of runs that were answered: for this file, and for the next one. */
const spares: ArrayBuffer[] = []

/** The mean of the channels, in spare memory where it is large enough. */
function mixedDown({ channels, sampleRate }: PcmRun): MonoRun {
  const { length, byteLength } = channels[0]!
  const spare = spares.pop()
  const fits = spare !== undefined && spare.byteLength >= byteLength
  const samples = new Float32Array(fits ? spare : new ArrayBuffer(byteLength), 0, length)
  samples.set(channels[0]!)
  for (const channel of channels.slice(1)) for (let i = 0; i < samples.length; i++) samples[i]! += channel[i]!
  const share = Math.fround(1 / channels.length)
  if (channels.length > 1) for (let i = 0; i < samples.length; i++) samples[i]! *= share
  return { samples, channels: channels.length, sampleRate }
}

/** Sends run after run, each to be answered with its memory; never more than MAX_AHEAD that have not been answered; undefined if it was stopped. */
async function sendRuns(task: DecodeTask, stopped: () => boolean): Promise<DecodingEnd | undefined> {
  const { port } = task
  const decoding = decodingOf(task)
  let ahead = 0
  port.on('message', (answer: ArrayBuffer | 'stop') => {
    ahead--
    if (answer !== 'stop' && spares.length < MAX_AHEAD) spares.push(answer)
  })
  for (;;) {
    while (ahead >= MAX_AHEAD && !stopped()) await once(port, 'message')
    if (stopped()) {
      await decoding.return({ format: '', warnings: [] })
      return undefined
    }
    const { done, value } = await decoding.next()
    if (done) return value
    ahead++
    const message: DecodeMessage = { run: mixedDown(value) }
    port.postMessage(message, [message.run.samples.buffer as ArrayBuffer])
  }
}

function formOf({ file }: DecodeTask): DecodingEnd {
  return { format: '', warnings: [], form: readForm(bytesOf(file)) }
}

async function decodeInWorker(task: DecodeTask, stopped: () => boolean): Promise<void> {
  noise = 0
  const end = (message: DecodeMessage) => task.port.postMessage(message)
  try {
    const reached = task.formOnly ? formOf(task) : await sendRuns(task, stopped)
    if (reached) end({ end: reached })
  } catch (error) {
    end({ failure: toFailure(error) })
  } finally {
    task.port.close()
  }
}

serveTasks(decodeInWorker)
