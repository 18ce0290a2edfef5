/**
 * Decoding threads. A file that hangs a decoder costs its thread and nothing else: the thread is ended and the
 * file refused. The pool is made at its first use and does not keep the process alive.
 */
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import type { DecodeReply, DecodeTask } from './types.js'

export interface PoolOptions {
  /** Module whose default export takes a DecodeTask and gives a DecodeReply. */
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

const OUT_OF_TIME: DecodeReply = {
  failure: {
    code: 'ERR_AUDIO_DECODE',
    what: 'the decoder did not come to an end',
    remedy: 'Fetch the file again, or convert it with ffmpeg',
  },
}
const OUT_OF_MEMORY: DecodeReply = {
  failure: {
    code: 'ERR_MEMORY',
    what: 'decoding the file takes too much memory',
    remedy: 'Cut the file into pieces',
  },
}

export class DecodePool {
  private readonly options: PoolOptions
  private readonly piscina: Piscina<DecodeTask, DecodeReply>
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
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(turn), 1)
        reject(signal!.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.waiting.push(turn)
    })
  }

  private leave(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.free++
  }

  /** `transfer`: the bytes are given away to the thread; otherwise they are copied. Rejects only when aborted. */
  async run(task: DecodeTask, transfer: boolean, signal?: AbortSignal): Promise<DecodeReply> {
    await this.enter(signal)
    const limit = this.options.baseMilliseconds + (task.bytes.length / this.options.bytesPerSecond) * 1000
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), limit)
    const abort = () => stop.abort()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const transferList = transfer ? [task.bytes.buffer as ArrayBuffer] : []
      return await this.piscina.run(task, { signal: stop.signal, transferList })
    } catch (error) {
      signal?.throwIfAborted()
      if (stop.signal.aborted) return OUT_OF_TIME
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') return OUT_OF_MEMORY
      const what = `the decoding thread ended: ${error instanceof Error ? error.message : String(error)}`
      return {
        failure: {
          code: 'ERR_AUDIO_DECODE',
          what,
          remedy: 'Fetch the file again, or convert it with ffmpeg',
        },
      }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
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
