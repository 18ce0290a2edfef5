/** Where clmr keeps what it has fetched for this user. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { IoError } from '../errors.js'

/** The user's home folder; undefined if HOME is not set and the system does not know the user, as in many containers. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined
  } catch {
    return undefined
  }
}

function cachesOfUser(): string | undefined {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env
  const below = (...names: string[]) => {
    const home = homeFolder()
    return home && join(home, ...names)
  }
  if (process.platform === 'win32') return LOCALAPPDATA ?? below('AppData', 'Local')
  if (process.platform === 'darwin') return below('Library', 'Caches')
  return XDG_CACHE_HOME || below('.cache')
}

/** The user's cache folder of clmr: CLMR_CACHE, or the platform's usual place; undefined for a user without a home. */
export function cacheIfAny(): string | undefined {
  const caches = cachesOfUser()
  return process.env.CLMR_CACHE || (caches && join(caches, 'clmr'))
}

/** As `cacheIfAny`, where it is needed. @throws IoError for a user without a home */
export function cacheFolder(): string {
  const folder = cacheIfAny()
  if (folder !== undefined) return folder
  throw new IoError({
    what: 'this user has no home folder, and so no cache',
    expected: 'HOME, or CLMR_CACHE',
    remedy: 'Set CLMR_CACHE to a folder that can be written',
  })
}
