/** What Ctrl-C, `kill` and a closed terminal do to a command. */
import { constants } from 'node:os'
import { Interrupted } from './failure.js'
import { tell } from './streams.js'

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const
export type StopSignal = (typeof SIGNALS)[number]

/** Package runners pass a Ctrl-C on, and a closing terminal sends several signals: within this time they are one. */
const ONE_WISH_MS = 1000

let interrupted: Interrupted | undefined

/** The first signal that asked this process to stop. */
export function interruptedBy(): Interrupted | undefined {
  return interrupted
}

export const exitCodeOf = (name: StopSignal): number => 128 + constants.signals[name]

/** The first signal asks the work to stop; one that comes a second later or more ends the process at once. */
export function watchSignals(quiet: boolean): AbortSignal {
  const controller = new AbortController()
  let first = 0
  for (const name of SIGNALS)
    process.on(name, () => {
      if (interrupted && performance.now() - first < ONE_WISH_MS) return
      if (interrupted) process.exit(exitCodeOf(name))
      first = performance.now()
      interrupted = new Interrupted(name, exitCodeOf(name))
      if (!quiet) tell('\nstopping; Ctrl-C once more ends at once\n')
      controller.abort(interrupted)
    })
  return controller.signal
}
