/** Whether a process still lives. Process numbers are reused; together with the start time they are unique. */
import { readFileSync } from 'node:fs'

/** When a process started, in the kernel's units: field 22 of /proc/pid/stat. Empty if the kernel does not say. */
export function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** @param start as `startOf` told it; empty: not known */
export function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return start === '' || start === startOf(pid)
}
