// npm run test:reliability: what takes long because it repeats: memory over thousands of calls, ten hours of sound, races.
// Further arguments go to mocha.
//   --short   fewer rounds, and without *.long.test.ts: the part that .ci/run has time for
import { spawnSync } from 'node:child_process'

const given = process.argv.slice(2)
const short = given.includes('--short')
const args = [
  'node_modules/mocha/bin/mocha.js',
  ...(short ? ['--ignore', 'test/reliability/*.long.test.ts'] : []),
  'test/reliability/*.test.ts',
  ...given.filter((argument) => argument !== '--short'),
]
const env = { ...process.env, CLMR_TEST_ROUNDS: short ? 'short' : 'long' }
process.exit(spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1)
