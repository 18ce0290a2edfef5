// npm test: by themselves those that watch the clock or the process (*.alone.test.ts), which a neighbour would disturb, and
// first, since a shared machine that has been busy for minutes may be slowed down; then all others, two files at a time,
// which share the processors: threads of two pools that wait for each other's processors cost a third of the time.
// Further arguments go to mocha. The last line has the totals.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'

const files = readdirSync('test').filter((name) => name.endsWith('.test.ts'))
const isAlone = (name) => name.endsWith('.alone.test.ts')
/** From the last stage to the first: whole commands take longest, and the small ones at the end fill both lanes. */
const filesOf = (isWanted) =>
  files
    .filter(isWanted)
    .sort()
    .reverse()
    .map((name) => `test/${name}`)
const JOBS = 2
const totals = { passed: 0, failed: 0, skipped: 0 }

/** The reporter's closing line is added up instead of shown. @returns whether mocha ended well */
function mocha(environment, ...args) {
  const child = spawn(
    process.execPath,
    ['node_modules/mocha/bin/mocha.js', ...args, ...process.argv.slice(2)],
    {
      stdio: ['inherit', 'pipe', 'inherit'],
      env: { ...environment, ...process.env },
    },
  )
  createInterface({ input: child.stdout }).on('line', (line) => {
    const counts = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line)
    if (!counts) return process.stdout.write(`${line}\n`)
    for (const [i, name] of Object.keys(totals).entries()) totals[name] += Number(counts[i + 1] ?? 0)
  })
  return new Promise((resolve) => child.on('close', (code) => resolve(code === 0)))
}

const share = `${Math.ceil(availableParallelism() / JOBS)}`
const alone = await mocha({}, ...filesOf(isAlone))
const parallel = ['--parallel', '--jobs', `${JOBS}`]
const together = await mocha({ CLMR_THREADS: share }, ...parallel, ...filesOf((name) => !isAlone(name)))
const { passed, failed, skipped } = totals
process.stdout.write(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`)
process.exitCode = together && alone ? 0 : 1
