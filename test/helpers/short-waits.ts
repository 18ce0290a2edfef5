import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

const SHARE = 1 / 50

/** In a suite: the pauses that code takes with `node:timers/promises`, such as those of a download, are a fiftieth of theirs. */
export function shortenWaits(): void {
  const { setTimeout } = timers
  const use = (wait: typeof setTimeout) => {
    timers.setTimeout = wait
    syncBuiltinESMExports()
  }
  before(() => use((milliseconds = 1, ...rest) => setTimeout(milliseconds * SHARE, ...rest)))
  after(() => use(setTimeout))
}
