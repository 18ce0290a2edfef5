/**
 * Every failure that clmr reports is a `ClmrError` with a stable `code`, the `path` of the file where there is
 * one, what was `given`, what was `expected` and a `remedy`. The error of a lower layer is kept in `cause`.
 */

/** All error codes with their meanings, which never change. */
export const ERROR_CODES = {
  ERR_ARGUMENT: 'a parameter has the wrong type or value',
  ERR_SHAPE: 'an array has the wrong length',
  ERR_CONFIG: 'an option is unknown, misspelt, of the wrong type or out of range',
  ERR_DISPOSED: 'an object was used after dispose()',
  ERR_AUDIO_DECODE: 'an audio file is damaged, empty, truncated, or is not audio at all',
  ERR_AUDIO_FORMAT: 'an audio file has a format that clmr cannot decode',
  ERR_NON_FINITE: 'samples, a loss or a gradient hold NaN or infinity',
  ERR_DATASET: 'a data set or its labels cannot be used as they are',
  ERR_CACHE: 'a prepared cache is missing, incomplete or damaged',
  ERR_CHECKPOINT: 'a checkpoint or model file is damaged or unsafe, or does not hold the expected weights',
  ERR_DOWNLOAD: 'a download failed, or the file is not the one that was published',
  ERR_DEVICE: 'a device is not available or cannot be used',
  ERR_LIBTORCH_NOT_FOUND: 'no libtorch was found',
  ERR_LIBTORCH_VERSION: 'a libtorch of another version was found',
  ERR_LIBTORCH_INSTALL: 'libtorch could not be downloaded or verified',
  ERR_ADDON: 'the native part of clmr is missing or cannot be loaded',
  ERR_IO: 'a file or folder cannot be read or written',
  ERR_MEMORY: 'not enough memory',
  ERR_THREAD: 'the system or Node refused to start a thread',
  ERR_INTERNAL: 'a bug in clmr',
} as const

/** The codes of errors. */
export type ErrorCode = keyof typeof ERROR_CODES

/** What the message of an error is made of. */
export interface ErrorDetails {
  /** What went wrong: one sentence without a full stop. */
  what: string
  /** What the caller passed. */
  given?: string
  /** What would have been right. */
  expected?: string
  /** What to do now: one sentence without a full stop. */
  remedy: string
  /** The file or folder concerned. */
  path?: string
  /** The underlying error. */
  cause?: unknown
}

function sentence(details: ErrorDetails): string {
  const { what, given, expected, remedy, path } = details
  const facts = [given !== undefined && `given ${given}`, expected !== undefined && `expected ${expected}`]
  const inParentheses = facts.filter(Boolean).join(', ')
  return `${path === undefined ? '' : `${path}: `}${what}${inParentheses ? ` (${inParentheses})` : ''}. ${remedy}.`
}

/** What each error was made of. */
const madeOf = new WeakMap<ClmrError, ErrorDetails>()

/** The base of all errors of this library. */
export class ClmrError extends Error {
  /** One of `ERROR_CODES`; a code never changes its meaning. */
  readonly code: ErrorCode
  /** The file or folder concerned. */
  readonly path?: string
  /** What the caller passed. */
  readonly given?: string
  /** What would have been right. */
  readonly expected?: string
  /** What to do now. */
  readonly remedy: string

  /** An error whose message is made of `details`. */
  constructor(code: ErrorCode, details: ErrorDetails) {
    super(sentence(details), details.cause === undefined ? undefined : { cause: details.cause })
    madeOf.set(this, details)
    this.name = new.target.name
    this.code = code
    this.path = details.path
    this.given = details.given
    this.expected = details.expected
    this.remedy = details.remedy
  }

  /** The properties as plain data, including `message`. */
  toJSON(): Record<string, unknown> {
    const { code, message, path, given, expected, remedy } = this
    return { code, message, path, given, expected, remedy }
  }
}

/** `ERR_ARGUMENT`: a parameter has the wrong type or value. */
export class ArgumentError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_ARGUMENT', details)
  }
}

/** `ERR_SHAPE`: an array has the wrong length. */
export class ShapeError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_SHAPE', details)
  }
}

/** `ERR_CONFIG`: an option is unknown, misspelt, of the wrong type or out of range. */
export class ConfigError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_CONFIG', details)
  }
}

/** `ERR_DISPOSED`: an object was used after `dispose()`. */
export class DisposedError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_DISPOSED', details)
  }
}

/** `ERR_AUDIO_DECODE`: an audio file is damaged, empty, truncated, or is not audio at all. */
export class AudioDecodeError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_AUDIO_DECODE', details)
  }
}

/** `ERR_AUDIO_FORMAT`: an audio file has a format that clmr cannot decode. */
export class AudioFormatError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_AUDIO_FORMAT', details)
  }
}

/** `ERR_NON_FINITE`: samples, a loss or a gradient hold NaN or infinity. */
export class NonFiniteError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_NON_FINITE', details)
  }
}

/** `ERR_DATASET`: a data set or its labels cannot be used as they are. */
export class DatasetError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_DATASET', details)
  }
}

/** More files are unusable than `maxReject` allows. */
export class RejectLimitError extends DatasetError {}

/** `ERR_CACHE`: a prepared cache is missing, incomplete or damaged. */
export class CacheError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_CACHE', details)
  }
}

/** `ERR_CHECKPOINT`: a checkpoint or model file is damaged or unsafe, or does not hold the expected weights. */
export class CheckpointError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_CHECKPOINT', details)
  }
}

/** `ERR_DEVICE`: a device is not available or cannot be used. */
export class DeviceError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_DEVICE', details)
  }
}

/** `ERR_IO`: a file or folder cannot be read or written. */
export class IoError extends ClmrError {
  /** An error whose message is made of `details`. */
  constructor(details: ErrorDetails) {
    super('ERR_IO', details)
  }
}

const SUBCLASSES: Partial<Record<ErrorCode, new (details: ErrorDetails) => ClmrError>> = {
  ERR_ARGUMENT: ArgumentError,
  ERR_SHAPE: ShapeError,
  ERR_CONFIG: ConfigError,
  ERR_DISPOSED: DisposedError,
  ERR_AUDIO_DECODE: AudioDecodeError,
  ERR_AUDIO_FORMAT: AudioFormatError,
  ERR_NON_FINITE: NonFiniteError,
  ERR_DATASET: DatasetError,
  ERR_CACHE: CacheError,
  ERR_CHECKPOINT: CheckpointError,
  ERR_DEVICE: DeviceError,
  ERR_IO: IoError,
}

const NOT_OF_A_FILE: readonly ErrorCode[] = [
  'ERR_THREAD',
  'ERR_ADDON',
  'ERR_LIBTORCH_NOT_FOUND',
  'ERR_LIBTORCH_VERSION',
]

/** Whether every other file would fail in the same way: the fault lies with the process, not with the file. */
export function concernsProcess(error: unknown): boolean {
  return error instanceof ClmrError && NOT_OF_A_FILE.includes(error.code)
}

/** An error with this code, of the subclass for the code if there is one. */
export function clmrError(code: ErrorCode, details: ErrorDetails): ClmrError {
  const Subclass = SUBCLASSES[code]
  return Subclass ? new Subclass(details) : new ClmrError(code, details)
}

/** The same error under the code of the caller. */
export function withCode(error: ClmrError, code: ErrorCode): ClmrError {
  return clmrError(code, madeOf.get(error)!)
}

/** The name of the class of an object, which a proxy or a getter may keep to itself. */
function className(value: object): string {
  try {
    const name: unknown = value.constructor?.name
    return typeof name === 'string' && name !== '' ? name : 'no prototype'
  } catch {
    return 'no prototype'
  }
}

/** Words for a value in an error message: short, with its type, never a dump. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string')
    return value.length > 80 ? `a string of ${value.length} characters` : JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return `${value}`
  if (ArrayBuffer.isView(value))
    return `a ${className(value)} of ${(value as Float32Array).length ?? value.byteLength}`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'function') return 'a function'
  return `an object (${className(value)})`
}

/** Turns an error of the file system into an `IoError` with a remedy that fits its code. An `IoError` stays as it is. */
export function ioError(cause: unknown, path: string | undefined, doing: string): IoError {
  if (cause instanceof IoError) return cause
  const { code = 'unknown error', permission } = (cause ?? {}) as NodeJS.ErrnoException & {
    permission?: string
  }
  const remedies: Record<string, string> = {
    ENOENT: 'Check the path',
    EACCES: 'Check the permissions',
    EPERM: 'Check the permissions',
    EROFS: 'The file system is read-only: choose another folder',
    ENOSPC: 'The disk is full: free some space',
    EDQUOT: 'The disk quota is used up: free some space',
    EISDIR: 'It is a folder: name a file',
    ENOTDIR: 'A part of the path is a file: name a folder',
    ELOOP: 'A link leads back to itself: correct it',
    ENODATA: 'Nothing is written into this pipe: start what writes into it first',
    ENAMETOOLONG: 'The name is too long: choose a shorter one',
    ENXIO: 'Nothing is at its other end: start what reads from it first',
    EMFILE: 'Too many files are open: raise the limit (ulimit -n)',
    ERR_ACCESS_DENIED: `Node's permission model blocks it: start node with ${permission === 'FileSystemWrite' ? '--allow-fs-write' : '--allow-fs-read'} for this path`,
  }
  return new IoError({
    what: `cannot ${doing} (${code})`,
    path,
    remedy: remedies[code] ?? 'Check the path and the disk',
    cause,
  })
}
