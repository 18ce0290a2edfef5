import assert from 'node:assert/strict'
import { chmod, lstat, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError, IoError } from '#lib/errors.js'
import { writeAtomically } from '#lib/files/atomic-file.js'
import { nodeFiles } from '#lib/files/durable.js'
import { failingFiles } from './helpers/failing-files.js'
import { withTempDir } from './helpers/temp-dir.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const CHUNKS = [bytes('one '), bytes(''), bytes('two '), bytes('three')]

describe('06 files: atomic file', () => {
  it('writes all chunks in order, from an array and from an async generator, larger than one write', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'a')
      await writeAtomically(path, CHUNKS)
      assert.equal(await readFile(path, 'utf8'), 'one two three')
      const large = new Uint8Array(40_000_000).map((_, i) => i % 251)
      await writeAtomically(
        path,
        (async function* () {
          yield large
          yield bytes('end')
        })(),
      )
      const read = await readFile(path)
      assert.equal(read.length, 40_000_003)
      assert.equal(Buffer.compare(read.subarray(0, 40_000_000), large), 0)
      assert.deepEqual(await readdir(folder), ['a'])
    }))

  it('leaves the old file whole and no other file when any single operation fails, for every error code', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'a')
      const { log } = await trace(path)
      assert.deepEqual(log, ['open', 'write', 'write', 'write', 'sync', 'rename', 'open', 'sync'])
      for (const code of ['ENOSPC', 'EIO', 'EROFS', 'EACCES', 'EDQUOT'])
        for (let n = 0; n < log.length; n++) {
          await writeAtomically(path, [bytes('old')])
          const error = await writeAtomically(path, CHUNKS, failingFiles(n, code)).then(
            () => assert.fail(`operation ${n} failed and nobody noticed`),
            (e) => e,
          )
          assert.ok(error instanceof IoError)
          assert.equal(error.code, 'ERR_IO')
          assert.equal(error.path, path)
          assert.match(error.message, new RegExp(code))
          assert.ok(error.remedy.length > 10)
          const renamed = n >= log.indexOf('rename') + 1
          assert.equal(await readFile(path, 'utf8'), renamed ? 'one two three' : 'old')
          assert.deepEqual(await readdir(folder), ['a'])
        }
    }))

  if (process.platform === 'linux')
    it('reports a full disk, through the error that /dev/full gives', () =>
      withTempDir(async (folder) => {
        const path = join(folder, 'a')
        await writeFile(path, 'old')
        const full = {
          ...nodeFiles,
          open: async (name: string, flags: string) => {
            const [file, device] = [await open(name, flags), await open('/dev/full', 'w')]
            return {
              write: (b: Uint8Array, at: number, n: number) => device.write(b, at, n),
              sync: () => file.sync(),
              close: async () => {
                await file.close()
                await device.close()
              },
            }
          },
        }
        await assert.rejects(writeAtomically(path, CHUNKS, full), {
          code: 'ERR_IO',
          path,
          message: /ENOSPC.*full/,
        })
        assert.equal(await readFile(path, 'utf8'), 'old')
        assert.deepEqual(await readdir(folder), ['a'])
      }))

  it('keeps the old file when the source of the chunks throws, and passes a ClmrError through', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'a')
      await writeFile(path, 'old')
      const mine = new CheckpointError({ what: 'mine', remedy: 'none' })
      const chunks = (function* () {
        yield bytes('new')
        throw mine
      })()
      await assert.rejects(writeAtomically(path, chunks), (error) => error === mine)
      assert.equal(await readFile(path, 'utf8'), 'old')
      assert.deepEqual(await readdir(folder), ['a'])
    }))

  it('takes short writes to the end', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'a')
      const short = {
        ...nodeFiles,
        open: async (name: string, flags: string) => {
          const file = await open(name, flags)
          return {
            write: (b: Uint8Array, at: number, n: number) => file.write(b, at, Math.min(n, 2)),
            sync: () => file.sync(),
            close: () => file.close(),
          }
        },
      }
      await writeAtomically(path, CHUNKS, short)
      assert.equal(await readFile(path, 'utf8'), 'one two three')
    }))

  it('follows a symbolic link instead of replacing it', () =>
    withTempDir(async (folder) => {
      await mkdir(join(folder, 'elsewhere'))
      await writeFile(join(folder, 'elsewhere', 'target'), 'old')
      const link = join(folder, 'link')
      await symlink(join('elsewhere', 'target'), link)
      await writeAtomically(link, CHUNKS)
      assert.ok((await lstat(link)).isSymbolicLink())
      assert.equal(await readFile(join(folder, 'elsewhere', 'target'), 'utf8'), 'one two three')
    }))

  it('BAD CALL - a missing folder, a folder as target, a folder without permission', () =>
    withTempDir(async (folder) => {
      await assert.rejects(writeAtomically(join(folder, 'no', 'a'), CHUNKS), {
        code: 'ERR_IO',
        message: /ENOENT/,
      })
      await mkdir(join(folder, 'dir', 'full'), { recursive: true })
      await assert.rejects(writeAtomically(join(folder, 'dir'), CHUNKS), { code: 'ERR_IO' })
      assert.deepEqual(await readdir(folder), ['dir'])
      if (process.getuid?.() === 0) return
      await chmod(join(folder, 'dir'), 0o500)
      await assert.rejects(writeAtomically(join(folder, 'dir', 'a'), CHUNKS), {
        code: 'ERR_IO',
        message: /EACCES/,
      })
      await chmod(join(folder, 'dir'), 0o700)
    }))

  async function trace(path: string) {
    const files = failingFiles(-1, '')
    await writeAtomically(path, CHUNKS, files)
    return files
  }
})
