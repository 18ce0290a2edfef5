/** Published checkpoints, and any others that have an address, fetched once into a folder. */
import { createHash } from 'node:crypto'
import { basename, extname, join } from 'node:path'
import { download, type Hash, sizeOf } from '../download/download.js'
import { ArgumentError, CheckpointError, describe } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import { cacheFolder } from '../files/cache-folder.js'
import { makeFolder } from '../files/make-folder.js'
import { withLock } from '../files/process-lock.js'
import { nearestName } from '../options.js'

const RELEASES = 'https://github.com/Spijkervet/CLMR/releases/download/'

/** Checkpoints of Spijkervet & Burgoyne (2021), trained on MagnaTagATune: encoders, and linear classifiers on top of them. */
export const PUBLISHED: Readonly<Record<string, string>> = {
  'clmr-10000': `${RELEASES}2.0/clmr_checkpoint_10000.zip`,
  'clmr-10000-tags': `${RELEASES}2.0/finetuner_checkpoint_200.zip`,
  'clmr-1550': `${RELEASES}1.0/clmr_checkpoint_1550.pt`,
  'clmr-1550-tags': `${RELEASES}1.0-l/finetuner_checkpoint_20.pt`,
}

export interface PullOptions {
  /** takes the file; by default a folder of the user's cache */
  folder?: string
  /** of the file at the address, in hex */
  sha256?: string
  signal?: AbortSignal
  onBytes?: (have: number, total?: number) => void
}

export const isAddress = (source: string) => /^https?:\/\//i.test(source)

/** Each address has a folder of its own: files of different places may have one name. */
const folderFor = (source: string) =>
  join(cacheFolder(), 'models', createHash('sha256').update(source).digest('hex').slice(0, 16))

/** @throws ArgumentError for what is neither a name nor an address */
function addressOf(source: string): string {
  if (Object.hasOwn(PUBLISHED, source)) return PUBLISHED[source]!
  if (isAddress(source) && URL.canParse(source)) return source
  const near = nearestName(source, Object.keys(PUBLISHED))
  throw new ArgumentError({
    what: 'this is neither the name of a published checkpoint nor an http(s) address',
    given: describe(source),
    expected: `an address, or one of ${Object.keys(PUBLISHED).join(', ')}`,
    remedy: near ? `Write ${JSON.stringify(near)} instead` : 'Correct it',
  })
}

/** The last part of an address, as a name of a file; empty if it is none. */
function fileNameOf(url: string): string {
  try {
    return decodeURIComponent(new URL(url).pathname)
  } catch {
    return ''
  }
}

const isModelName = (name: string) =>
  ['.pt', '.pth', '.ckpt', '.safetensors', '.onnx'].includes(extname(name).toLowerCase()) &&
  !name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX')

/** The one model in a zip archive that was made around it. @throws CheckpointError */
async function unpackModel(path: string, folder: string, signal?: AbortSignal): Promise<string> {
  const { Archive } = await import('../files/archive.js') // with its parser of zip files, which few need
  const archive = await Archive.open([path])
  try {
    const models = archive.names.filter(isModelName)
    if (models.length !== 1)
      throw new CheckpointError({
        what: `the archive holds ${models.length} models instead of one`,
        path,
        remedy: 'Unpack it, and load the one that you mean',
      })
    const target = join(folder, basename(models[0]!))
    if ((await sizeOf(target)) < 0) await writeAtomically(target, [await archive.read(models[0]!, signal)])
    return target
  } finally {
    archive.close()
  }
}

/**
 * Fetches a checkpoint, unless it is there. An interrupted download continues where it stopped; of several processes
 * that want one file, one fetches it.
 * @param source a name of PUBLISHED, or an http(s) address
 * @returns the path of the model file
 * @throws ArgumentError; ClmrError ERR_DOWNLOAD, also where the file has another SHA-256; CheckpointError, IoError
 */
export async function pullModel(source: string, options: PullOptions = {}): Promise<string> {
  const { sha256, signal, onBytes } = options
  const url = addressOf(source)
  const name = basename(fileNameOf(url))
  if (name === '')
    throw new ArgumentError({
      what: 'the address names no file',
      given: describe(source),
      remedy: 'Pass the address of the model file itself',
    })
  const folder = options.folder ?? folderFor(source)
  const target = join(folder, name)
  const hash: Hash | undefined = sha256 ? { algorithm: 'sha256', hex: sha256.toLowerCase() } : undefined
  const fetchModel = async () => {
    await download({ url, target, hash, checkThere: true, signal, onBytes })
    return extname(name).toLowerCase() === '.zip' ? unpackModel(target, folder, signal) : target
  }
  if ((await sizeOf(target)) >= 0) return fetchModel()
  await makeFolder(folder)
  return withLock(join(folder, 'pull.lock'), fetchModel, { signal })
}
