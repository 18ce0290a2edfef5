/** The thread's side of a `DecodeThread`: one task after the other. */
import { parentPort, workerData } from 'node:worker_threads'

/** Where a thread says what it is doing, in memory that both sides see: the main thread may wait for it without an event loop. */
export const STATE = 0
export const STARTING = 0
export const FREE = 1
export const BUSY = 2
/** Where it is told to stop its task. */
export const STOP = 1

/** Sent to a thread that is to end once it is free. */
export const END = 'end'

/**
 * Serves for as long as the thread lives. `work` asks `stopped` between two pieces of work, and comes to an end soon after
 * it is true. What `work` throws ends the thread.
 */
export function serveTasks<T>(work: (task: T, stopped: () => boolean) => Promise<void>): void {
  const shared = new Int32Array((workerData as { shared: SharedArrayBuffer }).shared)
  const port = parentPort!
  const free = () => {
    Atomics.store(shared, STATE, FREE)
    Atomics.notify(shared, STATE)
    port.postMessage('free')
  }
  port.on('message', async (task: T | typeof END) => {
    if (task === END) return port.close()
    await work(task as T, () => Atomics.load(shared, STOP) === 1)
    free()
  })
  free()
}
