/** What the benchmarks share: the Python peers, timing figures, and the file that the results go to. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cacheFolder } from '#lib/files/cache-folder.js'

/** glibc gives PyTorch's large activations back at every step; with these settings it keeps them. */
export const MALLOC_TUNED = {
  GLIBC_TUNABLES:
    'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184',
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The Python of bench/environment.sh, which installs it at the first call. */
export function pythonOfPeers(): string {
  const printed = execFileSync('bash', [path('../environment.sh')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return printed.trim().split('\n').at(-1)!
}

/** A folder with an npm package that is a peer and no dependency, installed at the first call, without its scripts. */
export function nodePeer(name: string, version: string): string {
  const folder = join(cacheFolder(), 'bench', `${name}-${version}`)
  if (!existsSync(join(folder, 'node_modules', name, 'package.json'))) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`]
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] })
  }
  return folder
}

type Defaults = Record<string, string | false | undefined>
type Values<T extends Defaults> = {
  [K in keyof T]: T[K] extends false ? boolean : T[K] extends string ? string : string | undefined
}

/**
 * What this process was told.
 * @param defaults `{ rounds: '3' }`: --rounds n, 3 without it; undefined: an option without a default; false: a switch
 */
export function optionsOf<T extends Defaults>(defaults: T): Values<T> {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, fallback]) => [
      name,
      fallback === false
        ? ({ type: 'boolean', default: false } as const)
        : ({ type: 'string', ...(fallback !== undefined && { default: fallback }) } as const),
    ]),
  )
  return parseArgs({ options }).values as Values<T>
}

/** Runs a contender. @returns what it printed in its last line, as JSON */
export function runContender<T>(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  minutes?: number,
): T {
  const printed = execFileSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(minutes !== undefined && { timeout: 60_000 * minutes }),
  })
  return JSON.parse(printed.trim().split('\n').at(-1)!) as T
}

/** As `runContender`; undefined, and a line on stderr, where it failed. */
export function tryContender<T>(name: string, ...call: Parameters<typeof runContender<T>>): T | undefined {
  try {
    return runContender<T>(...call)
  } catch (error) {
    process.stderr.write(`${name} failed: ${(error as Error).message.split('\n')[0]}\n`)
    return undefined
  }
}

export interface Timing {
  best: number
  median: number
}

export function timingOf(seconds: number[]): Timing {
  const sorted = [...seconds].sort((a, b) => a - b)
  return { best: sorted[0]!, median: sorted[Math.floor(sorted.length / 2)]! }
}

/** The machine and the day, as one line. */
export function machine(): string {
  const [cpu] = cpus()
  const day = new Date().toISOString().slice(0, 10)
  const instructions = ['avx512f', 'avx512_bf16', 'amx_bf16', 'avx2'].filter((flag) =>
    readFileSync('/proc/cpuinfo', 'utf8').includes(flag),
  )
  return `${day}; ${cpus().length} × ${cpu?.model.trim()} (${instructions.join(', ')}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}. A shared machine: compare within a table.`
}

/** The command that this process was started by, with what was asked of it. */
export function commandLine(script: string): string {
  return ['npm run', script, ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ')
}

/** Replaces one section of bench/RESULTS.md. */
export function writeSection(title: string, body: string): void {
  const file = path('../RESULTS.md')
  const text = existsSync(file)
    ? readFileSync(file, 'utf8')
    : '# Results\n\nWritten by the benchmarks; every number comes from the command that its section names.\n'
  const sections = text.split(/\n(?=## )/)
  const kept = sections.filter((section) => !section.startsWith(`## ${title}\n`))
  writeFileSync(
    file,
    `${[...kept.map((s) => s.trimEnd()), `## ${title}\n\n${body.trimEnd()}`].join('\n\n')}\n`,
  )
  process.stdout.write(`${body}\n`)
}
