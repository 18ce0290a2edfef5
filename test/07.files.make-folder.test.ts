import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '#lib/files/make-folder.js'
import { failingFiles } from './helpers/failing-files.js'
import { withTempDir } from './helpers/temp-dir.js'

describe('07 files: folders', () => {
  it('makes all folders of a path, and is content with one that is there', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'a', 'b', 'c')
      await makeFolder(path)
      await makeFolder(path)
      assert.ok(existsSync(path))
    }))

  it('many at once make folders that share missing parents, 100 times over', () =>
    withTempDir(async (folder) => {
      for (let round = 0; round < 100; round++) {
        const paths = Array.from({ length: 8 }, (_, i) => join(folder, `${round}`, 'x', `${i % 6}`, 'y'))
        await Promise.all(paths.map((path) => makeFolder(path)))
        for (const path of paths) assert.ok(existsSync(path))
      }
    }))

  it('syncs the parent of each folder that it makes, and says so where that fails', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'a', 'b')
      const counted = failingFiles(-1, '')
      await makeFolder(path, counted)
      assert.deepEqual(counted.log, ['mkdir', 'mkdir', 'open', 'sync', 'mkdir', 'open', 'sync'])
      await makeFolder(path, counted)
      assert.equal(counted.log.length, 7)
      const failing = makeFolder(join(folder, 'c'), failingFiles(2, 'EIO'))
      await assert.rejects(failing, { code: 'ERR_IO', message: /EIO/ })
    }))

  it('BAD CALL - below a file is an IoError with the path', () =>
    withTempDir(async (folder) => {
      writeFileSync(join(folder, 'file'), '')
      const path = join(folder, 'file', 'sub')
      await assert.rejects(makeFolder(path), { code: 'ERR_IO', path })
    }))

  it('BAD CALL - where the file system takes no folders, the answer comes at once', async function () {
    this.timeout(5000)
    const path = process.platform === 'linux' ? '/proc/clmr/cache' : '/dev/null/clmr/cache'
    await assert.rejects(makeFolder(path), { code: 'ERR_IO', path })
  })
})
