/** A model that was asked for by its name or its address, as a file of this machine. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ArgumentError, CheckpointError, ConfigError, describe } from '../errors.js'
import { type FileInput, type FileSource, resolveSource } from '../files/source.js'
import { nearestName } from '../options.js'
import { isAddress, PUBLISHED, type PullOptions, pullModel } from './pull.js'

/** Weights that ship as npm packages, each a model folder. */
const PACKAGED: Readonly<Record<string, string>> = { 'clmr-small': '@clmr/weights-small' }

const known = () => [...Object.keys(PACKAGED), ...Object.keys(PUBLISHED)]

/** The folder of a package that the application has installed, or that stands beside clmr. */
function packageFolder(name: string): string | undefined {
  const main = process.argv[1]
  const from = [process.cwd(), ...(main ? [dirname(main)] : []), dirname(fileURLToPath(import.meta.url))]
  for (const folder of from) {
    try {
      return dirname(createRequire(join(folder, 'index.js')).resolve(`${name}/package.json`))
    } catch {}
  }
  return undefined
}

/** The hash is held against what is fetched; nothing else is hashed. */
function refuseHash({ sha256 }: PullOptions): void {
  if (sha256 === undefined) return
  throw new ConfigError({
    what: 'the option `sha256` is for a model that is downloaded from an address',
    given: 'a model of this machine',
    expected: 'an address',
    remedy: 'Leave `sha256` out',
  })
}

/**
 * The model of a name: of an installed package, or else a published checkpoint, fetched once into the user's cache.
 * @throws ArgumentError for an unknown name; CheckpointError if its package is not installed; as `pullModel`
 */
export async function locateNamed(name: string, options: PullOptions = {}): Promise<string> {
  const isText = typeof name === 'string' // Object.hasOwn would call toString of anything else
  const packaged = isText && Object.hasOwn(PACKAGED, name) ? PACKAGED[name]! : undefined
  const folder = packaged && packageFolder(packaged)
  if (folder) {
    refuseHash(options)
    return folder
  }
  if (isText && Object.hasOwn(PUBLISHED, name)) return pullModel(name, options)
  if (packaged)
    throw new CheckpointError({
      what: `the weights ${name} are not installed`,
      expected: `the package ${packaged}`,
      remedy: `Install it in your project: npm install ${packaged}`,
    })
  const near = isText ? nearestName(name, known()) : undefined
  throw new ArgumentError({
    what: 'there is no model of this name',
    given: describe(name),
    expected: `one of ${known().join(', ')}`,
    remedy: near ? `Write ${JSON.stringify(near)} instead` : 'Correct the name',
  })
}

const isWebUrl = (source: unknown): source is URL => source instanceof URL && isAddress(source.href)

/**
 * Any source of a model as something that can be read: an address is fetched once; a name stands for its model unless a
 * file or folder has that name.
 * @throws as `locateNamed` and `resolveSource`
 */
export async function locateModel(
  source: FileSource,
  where: string,
  options: PullOptions = {},
): Promise<FileInput> {
  if (isWebUrl(source)) return pullModel(source.href, options)
  if (typeof source === 'string' && isAddress(source)) return pullModel(source, options)
  if (typeof source === 'string' && known().includes(source) && !existsSync(source))
    return locateNamed(source, options)
  refuseHash(options)
  return resolveSource(source, where, options.signal)
}
