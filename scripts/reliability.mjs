// npm run test:reliability: every check of test/reliability/, and each once more on a clmr in which the promise is broken
// on purpose (test/reliability/faults.mjs), which it has to notice for the reason that the fault names. At most an hour.
//   --short       fewer rounds, two at a time, a minute and a half: the part that .ci/run has time for
//   --full        the sizes of a release: hours
//   --seed n      of all that is drawn
//   --only A5,A7  some of the checks; --write keeps the rows of the others
//   --write       docs/reliability.md from what came out
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CHECKS } from '../test/reliability/checks.ts'
import { FAULTS, plantedEnvironment } from '../test/reliability/faults.mjs'

const FOLDER = 'test/reliability'
const DOCUMENT = 'docs/reliability.md'
const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})

/** a05.pickles.ts → A5 */
const idOf = (file) => `A${Number(/^a(\d+)/.exec(file)[1])}`
const wanted = values.only?.split(',')
const files = readdirSync(FOLDER)
  .filter((file) => /^a\d+\..+\.ts$/.test(file))
  .filter((file) => !wanted || wanted.includes(idOf(file)))
  .sort()

const checkOf = (file) =>
  CHECKS[/^await drive\('([\w ]+)'/m.exec(readFileSync(join(FOLDER, file), 'utf8'))[1]]

/** @returns what the check printed, and how it ended: 0 the promise held, 1 it did not, anything else: the check broke */
function run(file, flags, env) {
  const args = ['--import', 'tsx', join(FOLDER, file), '--seed', values.seed, ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const line = stdout.trim().split('\n').at(-1)
      try {
        resolve({ code, ...JSON.parse(line) })
      } catch {
        resolve({ code: code || 2, id: idOf(file), pass: false, failures: [`it printed no result: ${line}`] })
      }
    })
  })
}

const size = values.short ? ['--short'] : values.full ? ['--full'] : []
const rows = []

/** The check with a fault in its environment, so that it need not start itself again. The smallest form has to see it. */
async function plant(file, fault, env) {
  const result = await run(file, ['--short'], { ...plantedEnvironment(fault), ...env })
  const { caught = false, loaded = false, failures = [] } = result
  const why = loaded ? `it reported: ${failures}` : 'the module with the fault was not loaded'
  return { breaks: FAULTS[fault].breaks, caught, missed: caught ? [] : [`${fault}: ${why}`] }
}

/** The check, and then the check that has to fail, once for each of its faults. */
async function judge(file, env) {
  const result = await run(file, size, { ...process.env, ...env })
  const plants = []
  for (const fault of checkOf(file).faults) plants.push(await plant(file, fault, env))
  const caught = plants.every((one) => one.caught)
  rows.push({ file, ...result, caught, plant: plants.map(({ breaks }) => breaks).join('; ') })
  const mark = result.code === 0 ? 'ok' : 'FAILED'
  const seconds = Math.round(result.seconds ?? 0)
  const faults = caught ? 'caught' : 'NOT CAUGHT'
  process.stdout.write(`${result.id.padEnd(12)} ${mark.padEnd(7)} ${seconds} s  fault ${faults}\n`)
  for (const reason of [...(result.failures ?? []), ...plants.flatMap(({ missed }) => missed)])
    process.stdout.write(`             ${reason}\n`)
}

/** What measures time has the machine for itself. */
const isAlone = (file) => !values.short || /latency/.test(file)
for (const file of files.filter(isAlone)) await judge(file, {})
/** The longest ones first, so that no lane is left with one at the end. */
const limitOf = (file) => checkOf(file).limits?.[0] ?? 0
const others = files.filter((file) => !isAlone(file)).sort((a, b) => limitOf(b) - limitOf(a))
const inTurn = async () => {
  for (let file = others.shift(); file; file = others.shift()) await judge(file, { CLMR_THREADS: '1' })
}
await Promise.all([inTurn(), inTurn()])

/** lossBytesPerCall → loss bytes per call */
const inWords = (name) =>
  name.replace(/MiB|[A-Z]+/g, (capitals) => ` ${capitals.length > 1 ? capitals : capitals.toLowerCase()}`)

const figuresOf = ({ figures = {} }) =>
  Object.entries(figures)
    .map(([name, value]) => `${inWords(name)} ${value}`)
    .join(', ')

/** Text for a cell of a table. */
const cell = (text) =>
  String(text ?? '')
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')

const line = (cells) => `| ${cells.map(cell).join(' | ')} |`
const HEAD = ['check', 'promise', 'command', 'figures', 'seconds', 'pass', 'planted fault', 'caught']

/** Rows of checks that did not run this time stay as they are. */
function table(before) {
  const now = rows.map((row) =>
    line([
      row.id,
      row.promise,
      `\`npx tsx ${join(FOLDER, row.file)}${size.map((flag) => ` ${flag}`).join('')}\``,
      figuresOf(row),
      Math.round(row.seconds ?? 0),
      row.pass ? 'yes' : 'NO',
      row.plant,
      row.caught ? 'yes' : 'NO',
    ]),
  )
  const idIn = (text) => text.split(' | ')[0].slice(2)
  const all = new Map([...before, ...now].map((text) => [idIn(text), text]))
  const order = ([a], [b]) =>
    Number.parseInt(a.slice(1), 10) - Number.parseInt(b.slice(1), 10) || (a < b ? -1 : 1)
  return [line(HEAD), line(HEAD.map(() => '---')), ...[...all].sort(order).map(([, text]) => text)].join('\n')
}

function write() {
  const old = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8').split('\n') : []
  const text = `# Reliability

What clmr promises (see SECURITY.md), how each promise is tested, and the results. This page is written by
\`npm run test:reliability -- --write\`. Each check also runs by itself. \`--short\` is part of every change, \`--full\` has the sizes
for a release, and \`--seed n\` draws other inputs. Each check runs once more with its promise broken on purpose (\`--plant\`),
because a check that has never failed proves nothing; a fault counts as caught only if the module that holds it was loaded
and the check reported what the fault does. No failure in n tries bounds the failure rate at about 3/n (95 %).

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${process.platform}-${process.arch}, ${cpus().length} CPUs, seed ${values.seed}.

${table(old.filter((text) => /^\| A\d/.test(text)))}

Not covered yet: A19, and A11 with two ranks. Both need training on several processes.
`
  writeFileSync(DOCUMENT, text)
}

const failed = rows.filter(({ pass, caught }) => !pass || !caught)
process.stdout.write(`${rows.length - failed.length} passed, ${failed.length} failed\n`)
if (values.write) write()
process.exitCode = failed.length === 0 && rows.length > 0 ? 0 : 1
