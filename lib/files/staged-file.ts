import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './durable.js'
import { makeFolder } from './make-folder.js'
import { temporaryName } from './temporary.js'

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx+')
  } catch {
    await makeFolder(dirname(path))
    return await open(path, 'wx+')
  }
}

/**
 * A file that is written out of order, such as one whose header is known last: under a temporary name beside its place,
 * until `commit`. What is written in order goes through `writeAtomically`. Errors are those of the file system.
 */
export class StagedFile implements AsyncDisposable {
  #open = true
  #placed = false

  private constructor(
    private readonly path: string,
    private readonly aside: string,
    readonly handle: FileHandle,
  ) {}

  /** Its folder is made if it is missing. */
  static async open(path: string): Promise<StagedFile> {
    const aside = temporaryName(path)
    return new StagedFile(path, aside, await openNew(aside))
  }

  /** Syncs the bytes, then puts them in their place: whatever lies there is replaced, even a folder. */
  async commit(): Promise<void> {
    await this.handle.sync()
    await this.#close()
    try {
      await rename(this.aside, this.path)
    } catch (error) {
      const found = await stat(this.path).catch(() => undefined)
      if (!found?.isDirectory()) throw error
      await rm(this.path, { recursive: true, force: true })
      await rename(this.aside, this.path)
    }
    this.#placed = true
    await syncFolder(dirname(this.path))
  }

  /** Without `commit`, nothing is left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    if (!this.#placed) await rm(this.aside, { force: true }).catch(() => undefined)
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.handle.close()
  }
}
