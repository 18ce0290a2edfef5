/** Where the caches of a run lie now, if they were moved: config.json itself stays as every checkpoint knows it. */
import { join } from 'node:path'
import { ioError } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import { readTextInput } from '../files/input.js'
import { CACHES_FILE } from './layout.js'

const NAMES = ['training', 'validation'] as const

/** Folders by what the run uses them for. */
export type Caches = Partial<Record<(typeof NAMES)[number], string>>

/** A file that is missing or damaged tells nothing: the caches are looked for where they were. */
async function readCaches(run: string): Promise<Caches> {
  try {
    return Object(JSON.parse(await readTextInput(join(run, CACHES_FILE)))) as Caches
  } catch {
    return {}
  }
}

/** The config of a run, with the caches where they lie now. */
export async function withMovedCaches<T extends Record<string, unknown>>(run: string, config: T): Promise<T> {
  const moved = await readCaches(run)
  const records = Object(config.data) as Partial<Record<string, object>>
  const found = NAMES.filter((name) => records[name] && typeof moved[name] === 'string')
  if (found.length === 0) return config
  const data = { ...records }
  for (const name of found) data[name] = { ...records[name], cache: moved[name] }
  return { ...config, data }
}

/** @throws IoError */
export async function rememberCaches(run: string, caches: Caches): Promise<void> {
  const path = join(run, CACHES_FILE)
  const text = JSON.stringify({ ...(await readCaches(run)), ...caches }, null, 2)
  await writeAtomically(path, [Buffer.from(`${text}\n`)]).catch((error) => {
    throw ioError(error, path, 'write it')
  })
}
