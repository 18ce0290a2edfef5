import { setImmediate } from 'node:timers/promises'

const TURN_MS = 5

/** For long work on the caller's thread: every few milliseconds the event loop has its turn. */
export class Turns {
  #since = performance.now()

  get isDue(): boolean {
    return performance.now() - this.#since > TURN_MS
  }

  async give(): Promise<void> {
    await setImmediate()
    this.#since = performance.now()
  }
}
