/**
 * Finds a libtorch, in this order: CLMR_LIBTORCH, one with CUDA in the user's cache (it was asked for), the platform
 * package, one without CUDA in the cache, a Python torch of the same version.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ClmrError } from '../errors.js'
import { cacheFolder, cacheIfAny } from '../files/cache-folder.js'
import { LIBTORCH_VERSION, libraryFile, takesAnyLibtorch } from './release.js'

export type LibtorchOrigin = 'CLMR_LIBTORCH' | 'cache with CUDA' | 'platform package' | 'cache' | 'python'

export interface FoundLibtorch {
  origin: LibtorchOrigin
  /** the folder that holds `lib/` (and `include/`, if there are headers) */
  root: string
  /** the folder of the shared libraries themselves */
  libraries: string
}

/** A place that was searched, for `clmr doctor` and for the message when nothing was found. */
export interface LookedAt {
  origin: LibtorchOrigin
  place: string
  found: boolean
  reason?: string
}

const LIBTORCH_FOLDER = `libtorch-${LIBTORCH_VERSION}`
const CUDA_FOLDER = `${LIBTORCH_FOLDER}-cuda`

export function cachedLibtorch(): string {
  return join(cacheFolder(), LIBTORCH_FOLDER)
}

const inCache = (...names: string[]): string | undefined => {
  const folder = cacheIfAny()
  return folder && join(folder, ...names)
}

/** torch/ and nvidia/ side by side, as in Python's site-packages. */
export function cachedCuda(): string {
  return join(cacheFolder(), CUDA_FOLDER)
}

function platformPackage(): string | undefined {
  const name = `@clmr/libtorch-${process.platform}-${process.arch}`
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
}

/** Asks Python for the folder and version of torch, without importing it. */
function pythonTorch(): { root?: string; reason: string } {
  const probe =
    'import importlib.util as u, importlib.metadata as m, os\n' +
    "s = u.find_spec('torch')\n" +
    "print(os.path.dirname(s.origin) + '\\n' + m.version('torch') if s and s.origin else '')"
  for (const python of [process.env.CLMR_PYTHON, 'python3', 'python'].filter(
    (p) => p !== undefined && p !== '',
  )) {
    const run = spawnSync(python!, ['-c', probe], { encoding: 'utf8', timeout: 10_000, windowsHide: true })
    if (run.status !== 0) continue
    const [root, version] = run.stdout.trim().split('\n')
    if (!root || !version) return { reason: `${python} has no torch` }
    if (version.split('+')[0] !== LIBTORCH_VERSION && !takesAnyLibtorch())
      return { reason: `${python} has torch ${version}` }
    return { root, reason: `torch ${version} of ${python}` }
  }
  return { reason: 'no Python' }
}

function librariesIn(root: string): string | undefined {
  return [join(root, 'lib'), root].find((folder) => existsSync(join(folder, libraryFile('torch_cpu'))))
}

function look(origin: LibtorchOrigin, root: string | undefined, headers: boolean): FoundLibtorch | LookedAt {
  if (root === undefined) return { origin, place: '–', found: false, reason: 'not installed' }
  const libraries = librariesIn(root)
  if (!libraries) return { origin, place: root, found: false, reason: `has no ${libraryFile('torch_cpu')}` }
  const top = libraries === root ? dirname(root) : root
  if (headers && !existsSync(join(top, 'include', 'ATen', 'ATen.h')))
    return { origin, place: root, found: false, reason: 'has no headers' }
  return { origin, root: top, libraries }
}

/**
 * @param options.headers only a libtorch that can be compiled against
 * @throws ClmrError ERR_LIBTORCH_NOT_FOUND with every place that was looked at; a CLMR_LIBTORCH that holds
 *         none is an error even if there are others, because the user asked for it
 */
export function findLibtorch({ headers = false } = {}): FoundLibtorch {
  const looked: LookedAt[] = []
  const places: [LibtorchOrigin, () => string | undefined][] = [
    ['CLMR_LIBTORCH', () => process.env.CLMR_LIBTORCH || undefined],
    ['cache with CUDA', () => inCache(CUDA_FOLDER, 'torch')],
    ['platform package', platformPackage],
    ['cache', () => inCache(LIBTORCH_FOLDER)],
    ['python', () => pythonTorch().root],
  ]
  for (const [origin, place] of places) {
    const result = look(origin, place(), headers)
    if ('libraries' in result) return result
    looked.push(result)
    if (origin === 'CLMR_LIBTORCH' && process.env.CLMR_LIBTORCH) {
      throw new ClmrError('ERR_LIBTORCH_NOT_FOUND', {
        what: `CLMR_LIBTORCH holds no libtorch: it ${result.reason}`,
        path: process.env.CLMR_LIBTORCH,
        expected: `a folder with lib/${libraryFile('torch_cpu')}${headers ? ' and include/ATen/ATen.h' : ''}`,
        remedy: 'Unset it: clmr then looks for a libtorch of its own',
      })
    }
  }
  throw new ClmrError('ERR_LIBTORCH_NOT_FOUND', {
    what: `no libtorch ${LIBTORCH_VERSION}${headers ? ' with headers' : ''} was found`,
    given: looked
      .map((l) => `${l.origin}: ${l.place === '–' ? l.reason : `${l.place} ${l.reason}`}`)
      .join('; '),
    remedy: 'Run `npx clmr libtorch install`',
  })
}

/** All places with what is there, for `clmr doctor`. Never throws. */
export function surveyLibtorch(): (FoundLibtorch | LookedAt)[] {
  const python = pythonTorch()
  const result: (FoundLibtorch | LookedAt)[] = [
    look('CLMR_LIBTORCH', process.env.CLMR_LIBTORCH || undefined, false),
    look('cache with CUDA', inCache(CUDA_FOLDER, 'torch'), false),
    look('platform package', platformPackage(), false),
    look('cache', inCache(LIBTORCH_FOLDER), false),
  ]
  result.push(
    python.root
      ? look('python', python.root, false)
      : { origin: 'python', place: '–', found: false, reason: python.reason },
  )
  return result
}
