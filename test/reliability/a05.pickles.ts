/** Pickles that would run code, exhaust memory or read what is not theirs: refused, and nothing of them ran. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { goldenPath } from '../helpers/golden.js'
import { drive } from './driver.js'
import { hasProgram } from './programs.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const MAX_SECONDS = 1
const TRIES = 3
const MAX_MIB = 256

interface Conversion {
  code: number | null
  seconds: number
  peakMiB: number
  stderr: string
}

/** Peak memory is told by the process itself at its end. */
const TELL_PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS+'\\n'))`

function convert(from: string, to: string, folder: string, log?: string): Conversion {
  const command = [process.execPath, '--import', TELL_PEAK, MAIN, 'convert', from, to]
  const traced = log ? ['strace', '-f', '-e', 'trace=execve,connect', '-o', log, ...command] : command
  const started = performance.now()
  const { status, stderr } = spawnSync(traced[0]!, traced.slice(1), {
    encoding: 'utf8',
    timeout: 60_000,
    cwd: folder, // the payloads write their marker into the current folder
  })
  const seconds = (performance.now() - started) / 1000
  const peakMiB = Number(/peak (\d+)/.exec(stderr)?.[1] ?? Number.NaN) / 1024
  return { code: status, seconds, peakMiB, stderr }
}

async function countCalls(log: string): Promise<{ started: number; connections: number }> {
  const lines = (await readFile(log, 'utf8')).split('\n')
  const count = (call: string) =>
    lines.filter((line) => line.includes(`${call}(`) && !line.includes('ENOENT')).length
  return { started: count('execve'), connections: count('connect') }
}

await drive('A5', async ({ folder, size, planted, draw, figure, fail }) => {
  const all = (await readdir(goldenPath('malicious'))).filter((name) => name.endsWith('.pt')).sort()
  const names = all.sort(() => draw() - 0.5).slice(0, size.payloads)
  const withStrace = hasProgram('strace')
  const honest = convert(goldenPath('checkpoints/bare.pt'), join(folder, 'plain.safetensors'), folder)
  if (honest.code !== 0) fail(`honest weights are refused: ${honest.stderr}`)
  let [slowest, largest] = [0, 0]
  for (const name of names) {
    const log = withStrace ? join(folder, 'log') : undefined
    const to = join(folder, 'out.safetensors')
    const { code, seconds, peakMiB, stderr } = convert(goldenPath(`malicious/${name}`), to, folder, log)
    let best = seconds // a busy machine is slow once, a bomb is slow always
    for (let tries = 1; tries < TRIES && best - honest.seconds > MAX_SECONDS; tries++)
      best = Math.min(best, convert(goldenPath(`malicious/${name}`), to, folder).seconds)
    slowest = Math.max(slowest, best)
    largest = Math.max(largest, peakMiB)
    if (code !== 1 || !/ERR_CHECKPOINT/.test(stderr)) fail(`${name}: exit ${code}, ${stderr}`)
    if (existsSync(to)) fail(`${name}: something was written`)
    if (peakMiB > MAX_MIB) fail(`${name}: ${peakMiB.toFixed(0)} MiB`)
    if (!log) continue
    const { started, connections } = await countCalls(log)
    if (started !== 1 || connections !== 0) fail(`${name}: ${started} programs, ${connections} connections`)
    await rm(log)
  }
  const over = slowest - honest.seconds
  figure('payloads', names.length)
  figure('slowestSecondsOverStart', Math.round(over * 100) / 100)
  figure('largestMiB', Math.round(largest))
  figure('strace', withStrace)
  if (over > MAX_SECONDS && !planted) fail(`${over.toFixed(2)} s over the start of the command`)
  const left = (await readdir(folder)).filter((name) => name.startsWith('pwned'))
  if (left.length > 0) fail(`the marker ${left[0]} was made`)
})
