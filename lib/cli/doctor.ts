/** What clmr finds on this machine, part by part, and a remedy for each missing part. */
import { spawnSync } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { ClmrError } from '../errors.js'
import { cacheFolder } from '../files/cache-folder.js'
import { findLibtorch, surveyLibtorch } from '../libtorch/find.js'
import { LIBTORCH_VERSION } from '../libtorch/release.js'
import type { RuntimeInfo } from '../native/binding.js'
import type { CudaState } from '../native/cuda.js'
import { grantedThreads } from '../native/granted-threads.js'
import { addonFile, cudaState, native } from '../native/load.js'
import { batchThatFits, DEFAULT_TRAINING_BYTES, memoryLimit } from './memory.js'

export interface Finding {
  level: 'ok' | 'warn' | 'fail'
  what: string
  found: string
  /** what to do about it */
  remedy?: string
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const found = `${process.version} on ${process.platform}-${process.arch}`
  return major > 20 || (major === 20 && minor >= 19)
    ? { level: 'ok', what: 'node', found }
    : { level: 'fail', what: 'node', found, remedy: 'Install Node 20.19 or later' }
}

function checkLibtorch(): Finding {
  const what = 'libtorch'
  try {
    const { origin, libraries } = findLibtorch()
    return { level: 'ok', what, found: `${LIBTORCH_VERSION} from the ${origin}: ${libraries}` }
  } catch (error) {
    const remedy = `Run \`npx clmr libtorch install\` (${LIBTORCH_VERSION}, once, 135 to 540 MB)`
    return { level: 'fail', what, found: messageOf(error).split(' (')[0]!, remedy }
  }
}

/** Where libtorch was looked for, in the order in which the first one counts. */
export function libtorchTrail(): string[] {
  return surveyLibtorch().map((place) => {
    if ('libraries' in place) return `${place.origin}: ${place.libraries}`
    const at = place.place === '–' ? '' : ` ${place.place}`
    return `${place.origin}:${at} ${place.reason ?? 'not there'}`
  })
}

function checkAddon(): { findings: Finding[]; info?: RuntimeInfo } {
  const what = 'native part'
  const file = addonFile()
  if (!file) {
    const found = `none for ${process.platform}-${process.arch}`
    const remedy = 'Build it: see "Build it yourself" in docs/getting-started.md'
    return { findings: [{ level: 'fail', what, found, remedy }] }
  }
  try {
    const info = native().info()
    const found = `${file}, with libtorch ${info.libtorchVersion}`
    return { findings: [{ level: 'ok', what, found }], info }
  } catch (error) {
    const remedy = error instanceof ClmrError ? error.remedy : 'Reinstall clmr'
    return { findings: [{ level: 'fail', what, found: messageOf(error), remedy }] }
  }
}

const NO_CUDA: Record<Exclude<CudaState['state'], 'open'>, string> = {
  off: 'not looked for (CLMR_CUDA=0): the CPU works',
  'no driver': 'no NVIDIA driver is installed: the CPU works',
  'not there': 'none that this libtorch can use: the CPU works',
  failed: 'libtorch with CUDA cannot be opened: the CPU works',
}

function checkGpu(info: RuntimeInfo | undefined): Finding {
  const what = 'GPU'
  if (!info) return { level: 'ok', what, found: 'not looked for' }
  const { state, reason } = cudaState()
  if (state === 'failed') {
    const remedy = 'Run `npx clmr libtorch install --cuda` (with CLMR_CUDA=0, CUDA is not used)'
    return { level: 'warn', what, found: `${NO_CUDA.failed}: ${reason}`, remedy }
  }
  if (state === 'not there' && existsSync('/dev/nvidiactl')) {
    const remedy = 'Run `npx clmr libtorch install --cuda` (2.5 GB, once) to use it'
    return { level: 'warn', what, found: 'NVIDIA, but this libtorch has no CUDA: the CPU works', remedy }
  }
  if (state !== 'open') return { level: 'ok', what, found: NO_CUDA[state] }
  const kernels = info.cudaKernels ? "clmr's own kernels and libtorch's" : "libtorch's kernels"
  const found = `${info.cudaDevices} with CUDA, ${reason ?? kernels}`
  if (info.cudaDevices > 0) return { level: 'ok', what, found }
  return {
    level: 'warn',
    what,
    found,
    remedy: "Update NVIDIA's driver to one for CUDA 13, unless CUDA_VISIBLE_DEVICES hides the device",
  }
}

function checkProcessor(info: RuntimeInfo | undefined): Finding[] {
  const model = cpus()[0]?.model.trim() || 'unknown processor'
  const kernels = info
    ? `, libtorch ${info.cpuCapability}, own kernels ${info.instructionSet} for CLMR's network`
    : ''
  const granted = grantedThreads()
  const cores = availableParallelism()
  const why = process.env.CLMR_THREADS
    ? ' (CLMR_THREADS)'
    : granted < cores
      ? ' (the cgroup grants no more)'
      : ''
  const total = memoryLimit()
  const limit = total < totalmem() ? `, of which the cgroup grants ${gigabytes(total)}` : ''
  const memory = `${gigabytes(freemem())} free of ${gigabytes(totalmem())}${limit}`
  const little = total < DEFAULT_TRAINING_BYTES
  return [
    { level: 'ok', what: 'processor', found: `${model}${kernels}` },
    { level: 'ok', what: 'threads', found: `${granted} of ${cores} cores${why}` },
    {
      level: little ? 'warn' : 'ok',
      what: 'memory',
      found: memory,
      remedy: little
        ? `Train with --batch-size ${batchThatFits(total)}: the default may need 3.5 GB`
        : undefined,
    },
    checkGpu(info),
  ]
}

const DECODERS = {
  wav: 'wav-decoder',
  mp3: 'mpg123-decoder',
  flac: '@wasm-audio-decoders/flac',
  ogg: '@wasm-audio-decoders/ogg-vorbis',
  opus: 'opus-decoder',
}

function checkDecoders(): Finding[] {
  const { resolve } = createRequire(import.meta.url)
  const missing = Object.entries(DECODERS).filter(([, name]) => {
    try {
      return !resolve(name)
    } catch {
      return true
    }
  })
  const own: Finding =
    missing.length === 0
      ? { level: 'ok', what: 'decoders', found: `${Object.keys(DECODERS).join(', ')} built in` }
      : {
          level: 'fail',
          what: 'decoders',
          found: `none for ${missing.map(([format]) => format).join(', ')}`,
          remedy: `Run \`npm install ${missing.map(([, name]) => name).join(' ')}\``,
        }
  const ffmpeg = spawnSync('ffmpeg', ['-version'], { encoding: 'utf8', timeout: 10_000, windowsHide: true })
  const first = ffmpeg.stdout?.split('\n')[0]?.replace(/ Copyright.*/, '')
  const foreign: Finding =
    ffmpeg.status === 0
      ? { level: 'ok', what: 'ffmpeg', found: `${first}, for all other formats` }
      : {
          level: 'warn',
          what: 'ffmpeg',
          found: 'not installed: m4a, wma and other formats cannot be read',
          remedy: 'Install ffmpeg if you have such files',
        }
  return [own, foreign]
}

async function checkCache(): Promise<Finding> {
  const what = 'cache'
  let folder: string
  try {
    folder = cacheFolder()
  } catch (error) {
    return { level: 'warn', what, found: 'no home folder', remedy: (error as ClmrError).remedy }
  }
  let at = folder
  for (;;) {
    try {
      await access(at, constants.W_OK)
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(at) === at) {
        const remedy = 'Set CLMR_CACHE to a folder that can be written'
        return { level: 'fail', what, found: `${folder} cannot be written`, remedy }
      }
      at = dirname(at)
    }
  }
  const { bavail, bsize } = await statfs(at)
  const free = bavail * bsize
  const found = `${folder}, ${gigabytes(free)} free`
  return free < 1.2e9
    ? { level: 'warn', what, found, remedy: 'Set CLMR_CACHE to a folder on another disk' }
    : { level: 'ok', what, found }
}

/** All findings; each part comes after those that it needs. Never throws. */
export async function diagnose(): Promise<Finding[]> {
  const { findings, info } = checkAddon()
  return [
    checkNode(),
    checkLibtorch(),
    ...findings,
    ...checkProcessor(info),
    ...checkDecoders(),
    await checkCache(),
  ]
}
