/** Failures of threads, and of what knows no path, as the errors that a caller gets. */
import { ClmrError, clmrError, concernsProcess } from '../errors.js'
import type { DecodeFailure } from './types.js'

/** The failure of a thread as the error that its code stands for. */
export function toError({ code, foreign: _, ...details }: DecodeFailure, path?: string): ClmrError {
  return clmrError(code, { ...details, path })
}

/** What comes without a path gets it: neither the native side nor a thread knows which file its samples came from. */
export function located(error: unknown, path: string | undefined, signal: AbortSignal | undefined): unknown {
  if (
    signal?.aborted ||
    concernsProcess(error) ||
    (error instanceof ClmrError && (error.path !== undefined || path === undefined))
  )
    return error
  const isOurs = error instanceof ClmrError
  const what = `its samples cannot be decoded: ${error instanceof Error ? error.message : String(error)}`
  const remedy = isOurs ? error.remedy : 'This is a fault of clmr: please report it with the file'
  return clmrError(isOurs ? error.code : 'ERR_INTERNAL', { what, remedy, path, cause: error })
}
