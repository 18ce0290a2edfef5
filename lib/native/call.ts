/** Calls across the boundary: abort signals go down, native errors come up as ClmrErrors with the caller's stack. */
import { onAbort } from '../abort.js'
import { ClmrError, clmrError, ERROR_CODES, type ErrorCode } from '../errors.js'
import type { AbortFlag } from './binding.js'
import { deviceFailure, remedyOfDevice } from './device-failure.js'
import { native } from './load.js'

interface NativeError extends Error {
  code?: string
  path?: string
}

const REMEDIES: Partial<Record<ErrorCode, string>> = {
  ERR_DISPOSED: 'Make a new one: a disposed object cannot be used again',
  ERR_MEMORY: 'Use a smaller batch',
  ERR_THREAD: 'Allow more threads (ulimit -u, pids.max of the control group)',
  ERR_NON_FINITE: 'Lower the learning rate',
  ERR_INTERNAL: 'This is a fault of clmr: please report it with this message',
  ERR_CHECKPOINT: 'Load a checkpoint of SampleCNN, as CLMR or this library writes them',
  ERR_CACHE: 'Run `clmr prepare` again: it repairs what is missing',
}

/** The codes of failures that libtorch words. */
const OF_LIBTORCH: ErrorCode[] = ['ERR_INTERNAL', 'ERR_MEMORY']

/** The error to reject with after an abort: the caller's reason, or an AbortError. */
export function abortReason(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException('The operation was aborted', 'AbortError')
}

/** A native error as a ClmrError; anything else unchanged. `caller` is an error made at the call, for its stack. */
export function fromNativeError(error: unknown, caller?: Error): unknown {
  if (error instanceof ClmrError) return error
  const { code, message, path } = (error ?? {}) as NativeError
  if (!code || !(code in ERROR_CODES)) return error
  const remedy =
    code === 'ERR_DEVICE' ? remedyOfDevice() : (REMEDIES[code as ErrorCode] ?? 'Correct the argument')
  const ofDevice = OF_LIBTORCH.includes(code as ErrorCode) ? deviceFailure(message, error) : undefined
  const result = ofDevice ?? clmrError(code as ErrorCode, { what: message, path, remedy, cause: error })
  if (caller?.stack)
    result.stack = `${result.name}: ${result.message}\n${caller.stack.split('\n').slice(1).join('\n')}`
  return result
}

/** For calls that return at once. */
export function callNativeSync<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw fromNativeError(error)
  }
}

/**
 * Runs `call` with an AbortFlag that follows `signal`.
 * @param options.detach reject as soon as the signal fires, while the native side still winds down: for calls that
 *        cannot stop within 250 ms and write nothing of the caller's. The others wait until their buffers are free.
 * @throws the signal's reason, or a ClmrError
 */
export async function callNative<T>(
  signal: AbortSignal | undefined,
  call: (abort: AbortFlag) => Promise<T>,
  options: { detach?: boolean } = {},
): Promise<T> {
  const caller = new Error()
  if (signal?.aborted) throw abortReason(signal)
  const flag = native().createAbortFlag()
  let reject: (reason: unknown) => void = () => {}
  const raise = () => {
    flag.raise()
    if (options.detach) reject(abortReason(signal!))
  }
  const ignore = onAbort(signal, raise)
  try {
    const running = call(flag)
    if (!options.detach || !signal) return await running
    running.catch(() => {}) // the race below may be over by then
    return await Promise.race([
      running,
      new Promise<never>((_, no) => {
        reject = no
      }),
    ])
  } catch (error) {
    if ((error as NativeError)?.code === 'ABORT')
      throw signal?.aborted
        ? abortReason(signal)
        : new DOMException('The operation was aborted', 'AbortError')
    throw fromNativeError(error, caller)
  } finally {
    ignore()
  }
}
