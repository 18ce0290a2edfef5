/** Fetches a wheel into a folder: with pip, which honours the user's index and proxy settings, or from a file. */
import { spawn, spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ClmrError, ioError } from '../errors.js'
import { packageOf } from './release.js'

/** How pip is called here, where it is there. */
export function findPip(): string[] | undefined {
  const candidates = [process.env.CLMR_PYTHON, 'python3', 'python'].filter((p): p is string => !!p)
  return candidates
    .map((python) => [python, '-m', 'pip'])
    .find(
      ([python, ...args]) =>
        spawnSync(python!, [...args, '--version'], { timeout: 30_000, stdio: 'ignore' }).status === 0,
    )
}

async function runPip([command, ...args]: readonly string[], signal?: AbortSignal): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(command!, args, { stdio: ['ignore', 2, 2], signal })
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code === 0) return
  throw new ClmrError('ERR_LIBTORCH_INSTALL', {
    what: `pip could not download the wheel (exit code ${code}); see its message above`,
    remedy: 'Check the index that pip uses, then run the command again',
  })
}

/**
 * pip shows its own progress on stderr. It downloads into a folder of its own, because an index may answer with another
 * build under another name: that of PyTorch for the CPU is called torch-2.15.0+cpu-….
 * @throws ClmrError ERR_LIBTORCH_INSTALL if the downloaded file is not the pinned wheel
 */
export async function fetchWithPip(
  pip: readonly string[],
  wheel: { file: string },
  folder: string,
  { index, signal }: { index?: string; signal?: AbortSignal } = {},
): Promise<void> {
  const { name, version, platform } = packageOf(wheel)
  const inner = await mkdtemp(join(folder, 'pip-'))
  const python = ['--python-version', '311', '--implementation', 'cp', '--abi', 'cp311', '--abi', 'none']
  try {
    await runPip(
      [
        ...pip,
        ...['download', '--no-deps', '--disable-pip-version-check', '--only-binary=:all:'],
        ...(index ? ['--index-url', index] : []),
        ...[...python, '--platform', platform, '-d', inner, `${name}==${version}`],
      ],
      signal,
    )
    const came = await readdir(inner)
    if (came.includes(wheel.file)) return await rename(join(inner, wheel.file), join(folder, wheel.file))
    throw new ClmrError('ERR_LIBTORCH_INSTALL', {
      what: 'the index that pip uses has another build than the one that clmr is made for',
      given: came.join(', ') || 'none',
      expected: wheel.file,
      remedy: 'Name an index that has the builds of PyPI with --index',
    })
  } finally {
    await rm(inner, { recursive: true, force: true })
  }
}

/** From a file that the caller names. */
export async function copyWheel(from: string, target: string): Promise<void> {
  try {
    await copyFile(from, `${target}.part`)
    await rename(`${target}.part`, target)
  } catch (cause) {
    throw ioError(cause, from, 'read the wheel')
  }
}
