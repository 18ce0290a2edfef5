/**
 * A decoding thread, from its start to its end. A thread that is ended while it starts, or while V8 compiles for it, can
 * take the whole process with it (Node 20: SIGABRT within some hundred ends). So a thread is told to stop, which it does
 * at its next feed, and to end when it has nothing to do; it is terminated only when it does not listen.
 */
import { clearTimeout, setTimeout } from 'node:timers'
import { type TransferListItem, Worker } from 'node:worker_threads'
import { ClmrError } from '../errors.js'
import { checkWorkingDirectory } from '../files/working-directory.js'
import { BUSY, END, FREE, STATE, STOP } from './serve-tasks.js'

/** JavaScript heap of a thread; samples lie outside of it. A decoder that fills it ends its thread. */
const HEAP_MEGABYTES = 512
/** A thread that has not started after so long never will. */
const START_MILLISECONDS = 60_000
/** A thread that was told to stop and has not done so is terminated. */
const STOP_MILLISECONDS = 2000
/** A process that ends waits for its threads, but not longer than so for all of them. */
const EXIT_MILLISECONDS = 2000

function cannotStart(cause: unknown): ClmrError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ERR_ACCESS_DENIED')
    return new ClmrError('ERR_THREAD', {
      what: "Node's permission model blocks the threads that decode audio",
      given: message,
      remedy:
        'Start node with --allow-worker, and with --allow-fs-read for the folders of clmr and of the audio',
      cause,
    })
  return new ClmrError('ERR_THREAD', {
    what: `a thread to decode audio cannot start: ${message}`,
    remedy:
      'Where threads or memory are short, allow more (ulimit -u, pids.max and memory.max of the control group)',
    cause,
  })
}

const alive = new Set<DecodeThread>()
let watching = false

/** A process that ends terminates its threads as well: first they finish starting, or stop. */
function watchExit(): void {
  if (watching) return
  watching = true
  process.on('exit', () => {
    const deadline = performance.now() + EXIT_MILLISECONDS
    for (const thread of alive) thread.stop()
    for (const thread of alive) thread.waitUntilFree(deadline)
  })
}

interface Waiting {
  resolve: () => void
  reject: (error: unknown) => void
}

export class DecodeThread {
  readonly #worker: Worker
  readonly #shared = new Int32Array(new SharedArrayBuffer(8))
  #waiting: Waiting | undefined
  #ended = false
  #stopTimer: NodeJS.Timeout | undefined
  /** Resolves once the thread can take a task. @throws ClmrError ERR_THREAD */
  readonly started: Promise<void>

  /** @throws ClmrError ERR_THREAD */
  constructor(module: URL) {
    checkWorkingDirectory()
    try {
      this.#worker = new Worker(module, {
        workerData: { shared: this.#shared.buffer },
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
      })
    } catch (error) {
      throw cannotStart(error)
    }
    const timer = setTimeout(() => {
      this.#end(new Error(`it has not begun within ${START_MILLISECONDS / 1000} s`))
      this.terminate()
    }, START_MILLISECONDS)
    this.started = this.#untilFree()
      .catch((error) => {
        throw cannotStart(error)
      })
      .finally(() => clearTimeout(timer))
    this.#worker.on('message', () => this.#free())
    this.#worker.on('error', (error) => this.#end(error))
    this.#worker.on('exit', (code) => this.#end(new Error(`exit code ${code}`)))
    alive.add(this)
    watchExit()
  }

  get ended(): boolean {
    return this.#ended
  }

  #untilFree(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  #free(): void {
    this.#calm()
    this.#worker.unref()
    this.#waiting?.resolve()
    this.#waiting = undefined
  }

  #calm(): void {
    clearTimeout(this.#stopTimer)
    this.#stopTimer = undefined
  }

  #end(error: unknown): void {
    this.#calm()
    this.#ended = true
    alive.delete(this)
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }

  /** Resolves when the thread is free again; rejects with what ended the thread. One task at a time. */
  run(task: unknown, transferList: TransferListItem[]): Promise<void> {
    Atomics.store(this.#shared, STOP, 0)
    Atomics.store(this.#shared, STATE, BUSY)
    this.#worker.ref()
    this.#worker.postMessage(task, transferList)
    return this.#untilFree()
  }

  /** The task is to end at its next feed. */
  stop(): void {
    Atomics.store(this.#shared, STOP, 1)
    this.#stopTimer ??= setTimeout(() => this.terminate(), STOP_MILLISECONDS)
  }

  /** Ends a thread that is free. */
  retire(): void {
    this.#ended = true
    this.#worker.postMessage(END)
  }

  /** For a thread that does not listen. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  /** Blocks until the thread is neither starting nor busy, or `deadline` (of performance.now) has come. */
  waitUntilFree(deadline: number): void {
    for (;;) {
      const state = Atomics.load(this.#shared, STATE)
      const left = deadline - performance.now()
      if (state === FREE || left <= 0) return
      Atomics.wait(this.#shared, STATE, state, left)
    }
  }
}
