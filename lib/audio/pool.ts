/**
 * Decoding threads. A file that hangs a decoder costs its thread and nothing else: the thread is ended and the
 * file refused. The pool is made at its first use and does not keep the process alive.
 */
import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { onAbort } from '../abort.js'
import type { AudioFile, DecodeFailure, DecodeMessage, DecodeTask, PcmRun } from './types.js'

export interface PoolOptions {
  /** Module whose default export takes a DecodeTask. */
  worker: URL
  threads: number
  /** Time that a file may take: a base, plus a second for each so many bytes. */
  baseMilliseconds: number
  bytesPerSecond: number
}

const DEFAULTS: PoolOptions = {
  worker: new URL('./decode-worker.js', import.meta.url),
  threads: Math.min(availableParallelism(), 8),
  baseMilliseconds: 30_000,
  bytesPerSecond: 500_000,
}

/** JavaScript heap of a thread; samples lie outside of it. A decoder that fills it ends its thread. */
const HEAP_MEGABYTES = 512
/** A thread that has had nothing to do for so long is ended. */
const IDLE_MILLISECONDS = 10_000

const OUT_OF_TIME: DecodeFailure = {
  code: 'ERR_AUDIO_DECODE',
  what: 'the decoder did not come to an end',
  remedy: 'Fetch the file again, or convert it with ffmpeg',
}
const OUT_OF_MEMORY: DecodeFailure = {
  code: 'ERR_MEMORY',
  what: 'decoding the file takes too much memory',
  remedy: 'Cut the file into pieces',
}

/** Why a thread came to no answer of its own. */
function failureOf(error: unknown, outOfTime: boolean): DecodeFailure {
  if (outOfTime) return OUT_OF_TIME
  if ((error as NodeJS.ErrnoException)?.code === 'ERR_WORKER_OUT_OF_MEMORY') return OUT_OF_MEMORY
  const what = `the decoding thread ended: ${error instanceof Error ? error.message : String(error)}`
  return { code: 'ERR_AUDIO_DECODE', what, remedy: 'Fetch the file again, or convert it with ffmpeg' }
}

/** The messages of a port, one after the other. */
class Inbox {
  readonly #arrived: DecodeMessage[] = []
  #waiting: ((message: DecodeMessage) => void) | undefined

  constructor(port: MessagePort) {
    port.on('message', (message: DecodeMessage) => this.put(message))
  }

  put(message: DecodeMessage): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) waiting(message)
    else this.#arrived.push(message)
  }

  next(): Promise<DecodeMessage> {
    const message = this.#arrived.shift()
    if (message) return Promise.resolve(message)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}

/** How a file ended: the last message of its thread. */
export type StreamEnd = Exclude<DecodeMessage, { run: PcmRun }>

export class DecodePool {
  private readonly options: PoolOptions
  private readonly piscina: Piscina<DecodeTask, void>
  private free: number
  private readonly waiting: (() => void)[] = []

  constructor(options: Partial<PoolOptions> = {}) {
    this.options = { ...DEFAULTS, ...options }
    this.free = this.options.threads
    this.piscina = new Piscina({
      filename: this.options.worker.href,
      minThreads: 0,
      maxThreads: this.options.threads,
      idleTimeout: IDLE_MILLISECONDS,
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
      env: {},
      execArgv: [],
    })
    // a thread that dies is told of by its task; without a listener the event would end the process
    this.piscina.on('error', () => {})
  }

  /** Tasks wait here and not in piscina, so that the time of a task starts when it runs. */
  private async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (this.free > 0) {
      this.free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        ignore()
        resolve()
      }
      const ignore = onAbort(signal, () => {
        this.waiting.splice(this.waiting.indexOf(turn), 1)
        reject(signal!.reason)
      })
      this.waiting.push(turn)
    })
  }

  private leave(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.free++
  }

  private limit(bytes: number): number {
    return this.options.baseMilliseconds + (bytes / this.options.bytesPerSecond) * 1000
  }

  /**
   * Decodes a file run by run, at most two of them ahead of the consumer. The time limit holds for each run and does not
   * go on while the consumer is busy. Throws only when aborted; leaving early ends the thread.
   */
  async *stream(file: AudioFile, signal?: AbortSignal): AsyncGenerator<PcmRun, StreamEnd, void> {
    const length = 'bytes' in file ? file.bytes.length : file.length
    await this.enter(signal)
    const { port1, port2 } = new MessageChannel()
    const inbox = new Inbox(port1)
    const stop = new AbortController()
    let outOfTime = false
    const ignore = onAbort(signal, () => stop.abort())
    const ended = this.piscina
      .run({ file, port: port2 }, { signal: stop.signal, transferList: [port2] })
      .catch((error) => inbox.put({ failure: failureOf(error, outOfTime) }))
    let end: StreamEnd | undefined
    try {
      while (!end) {
        const timer = setTimeout(() => {
          outOfTime = true
          stop.abort()
        }, this.limit(length))
        const message = await inbox.next().finally(() => clearTimeout(timer))
        signal?.throwIfAborted()
        if ('run' in message) {
          yield message.run
          port1.postMessage('next')
        } else end = message
      }
      return end
    } finally {
      ignore()
      if (!end) stop.abort()
      await ended
      port1.close()
      this.leave()
    }
  }

  close(): Promise<void> {
    return this.piscina.destroy()
  }
}

let shared: DecodePool | undefined

/** The pool of this thread, made at the first call. */
export function decodePool(): DecodePool {
  shared ??= new DecodePool()
  return shared
}
