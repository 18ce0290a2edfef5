/** What the environment variables of clmr may hold. The native part looks at those of its kernels itself. */
import { ConfigError } from '../errors.js'
import { MAX_THREADS } from './granted-threads.js'

interface Values {
  accepts: (text: string) => boolean
  expected: string
}

const SWITCH: Values = { accepts: (text) => /^[01]$/.test(text), expected: "'0' or '1'" }

const VARIABLES: Record<string, Values> = {
  CLMR_THREADS: {
    accepts: (text) => /^[1-9]\d*$/.test(text) && Number(text) <= MAX_THREADS,
    expected: `a number of threads from 1 to ${MAX_THREADS}`,
  },
  CLMR_WORKSPACE_MB: { accepts: (text) => /^\d+$/.test(text), expected: 'a whole number of megabytes' },
  CLMR_LIBTORCH_VERSION: { accepts: (text) => text === 'any', expected: "'any', or nothing" },
  CLMR_CUDA: SWITCH,
  CLMR_COPY_RESULTS: SWITCH,
  CLMR_DEBUG: SWITCH,
  CLMR_OFFLINE: SWITCH,
}

/**
 * An empty variable is as good as none.
 * @throws ConfigError for the first one that holds something unknown
 */
export function checkEnvironment(environment = process.env): void {
  for (const [name, { accepts, expected }] of Object.entries(VARIABLES)) {
    const given = environment[name]
    if (given && !accepts(given))
      throw new ConfigError({
        what: `the environment variable ${name} holds an unknown value`,
        given: `'${given}'`,
        expected,
        remedy: 'Unset it',
      })
  }
}
