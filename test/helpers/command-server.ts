import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Finished } from './node-process.js'

const SERVER = fileURLToPath(new URL('./command-process.mjs', import.meta.url))

interface Waiting {
  resolve(finished: Finished): void
  reject(error: Error): void
}

/** Runs command lines one after the other in one process, which does not keep this one alive while it waits. */
export class CommandServer {
  private child: ChildProcess | undefined
  private readonly waiting = new Map<number, Waiting>()
  private asked = 0

  run(args: readonly string[]): Promise<Finished> {
    this.child ??= this.start()
    const { child } = this
    const id = this.asked++
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      this.hold(child)
      child.send({ id, args, cwd: process.cwd() })
    })
  }

  private start(): ChildProcess {
    const child = fork(SERVER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    child.on('message', ({ id, ...finished }: Finished & { id: number }) => {
      this.waiting.get(id)?.resolve(finished)
      this.waiting.delete(id)
      this.hold(child)
    })
    child.on('exit', (code, signal) => {
      this.child = undefined
      for (const { reject } of this.waiting.values())
        reject(new Error(`a command ended its process: ${code ?? signal}`))
      this.waiting.clear()
    })
    return child
  }

  /** The process and its channel keep this one alive only while a command runs. */
  private hold(child: ChildProcess): void {
    const how = this.waiting.size > 0 ? 'ref' : 'unref'
    child[how]()
    child.channel?.[how]()
  }
}
