/** Brings the torch wheel into a folder: with pip, so that the user's index and proxy settings hold, or from a file. */
import { spawn, spawnSync } from 'node:child_process'
import { copyFile, rename } from 'node:fs/promises'
import { ClmrError, ioError } from '../../errors.js'
import { LIBTORCH_VERSION, type Wheel } from './release.js'

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

/** pip's own progress goes to stderr; its exit decides. */
export async function fetchWithPip(
  pip: readonly string[],
  wheel: Wheel,
  folder: string,
  { index, signal }: { index?: string; signal?: AbortSignal } = {},
): Promise<void> {
  const choice = [
    '--only-binary=:all:',
    '--python-version',
    '311',
    '--implementation',
    'cp',
    '--abi',
    'cp311',
    '--platform',
    wheel.pipPlatform,
  ]
  const args = [
    ...pip.slice(1),
    'download',
    '--no-deps',
    '--disable-pip-version-check',
    ...(index ? ['--index-url', index] : []),
    ...choice,
    '-d',
    folder,
    `torch==${LIBTORCH_VERSION}`,
  ]
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(pip[0]!, args, { stdio: ['ignore', 2, 2], signal })
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0)
    throw new ClmrError('ERR_LIBTORCH_INSTALL', {
      what: `pip could not download torch ${LIBTORCH_VERSION} (exit code ${code}); its message stands above`,
      remedy: 'Check the network and the index that pip uses, then run the command again',
    })
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
