import { ClmrError, withCode } from '../errors.js'

export function installError(what: string, path: string, remedy: string, cause?: unknown): ClmrError {
  return new ClmrError('ERR_LIBTORCH_INSTALL', { what, path, remedy, cause })
}

/** What goes wrong with a download in `work` is a failure of the installation. */
export async function withInstallErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof ClmrError && error.code === 'ERR_DOWNLOAD'
      ? withCode(error, 'ERR_LIBTORCH_INSTALL')
      : error
  }
}
