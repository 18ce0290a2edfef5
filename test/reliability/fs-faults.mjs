// Preload that makes one operation of the file system fail, or ends the process at it. Operations count where their path
// lies under `under`. By the environment, CLMR_FS_FAULT as JSON, or in the process, through the object that this exports:
//   { under: string, at: number, how: 'kill' | 'hang' | 'ENOSPC' | 'EIO' … , only?: ['write', …] }
// A killed or failing write has written the half of its bytes.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const files = fs.promises
/** handle → path */
const opened = new WeakMap()

export const faults = {
  plan: process.env.CLMR_FS_FAULT ? JSON.parse(process.env.CLMR_FS_FAULT) : undefined,
  /** operations that counted, in order */
  log: [],
}
globalThis[Symbol.for('clmr.fs-faults')] = faults

/** Whether this is the operation that fails. */
function strikes(operation, path) {
  const { plan, log } = faults
  if (!plan || typeof path !== 'string' || !path.startsWith(plan.under)) return false
  if (plan.only && !plan.only.includes(operation)) return false
  log.push(`${operation} ${path}`)
  return log.length === plan.at
}

function strike(path) {
  if (faults.plan.how === 'kill') {
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => {})
  }
  const { how } = faults.plan
  if (how === 'hang') return new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1))
  throw Object.assign(new Error(`${how}: planned, ${path}`), { code: how, syscall: 'write', path })
}

for (const operation of ['rename', 'mkdir', 'rm', 'link', 'unlink', 'writeFile', 'truncate', 'copyFile']) {
  const real = files[operation]
  files[operation] = async (path, ...rest) => {
    if (strikes(operation, String(path))) return strike(path)
    return real(path, ...rest)
  }
}

/** Handles have no constructor of their own to reach: the first one that is opened shows their methods. */
let isPatched = false
function patchHandles(handles) {
  isPatched = true
  for (const operation of ['write', 'sync', 'truncate', 'appendFile', 'writeFile']) {
    const real = handles[operation]
    handles[operation] = async function (...args) {
      const path = opened.get(this)
      if (!strikes(operation, path)) return real.apply(this, args)
      const [bytes, at = 0, length = bytes?.byteLength - at] = args
      if (operation === 'write' && ArrayBuffer.isView(bytes)) await real.call(this, bytes, at, length >> 1)
      return strike(path)
    }
  }
}

const { open } = files
files.open = async (path, ...rest) => {
  const flags = rest[0] ?? 'r'
  const writes = typeof flags === 'string' ? flags !== 'r' : (flags & 3) !== 0
  if (writes && strikes('open', String(path))) return strike(path)
  const handle = await open(path, ...rest)
  if (!isPatched) patchHandles(Object.getPrototypeOf(handle))
  opened.set(handle, String(path))
  return handle
}
syncBuiltinESMExports()
