/**
 * Formats without a decoder of our own go through the user's `ffmpeg`, where there is one. No shell: the path is
 * one argument and cannot be an option or a protocol; the demuxer is the one that the bytes asked for; only files
 * and pipes may be opened.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AudioDecodeError, AudioFormatError, ClmrError, ioError } from '../errors.js'

const MAX_OUTPUT = 2 ** 31 - 1
const MAX_MILLISECONDS = 600_000
const MAX_MESSAGE = 2000

interface Finished {
  code: number | null
  output: Uint8Array
  message: string
}

function collect(args: string[], signal?: AbortSignal): Promise<Finished> {
  return new Promise((done, fail) => {
    const child = spawn('ffmpeg', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: false,
      windowsHide: true,
    })
    const pieces: Buffer[] = []
    let length = 0
    let message = ''
    let problem: string | undefined
    const stop = (why: string) => {
      problem ??= why
      child.kill('SIGKILL')
    }
    const abort = () => stop('aborted')
    const timer = setTimeout(() => stop('it took longer than ten minutes'), MAX_MILLISECONDS)
    signal?.addEventListener('abort', abort, { once: true })
    child.stdout.on('data', (piece: Buffer) => {
      length += piece.length
      if (length > MAX_OUTPUT) stop('it gave more than 2 GiB')
      else pieces.push(piece)
    })
    child.stderr.on('data', (piece: Buffer) => {
      if (message.length < MAX_MESSAGE) message += piece.toString('utf8')
    })
    const finish = (then: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      then()
    }
    child.on('error', (error) => finish(() => fail(error)))
    child.on('close', (code) =>
      finish(() =>
        done({
          code: problem ? null : code,
          output: concatenate(pieces),
          message: problem ?? message.trim(),
        }),
      ),
    )
  })
}

/** One array that nothing else shares: it is transferred to a thread. */
function concatenate(pieces: Buffer[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}

export interface Foreign {
  ffmpeg: string
  name: string
}

/**
 * in: a file and its container; out: a float WAV file at the file's own rate and channels, as bytes, or written to
 * `target` (RF64 where it is larger than 4 GiB).
 */
async function convertFile(
  path: string,
  shown: string | undefined,
  kind: Foreign,
  signal?: AbortSignal,
  target?: string,
): Promise<Uint8Array> {
  const input = ['-protocol_whitelist', 'file,pipe', '-f', kind.ffmpeg, '-i', `file:${resolve(path)}`]
  const args = [
    '-nostdin',
    '-v',
    'error',
    '-xerror',
    ...input,
    '-map',
    '0:a:0',
    '-vn',
    '-c:a',
    'pcm_f32le',
    '-f',
    'wav',
    ...(target === undefined ? ['pipe:1'] : ['-rf64', 'auto', '-y', `file:${target}`]),
  ]
  signal?.throwIfAborted() // after this the child listens to it
  const finished = await collect(args, signal).catch((cause: NodeJS.ErrnoException) => {
    signal?.throwIfAborted()
    throw new AudioFormatError({
      what:
        cause.code === 'ENOENT'
          ? `${kind.name} is read through ffmpeg, and there is no ffmpeg on the PATH`
          : `ffmpeg could not be started (${cause.code})`,
      expected: 'wav, mp3, flac or ogg, or an ffmpeg on the PATH',
      remedy: 'Install ffmpeg, or convert the file to one of these formats',
      path: shown,
      cause,
    })
  })
  signal?.throwIfAborted()
  if (finished.code !== 0)
    throw new AudioDecodeError({
      what: `ffmpeg could not read the file: ${firstLine(finished.message)}`,
      remedy: 'Fetch the file again',
      path: shown,
    })
  return finished.output
}

const firstLine = (message: string) => message.split('\n')[0]!.slice(0, 200) || 'it gave no reason'

/** Calls `use` with a WAV file of the same sound, which is gone afterwards. */
export async function* withConvertedFile<T>(
  path: string,
  kind: Foreign,
  signal: AbortSignal | undefined,
  use: (wav: string) => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  const folder = await mkdtemp(join(tmpdir(), 'clmr-')).catch((error) => {
    throw ioError(error, tmpdir(), 'make a temporary folder')
  })
  try {
    const wav = join(folder, 'audio.wav')
    await convertFile(path, path, kind, signal, wav)
    yield* use(wav)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** As `convertFile`; bytes without a file are put into a temporary one, since some containers must be read from both ends. */
export async function convertWithFfmpeg(
  source: { path: string } | { bytes: Uint8Array },
  kind: Foreign,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if ('path' in source) return convertFile(source.path, source.path, kind, signal)
  const folder = await mkdtemp(join(tmpdir(), 'clmr-'))
  try {
    const path = join(folder, 'audio')
    await writeFile(path, source.bytes)
    return await convertFile(path, undefined, kind, signal)
  } catch (error) {
    if (error instanceof ClmrError) throw error
    signal?.throwIfAborted()
    throw new AudioDecodeError({
      what: 'the bytes could not be handed to ffmpeg',
      remedy: 'Check the temporary folder',
      cause: error,
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
