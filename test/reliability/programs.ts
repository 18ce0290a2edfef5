import { spawnSync } from 'node:child_process'

/** Whether a program can be started here. */
export function hasProgram(name: string, ...args: string[]): boolean {
  return spawnSync(name, args.length > 0 ? args : ['--version'], { stdio: 'ignore' }).status === 0
}
