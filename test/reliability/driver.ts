/**
 * The frame of a check: sizes, seed, time limit, one JSON line, exit code. 0: the promise held. 1: it did not.
 * 2: the check itself broke.
 *
 *   npx tsx test/reliability/a05.pickles.ts [--short | --full] [--seed n] [--plant] [--<size> n]
 *
 * --plant runs the same check on a clmr in which the promise is broken (faults.mjs); it has to end with 1, for the reason
 * that the fault names. A check that fails for another one ends with 2.
 */
import { AssertionError } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { uniform } from '#lib/random.js'
import { withTempDir } from '../helpers/temp-dir.js'
import { CHECKS, type Check, type CheckId } from './checks.js'
import { FAULTS, plantedEnvironment } from './faults.mjs'

type SizeOf<Id extends CheckId> = keyof (typeof CHECKS)[Id]['sizes'] & string
type Run<Name extends string> = (trial: Trial<Name>) => Promise<void>

export interface Trial<Name extends string> {
  /** an empty folder */
  folder: string
  size: Record<Name, number>
  seed: number
  full: boolean
  planted: boolean
  /** 0 to 1, by the seed */
  draw(): number
  /** A number or word for the JSON line. */
  figure(name: string, value: number | string | boolean): void
  /** The promise did not hold. */
  fail(reason: string): void
}

const MAX_FAILURES = 20

class Enough extends Error {}

interface Outcome {
  figures: Record<string, number | string | boolean>
  failures: string[]
}

/** The hooks that plant a fault have to be there before the first module: the check starts itself again. */
function runPlanted(fault: string): never {
  const env = plantedEnvironment(fault)
  const args = [...process.execArgv, ...process.argv.slice(1)]
  process.exit(spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 2)
}

function parse(names: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    options: {
      short: flag,
      full: flag,
      plant: flag,
      seed: { type: 'string', default: '1' },
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])),
    },
  })
  return values as Record<string, string | boolean | undefined> & { short: boolean; full: boolean }
}

async function attempt<Name extends string>(run: Run<Name>, trial: Omit<Trial<Name>, 'folder'>) {
  try {
    await withTempDir((folder) => run({ ...trial, folder }))
  } catch (error) {
    if (error instanceof AssertionError) trial.fail(error.message)
    else throw error
  }
}

/** What a run with a fault says of it: caught only if the edited module was loaded and the expected reason came up. */
function verdict(failures: readonly string[]) {
  const { CLMR_PLANT: fault = '', CLMR_PLANT_LOADED: mark = '' } = process.env
  const { breaks, seenAs } = FAULTS[fault]!
  const loaded = existsSync(mark)
  rmSync(mark, { force: true })
  return { planted: breaks, loaded, caught: loaded && failures.some((reason) => seenAs.test(reason)) }
}

/** Runs a check by the arguments of this process, and ends the process. */
export async function drive<Id extends CheckId>(id: Id, run: Run<SizeOf<Id>>): Promise<never> {
  type Name = SizeOf<Id>
  const check: Check = CHECKS[id]
  const names = Object.keys(check.sizes) as Name[]
  const values = parse(names)
  const planted = process.env.CLMR_PLANT !== undefined
  if (values.plant && !planted) runPlanted(check.faults[0]!)
  const kind = values.short ? 0 : values.full ? 2 : 1
  const size = Object.fromEntries(
    names.map((name) => [name, Number(values[name] ?? check.sizes[name]![kind])]),
  ) as Record<Name, number>
  const seed = Number(values.seed)
  const outcome: Outcome = { figures: {}, failures: [] }
  const started = performance.now()
  const end = (code: number): never => {
    const { promise } = check
    const seconds = Math.round((performance.now() - started) / 100) / 10
    const plant = planted ? verdict(outcome.failures) : undefined
    const pass = code === 0
    process.stdout.write(`${JSON.stringify({ id, promise, pass, seed, ...plant, seconds, ...outcome })}\n`)
    process.exit(plant && code === 1 && !plant.caught ? 2 : code)
  }
  const limit = (check.limits ?? [60, 600, 3600])[kind]
  setTimeout(() => {
    outcome.failures.push(`it did not end within ${limit} s`)
    end(1)
  }, limit * 1000).unref()
  const fail = (reason: string) => {
    outcome.failures.push(reason.slice(0, 500))
    if (planted || outcome.failures.length >= MAX_FAILURES) throw new Enough()
  }
  const figure: Trial<Name>['figure'] = (name, value) => {
    outcome.figures[name] = value
  }
  try {
    await attempt(run, { size, seed, full: kind === 2, planted, draw: uniform(seed), figure, fail })
  } catch (error) {
    if (!(error instanceof Enough)) {
      process.stderr.write(`${(error as Error)?.stack ?? error}\n`)
      outcome.failures.push(`the check broke: ${error}`)
      end(2)
    }
  }
  return end(outcome.failures.length === 0 ? 0 : 1)
}
