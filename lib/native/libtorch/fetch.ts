/** Brings the torch wheel into a folder: with pip, so that the user's index and proxy settings hold, or from a file or URL. */
import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { copyFile, rename, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ClmrError, ioError } from '../../errors.js'
import { LIBTORCH_VERSION, type Wheel } from './release.js'

export interface FetchProgress {
  what: 'download' | 'check' | 'unpack' | 'wait'
  message: string
  /** 0 to 1 where it is known */
  fraction?: number
}

function findPip(): string[] | undefined {
  const candidates = [process.env.CLMR_PYTHON, 'python3', 'python'].filter((p): p is string => !!p)
  return candidates
    .map((python) => [python, '-m', 'pip'])
    .find(
      ([python, ...args]) =>
        spawnSync(python!, [...args, '--version'], { timeout: 30_000, stdio: 'ignore' }).status === 0,
    )
}

/** pip's own progress goes to stderr; its exit decides. */
export async function fetchWithPip(wheel: Wheel, folder: string, signal?: AbortSignal): Promise<void> {
  const pip = findPip()
  if (!pip) {
    throw new ClmrError('ERR_LIBTORCH_INSTALL', {
      what: 'there is no pip to fetch libtorch with',
      remedy: `Install Python with pip, or pass a wheel: npx clmr libtorch install --from <file or URL of ${wheel.file}>`,
    })
  }
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

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    return 0
  }
}

/** Downloads `url` to `target`, going on where an earlier try ended. */
async function fetchUrl(
  url: string,
  target: string,
  onProgress: (p: FetchProgress) => void,
  signal?: AbortSignal,
): Promise<void> {
  const part = `${target}.part`
  const have = await sizeOf(part)
  const failed = (what: string, cause?: unknown) =>
    new ClmrError('ERR_LIBTORCH_INSTALL', {
      what,
      path: url,
      remedy: 'Run the command again: it goes on where it stopped',
      cause,
    })
  let response: Response
  try {
    response = await fetch(url, { headers: have ? { range: `bytes=${have}-` } : {}, signal })
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw failed('the download could not be started', cause)
  }
  if (response.status === 416) return rename(part, target) // it had arrived whole; the hash decides
  if (!response.ok || !response.body)
    throw failed(`the server answered ${response.status} ${response.statusText}`)
  const resumed = response.status === 206
  const total = Number(response.headers.get('content-length') ?? 0) + (resumed ? have : 0)
  let got = resumed ? have : 0
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      got += chunk.length
      onProgress({ what: 'download', message: basename(target), fraction: total ? got / total : undefined })
      yield chunk
    }
  }
  try {
    await pipeline(
      Readable.fromWeb(response.body as never),
      counted,
      createWriteStream(part, { flags: resumed ? 'a' : 'w' }),
      { signal },
    )
  } catch (cause) {
    if (signal?.aborted) throw cause
    if (['ENOSPC', 'EACCES', 'EIO'].includes((cause as NodeJS.ErrnoException).code ?? ''))
      throw ioError(cause, part, 'write the download')
    throw failed('the download broke off', cause)
  }
  if (total && got < total) throw failed(`the download broke off at ${got} of ${total} bytes`)
  await rename(part, target)
}

/** From a file or an http(s) URL that the caller names. */
export async function fetchFrom(
  from: string,
  target: string,
  onProgress: (p: FetchProgress) => void,
  signal?: AbortSignal,
): Promise<void> {
  if (/^https?:\/\//.test(from)) return fetchUrl(from, target, onProgress, signal)
  try {
    await copyFile(from, `${target}.part`)
    await rename(`${target}.part`, target)
  } catch (cause) {
    throw ioError(cause, from, 'read the wheel')
  }
}

export const wheelIn = (folder: string, wheel: Wheel): string => join(folder, wheel.file)
