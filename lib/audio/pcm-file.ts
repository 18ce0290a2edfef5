/** A file whose samples are not compressed, read where they are wanted. */
import { type FileInput, nameOf } from '../files/source.js'
import { located, toError } from './located.js'
import { partOf, readForm } from './pcm-form.js'
import { decodePool } from './pool.js'
import { periodsOf, ResampleStream } from './resample-stream.js'
import { openSource } from './source.js'
import type { AudioFile, MonoRun, PcmForm } from './types.js'

interface Opened {
  file: AudioFile
  close(): Promise<void>
}

async function open(input: FileInput): Promise<Opened> {
  if (typeof input !== 'string') return { file: input, close: async () => {} }
  const { handle, stat } = await openSource(input)
  return { file: { fd: handle.fd, length: stat.size }, close: () => handle.close() }
}

/** A header is read by a thread, as a whole file is: a disk that does not answer holds up nobody else. */
async function formOf(file: AudioFile, signal?: AbortSignal): Promise<PcmForm | undefined> {
  if ('bytes' in file) return readForm(file.bytes)
  const reading = decodePool().stream(file, signal, { formOnly: true })
  const { value } = await reading.next()
  return value && 'end' in value ? value.end.form : undefined
}

export class PcmFile {
  readonly warnings: string[]
  /** samples at the rate that was asked for */
  readonly length: number

  private constructor(
    private readonly opened: Opened,
    private readonly form: PcmForm,
    private readonly sampleRate: number,
    private readonly name: string | undefined,
  ) {
    const { frames, sampleRate: rate } = form.layout
    this.warnings = form.warnings
    this.length = Math.ceil((frames * sampleRate) / rate)
  }

  /** @returns undefined if the samples are compressed, or something is wrong with the file: decode it as a whole then */
  static async open(
    input: FileInput,
    sampleRate: number,
    signal?: AbortSignal,
  ): Promise<PcmFile | undefined> {
    const opened = await open(input)
    try {
      const form = await formOf(opened.file, signal)
      if (form) return new PcmFile(opened, form, sampleRate, nameOf(input))
      await opened.close()
      return undefined
    } catch (error) {
      await opened.close()
      throw error
    }
  }

  /**
   * The samples from `from` to `to`, at the rate that was asked for: the bits that the whole file would give there.
   * @throws as `decodeStream`
   */
  async *decode(from: number, to: number, signal?: AbortSignal): AsyncGenerator<Float32Array, void, void> {
    const { layout } = this.form
    const { period, context } = periodsOf(layout.sampleRate, this.sampleRate)
    const samples = (period * this.sampleRate) / layout.sampleRate
    // whole periods, so that a sample lies between the same frames as in the whole file
    const first = Math.max(0, Math.floor(from / samples) * period - context)
    const last = Math.min(layout.frames, Math.ceil(to / samples) * period + context)
    let at = (first / period) * samples
    const resampler = new ResampleStream(this.sampleRate, 'best', signal)
    const cut = function* (piece: Float32Array) {
      const [start, end] = [Math.max(0, from - at), Math.min(piece.length, to - at)]
      at += piece.length
      if (end > start) yield piece.subarray(start, end)
    }
    try {
      for await (const run of this.#runs(first, last, signal))
        for await (const piece of resampler.push(run)) yield* cut(piece)
      for await (const piece of resampler.finish()) yield* cut(piece)
    } catch (error) {
      throw located(error, this.name, signal)
    }
  }

  async *#runs(first: number, last: number, signal?: AbortSignal): AsyncGenerator<MonoRun, void, void> {
    const { file } = this.opened
    const layout = partOf(this.form.layout, first, last)
    const part = 'bytes' in file ? inBytes(file.bytes, layout) : { file, layout }
    const end = yield* decodePool().stream(part.file, signal, { part: { layout: part.layout, first } })
    if ('failure' in end) throw toError(end.failure, this.name)
  }

  async close(): Promise<void> {
    await this.opened.close()
  }
}

/** Of bytes in memory, only those go to the thread that it needs. */
function inBytes(bytes: Uint8Array, layout: PcmForm['layout']) {
  const { dataOffset } = layout
  const end = partOf(layout, layout.frames, layout.frames).dataOffset
  return { file: { bytes: bytes.slice(dataOffset, end) }, layout: { ...layout, dataOffset: 0 } }
}
