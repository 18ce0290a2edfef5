import { type FileOperations, nodeFiles } from '#lib/files/durable.js'

export interface CountedFiles extends FileOperations {
  /** every operation that was asked for, in order */
  log: string[]
}

/** The real file system, in which the operation number `failAt` (from 0) fails with `code`. */
export function failingFiles(failAt: number, code: string): CountedFiles {
  const log: string[] = []
  const count = (operation: string) => {
    log.push(operation)
    if (log.length - 1 === failAt) throw Object.assign(new Error(`${code}: injected`), { code })
  }
  return {
    log,
    async open(path, flags, mode) {
      count('open')
      const file = await nodeFiles.open(path, flags, mode)
      return {
        async write(buffer, offset, length) {
          count('write')
          return file.write(buffer, offset, length)
        },
        async sync() {
          count('sync')
          await file.sync()
        },
        async close() {
          await file.close()
        },
      }
    },
    async rename(from, to) {
      count('rename')
      await nodeFiles.rename(from, to)
    },
    async mkdir(path) {
      count('mkdir')
      return nodeFiles.mkdir(path)
    },
    rm: nodeFiles.rm,
  }
}
