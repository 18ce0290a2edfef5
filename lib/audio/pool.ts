/**
 * Decoding threads. A file that hangs a decoder costs its thread and nothing else: the thread is ended and the
 * file refused. The pool is made at its first use and does not keep the process alive.
 */
import { clearTimeout, setTimeout } from 'node:timers'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { onAbort } from '../abort.js'
import { grantedThreads } from '../native/granted-threads.js'
import { DecodeThread } from './decode-thread.js'
import type { AudioFile, DecodeFailure, DecodeMessage, MonoRun, Wanted } from './types.js'

export interface PoolOptions {
  /** Module that serves each DecodeTask: see serve-tasks.ts. */
  worker: URL
  threads: number
  /** Time that a file may take: a base, plus a second for each so many bytes. */
  baseMilliseconds: number
  bytesPerSecond: number
}

const DEFAULTS: PoolOptions = {
  worker: new URL('./decode-worker.js', import.meta.url),
  threads: Math.min(grantedThreads(), 8),
  baseMilliseconds: 30_000,
  bytesPerSecond: 500_000,
}

/** A thread that has had nothing to do for so long is ended. */
const IDLE_MILLISECONDS = 10_000
/** One who leaves in the middle waits so long for the thread, which may still read the file; then it is let go. */
const LEAVE_MILLISECONDS = 150

const OUT_OF_TIME: DecodeFailure = {
  code: 'ERR_AUDIO_DECODE',
  what: 'the decoder did not come to an end',
  remedy: 'Convert it with ffmpeg: ffmpeg -i IN OUT.wav',
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
  return { code: 'ERR_AUDIO_DECODE', what, remedy: 'Convert it with ffmpeg: ffmpeg -i IN OUT.wav' }
}

/** The messages of a port, one after the other; undefined for a call of `wake`. */
class Inbox {
  readonly #arrived: (DecodeMessage | undefined)[] = []
  #waiting: ((message: DecodeMessage | undefined) => void) | undefined

  constructor(port: MessagePort) {
    port.on('message', (message: DecodeMessage) => this.put(message))
  }

  put(message: DecodeMessage | undefined): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) waiting(message)
    else this.#arrived.push(message)
  }

  wake(): void {
    this.put(undefined)
  }

  next(): Promise<DecodeMessage | undefined> {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift())
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}

/** How a file ended: the last message of its thread. */
export type StreamEnd = Exclude<DecodeMessage, { run: MonoRun }>

/** Resolves after `promise`, or after a while. */
async function atMost(milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}

export class DecodePool {
  private readonly options: PoolOptions
  private readonly idle = new Map<DecodeThread, NodeJS.Timeout>()
  /** Threads that may still be started or taken. */
  private free: number
  private readonly waiting: (() => void)[] = []
  private closed = false

  constructor(options: Partial<PoolOptions> = {}) {
    this.options = { ...DEFAULTS, ...options }
    this.free = this.options.threads
  }

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

  /** Gives the place back, and the thread where it lives. */
  private leave(thread?: DecodeThread): void {
    if (thread && !thread.ended) {
      if (this.closed) thread.retire()
      else this.idle.set(thread, setTimeout(() => this.retire(thread), IDLE_MILLISECONDS).unref())
    }
    const next = this.waiting.shift()
    if (next) next()
    else this.free++
  }

  private retire(thread: DecodeThread): void {
    clearTimeout(this.idle.get(thread))
    this.idle.delete(thread)
    thread.retire()
  }

  /** A thread that can take a task. Whoever has it calls `leave`. */
  private async take(signal?: AbortSignal): Promise<DecodeThread> {
    await this.enter(signal)
    for (const [thread, timer] of this.idle) {
      clearTimeout(timer)
      this.idle.delete(thread)
      if (!thread.ended) return thread
    }
    let thread: DecodeThread
    try {
      thread = new DecodeThread(this.options.worker)
    } catch (error) {
      this.leave()
      throw error
    }
    return this.untilStarted(thread, signal)
  }

  /** One who is aborted does not wait; the thread goes on starting, for the next one. */
  private untilStarted(thread: DecodeThread, signal?: AbortSignal): Promise<DecodeThread> {
    return new Promise((resolve, reject) => {
      let left = false
      const ignore = onAbort(signal, () => {
        left = true
        reject(signal!.reason)
      })
      thread.started.then(
        () => {
          ignore()
          if (left) this.leave(thread)
          else resolve(thread)
        },
        (error) => {
          ignore()
          this.leave()
          reject(error)
        },
      )
    })
  }

  private limit(bytes: number): number {
    return this.options.baseMilliseconds + (bytes / this.options.bytesPerSecond) * 1000
  }

  /**
   * Decodes a file run by run, at most two of them ahead of the consumer. The time limit holds for each run and does not
   * go on while the consumer is busy. Leaving early stops the thread.
   * @throws the signal's reason; ClmrError ERR_THREAD if no thread can be had
   */
  async *stream(
    file: AudioFile,
    signal?: AbortSignal,
    wanted: Wanted = {},
  ): AsyncGenerator<MonoRun, StreamEnd, void> {
    const length = 'bytes' in file ? file.bytes.length : file.length
    const thread = await this.take(signal)
    const { port1, port2 } = new MessageChannel()
    const inbox = new Inbox(port1)
    let outOfTime = false
    const ended = thread
      .run({ ...wanted, file, port: port2 }, [port2])
      .catch((error) => inbox.put({ failure: failureOf(error, outOfTime) }))
      .finally(() => this.leave(thread))
    const ignore = onAbort(signal, () => inbox.wake())
    let end: StreamEnd | undefined
    try {
      while (!end) {
        const timer = setTimeout(() => {
          outOfTime = true
          thread.terminate()
        }, this.limit(length))
        const message = await inbox.next().finally(() => clearTimeout(timer))
        signal?.throwIfAborted()
        if (!message) continue
        if ('run' in message) {
          yield message.run
          const { buffer } = message.run.samples
          port1.postMessage(buffer, [buffer as ArrayBuffer])
        } else end = message
      }
      return end
    } finally {
      ignore()
      if (!end) thread.stop()
      port1.postMessage('stop') // wakes a thread that waits for an answer
      await atMost(LEAVE_MILLISECONDS, ended)
      port1.close()
    }
  }

  /** Ends the threads that are free now, and the others when they are. */
  async close(): Promise<void> {
    this.closed = true
    for (const thread of [...this.idle.keys()]) this.retire(thread)
  }
}

let shared: DecodePool | undefined

/** The pool of this thread, made at the first call. */
export function decodePool(): DecodePool {
  shared ??= new DecodePool()
  return shared
}
