/**
 * Formats without a decoder of our own go through the user's `ffmpeg`, if there is one. No shell: the path is
 * one argument and cannot be an option or a protocol; the demuxer is the one that the bytes asked for; only files
 * and pipes may be opened. What it says on the way is read: a file that it cannot read to its end is not whole.
 */
import { spawn } from 'node:child_process'
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onAbort } from '../abort.js'
import { AudioDecodeError, IoError, ioError } from '../errors.js'
import { allowedValues } from './budget.js'
import { FileBytes } from './bytes.js'
import { MISSING_SECONDS } from './failure.js'
import type { DecodingEnd, FilePart, Foreign } from './types.js'
import { readWavLayout } from './wav.js'

const MAX_MILLISECONDS = 600_000
const MAX_MESSAGE = 1 << 16
const FLOAT_BYTES = 4

/** Readers that ffmpeg may choose from by itself: containers of sound, none that opens other files. */
const READERS =
  'aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,iff,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,oma,rm,sox,tak,tta,voc,w64,wav,wv,xwma'

interface Finished {
  code: number | null
  message: string
}

/** What goes into the filters, which are set up anew where it changes: at this level other lines tell nothing. */
const FILTER_INPUT = /\[verbose\] .*samplerate:(\d+) .*chlayout:(\S+)/
const isTelling = (line: string) => !line.includes('[verbose]') || FILTER_INPUT.test(line)

function runFfmpeg(args: string[], output: FileHandle, signal?: AbortSignal): Promise<Finished> {
  return new Promise((done, fail) => {
    const child = spawn('ffmpeg', args, {
      stdio: ['ignore', output.fd, 'pipe'],
      shell: false,
      windowsHide: true,
    })
    let message = ''
    let problem: string | undefined
    const stop = (why: string) => {
      problem ??= why
      child.kill('SIGKILL')
    }
    const timer = setTimeout(() => stop('it took longer than ten minutes'), MAX_MILLISECONDS)
    const ignore = onAbort(signal, () => stop('aborted'))
    let begun = ''
    child.stderr!.on('data', (piece: Buffer) => {
      const lines = (begun + piece.toString('utf8')).split('\n')
      begun = lines.pop()!.slice(0, MAX_MESSAGE)
      for (const line of lines.filter(isTelling)) if (message.length < MAX_MESSAGE) message += `${line}\n`
    })
    const finish = (then: () => void) => {
      clearTimeout(timer)
      ignore()
      then()
    }
    child.on('error', (error) => finish(() => fail(error)))
    child.on('close', (code) =>
      finish(() => done({ code: problem ? null : code, message: problem ?? message + begun })),
    )
  })
}

/** What ffmpeg said. */
export interface FfmpegReport {
  /** lines that it calls errors */
  errors: string[]
  /** of the container, s; undefined if it has none, or only guesses */
  duration?: number
  /** there is something besides the sound, which the duration may be of */
  hasVideo: boolean
  /** what it calls the container */
  container?: string
  /** the forms that the sound has, one after the other: rate and channels */
  forms: string[]
}

/** Lines begin with a level in brackets, behind that of the part which speaks. */
export function readReport(message: string): FfmpegReport {
  const lines = message.split('\n')
  const errors = lines
    .filter((line) => /\[(error|fatal|panic)\]/.test(line))
    .map((line) => line.replace(/\[[^\]]*\] ?/g, '').trim())
  const [, hours, minutes, seconds] = /Duration: (\d+):(\d+):(\d+\.\d+)/.exec(message) ?? []
  const isGuess = /Estimating duration from bitrate/.test(message)
  return {
    errors,
    duration: seconds && !isGuess ? Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) : undefined,
    hasVideo: lines.some((line) => / Video: /.test(line) && !/attached pic/.test(line)),
    container: /Input #0, ([^,\s]+)/.exec(message)?.[1],
    forms: lines.flatMap((line) => {
      const [, rate, channels] = FILTER_INPUT.exec(line) ?? []
      return rate ? [`${rate} Hz, ${channels}`] : []
    }),
  }
}

function argumentsFor(path: string, demuxer: string | undefined, part: FilePart, maxBytes: number): string[] {
  const url = `file:${resolve(path)}`
  const { start, end = 0 } = part // an end of 0 is that of the file
  const isWhole = start === 0 && end === 0
  const reader = demuxer === undefined ? ['-format_whitelist', READERS] : ['-f', demuxer]
  return [
    '-nostdin',
    '-hide_banner',
    '-nostats',
    ...['-v', 'level+verbose'],
    ...['-err_detect', 'crccheck'],
    ...['-protocol_whitelist', isWhole ? 'file,pipe' : 'file,pipe,subfile'],
    ...reader,
    ...['-i', isWhole ? url : `subfile,,start,${start},end,${end},,:${url}`],
    ...['-map', '0:a:0', '-vn', '-map_metadata', '-1'],
    ...['-c:a', 'pcm_f32le', '-fs', String(maxBytes), '-f', 'wav', 'pipe:1'],
  ]
}

/** Holds what came out to what the container and ffmpeg say. @throws AudioDecodeError */
function checkWhole(
  report: FfmpegReport,
  seconds: number,
  stated: number | undefined,
  path: string | undefined,
): string[] {
  const { errors } = report
  const duration = stated === undefined ? report.duration : Math.max(stated, report.duration ?? 0)
  // what is stated besides is the length of the sound, whatever else there is
  const hasVideo = report.hasVideo && stated === undefined
  const missing = (duration ?? seconds) - seconds
  const isShort = missing > MISSING_SECONDS && !hasVideo
  if (errors.length > 0 && (isShort || duration === undefined))
    throw new AudioDecodeError({
      what: `ffmpeg could not read the file to its end: ${errors[0]!.slice(0, 200)}`,
      given: `${seconds.toFixed(2)} s`,
      expected: duration === undefined ? undefined : `the ${duration.toFixed(2)} s that it promises`,
      remedy: 'Fetch the file again',
      path,
    })
  const notes = errors.slice(0, 3).map((error) => `ffmpeg reports: ${error.slice(0, 200)}`)
  const changed = report.forms.find((form) => form !== report.forms[0])
  if (changed)
    notes.push(
      `the sound changes from ${report.forms[0]} to ${changed}: ffmpeg brought all of it to the first form, which alters its level`,
    )
  if (errors.length > 0 && missing > 0 && missing <= MISSING_SECONDS)
    notes.push(`${missing.toFixed(3)} s are damaged and were left out`)
  if (missing > MISSING_SECONDS && hasVideo)
    notes.push(`the sound ends ${missing.toFixed(2)} s before the end of the file`)
  else if (missing > MISSING_SECONDS)
    notes.push(`${missing.toFixed(2)} of the ${duration!.toFixed(2)} s that the file promises are missing`)
  return notes
}

/** A WAV file of the same sound. */
interface Converted {
  wav: string
  format: string
  notes: string[]
}

/** There is no ffmpeg. */
export class NoFfmpeg extends Error {}

/** What to do where ffmpeg is there and does not start. */
const START_REMEDIES: Record<string, string> = {
  ERR_ACCESS_DENIED: "Node's permission model blocks it: start node with --allow-child-process",
  EACCES: 'Make the ffmpeg on the PATH executable for this user',
  EAGAIN: 'Allow more processes (ulimit -u, pids.max of the control group), or start fewer',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n)',
  ENFILE: 'Too many files are open on this machine: close some',
  ENOMEM: 'Free some memory, or allow more (memory.max of the control group)',
}

/** The error of a start that failed. `isSought`: the file may be something that ffmpeg does not read either. */
function notStarted(cause: unknown, shown: string | undefined, isSought: boolean): Error {
  const { code = 'unknown error', message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || (code === 'ERR_ACCESS_DENIED' && isSought))
    return new NoFfmpeg('ffmpeg could not be started', { cause })
  return new IoError({
    what: `cannot start ffmpeg, which reads this file (${code})`,
    given: message,
    remedy: START_REMEDIES[code] ?? 'Check that ffmpeg runs: ffmpeg -version',
    path: shown,
    cause,
  })
}

/** ffmpeg made nothing of the file. */
export class NotRead extends AudioDecodeError {}

interface Conversion {
  /** the file that ffmpeg reads */
  path: string
  /** its name in messages */
  shown?: string
  size: number
  folder: string
}

async function convert(
  { path, shown, size, folder }: Conversion,
  { demuxer, seconds: stated }: Foreign,
  part: FilePart,
  signal?: AbortSignal,
): Promise<Converted> {
  signal?.throwIfAborted() // after this the child listens to it
  const wav = join(folder, 'audio.wav')
  const maxBytes = Math.min(allowedValues(size) * FLOAT_BYTES, Number.MAX_SAFE_INTEGER)
  const output = await open(wav, 'w+')
  try {
    const args = argumentsFor(path, demuxer, part, maxBytes)
    const { code, message } = await runFfmpeg(args, output, signal).catch((cause) => {
      signal?.throwIfAborted()
      throw notStarted(cause, shown, demuxer === undefined)
    })
    signal?.throwIfAborted()
    const report = readReport(message)
    const written = (await output.stat()).size
    if (code !== 0 || written === 0)
      throw new NotRead({
        what: `ffmpeg could not read the file: ${(report.errors[0] ?? (message.trim().split('\n')[0] || 'it gave no reason')).slice(0, 200)}`,
        remedy: 'Fetch the file again',
        path: shown,
      })
    if (written >= maxBytes * 0.99)
      throw new AudioDecodeError({
        what: 'the file holds far more sound than its size allows',
        given: `${size} bytes`,
        remedy: 'If it is a recording, convert it with ffmpeg: ffmpeg -i IN -c:a pcm_s16le OUT.wav',
        path: shown,
      })
    const { frames, sampleRate } = readWavLayout(new FileBytes(output.fd, written))
    const notes = checkWhole(report, frames / sampleRate, stated, shown)
    return { wav, format: demuxer ?? report.container ?? 'unknown', notes }
  } finally {
    await output.close()
  }
}

/**
 * Calls `use` with a WAV file of the same sound for each part, which is gone afterwards. Bytes are put into a file first,
 * since some containers must be read from both ends.
 * @returns what is known at the end
 * @throws NoFfmpeg, NotRead, AudioDecodeError, IoError
 */
export async function* withConvertedFile<T>(
  source: { path: string; size: number } | { bytes: Uint8Array },
  foreign: Foreign,
  signal: AbortSignal | undefined,
  use: (wav: string) => AsyncGenerator<T, void, void>,
): AsyncGenerator<T, DecodingEnd, void> {
  const folder = await mkdtemp(join(tmpdir(), 'clmr-')).catch((error) => {
    throw ioError(error, tmpdir(), 'make a temporary folder')
  })
  try {
    let conversion: Conversion
    if ('path' in source) conversion = { ...source, shown: source.path, folder }
    else {
      const path = join(folder, 'audio')
      await writeFile(path, source.bytes, { signal }).catch((error) => {
        signal?.throwIfAborted()
        throw ioError(error, path, 'write a temporary file')
      })
      conversion = { path, size: source.bytes.length, folder }
    }
    const end: DecodingEnd = { format: '', warnings: [...foreign.notes] }
    for (const part of foreign.parts ?? [{ start: 0 }]) {
      const { wav, format, notes } = await convert(conversion, foreign, part, signal)
      yield* use(wav)
      end.format = format
      end.warnings.push(...notes)
    }
    return end
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
