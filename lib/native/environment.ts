/** What the environment variables of clmr may hold. The native part looks at those of its kernels itself. */
import { ConfigError } from '../errors.js'

interface Values {
  pattern: RegExp
  expected: string
}

const SWITCH: Values = { pattern: /^[01]$/, expected: "'0' or '1'" }

const VARIABLES: Record<string, Values> = {
  CLMR_THREADS: { pattern: /^[1-9]\d*$/, expected: 'a number of threads from 1 on' },
  CLMR_WORKSPACE_MB: { pattern: /^\d+$/, expected: 'a whole number of megabytes' },
  CLMR_CUDA: SWITCH,
  CLMR_COPY_RESULTS: SWITCH,
  CLMR_DEBUG: SWITCH,
}

/**
 * An empty variable is as good as none.
 * @throws ConfigError for the first one that holds something unknown
 */
export function checkEnvironment(environment = process.env): void {
  for (const [name, { pattern, expected }] of Object.entries(VARIABLES)) {
    const given = environment[name]
    if (given && !pattern.test(given))
      throw new ConfigError({
        what: `the environment variable ${name} holds an unknown value`,
        given: `'${given}'`,
        expected,
        remedy: 'Correct it, or unset it',
      })
  }
}
