import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommandServer } from './command-server.js'
import { type Finished, type Running, startNode } from './node-process.js'
import { tone, wav } from './wav.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** `clmr …` in a process of its own, without a terminal. */
export function startClmr(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Running {
  return startNode([MAIN, ...args], { cwd: options.cwd, env: { ...process.env, ...options.env } })
}

const servers = new Map<string, CommandServer>()

/**
 * `clmr …`, without a terminal, in a process that has run other commands before. What is about the process itself, such
 * as signals and its end, starts one: `startClmr`.
 */
export function clmr(...args: string[]): Promise<Finished> {
  if (args.includes('--threads')) return startClmr(args).finished // they are set for a whole process
  const environment = JSON.stringify(process.env)
  const server = servers.get(environment) ?? new CommandServer()
  servers.set(environment, server)
  return server.run(args)
}

/** As `clmr`; fails unless the command ends with `code`. */
export async function clmrEnds(code: number, ...args: string[]): Promise<Finished> {
  const finished = await clmr(...args)
  assert.equal(finished.code, code, `clmr ${args.join(' ')}\n${finished.stdout}\n${finished.stderr}`)
  return finished
}

/** The one JSON value that a command prints with --json. */
export async function clmrJson<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const { stdout } = await clmrEnds(0, ...args, '--json')
  return JSON.parse(stdout) as T
}

/** `folder`/low and `folder`/high: five tracks each, a little longer than a clip. */
export async function writeMusic(folder: string): Promise<void> {
  for (const [name, frequency] of [
    ['low', 220],
    ['high', 1760],
  ] as const) {
    await mkdir(join(folder, name), { recursive: true })
    for (let i = 0; i < 5; i++) {
      const value = tone(22050, frequency * (1 + i / 12), 0.4)
      await writeFile(join(folder, name, `${i}.wav`), wav({ frames: 60000, value }))
    }
  }
}
