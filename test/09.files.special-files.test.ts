import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Encoder, IoError, inspectModel, openDataset, prepare } from 'clmr'
import { writeAtomically } from '#lib/files/atomic-file.js'
import { openRegularFile, readTextInput } from '#lib/files/input.js'
import { checkOutput, checkWritable } from '#lib/files/output.js'
import { removeLeftovers, temporaryName } from '#lib/files/temporary.js'
import { readTrainingConfig } from '#lib/train/config.js'
import { withTempDir } from './helpers/temp-dir.js'
import { wav } from './helpers/wav.js'

const cwd = fileURLToPath(new URL('..', import.meta.url))
const linux = process.platform === 'linux'
const root = process.geteuid?.() === 0
const content = [Buffer.from('one '), Buffer.from('two')]
const fifo = (path: string) => {
  execFileSync('mkfifo', [path])
  return path
}

/** Whether this machine lets a file be mounted; containers often do not. */
function mountOver(source: string, target: string): boolean {
  try {
    execFileSync('mount', ['--bind', source, target], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('09 files: inputs that are no files', () => {
  it('a pipe that nobody writes to, a folder, a device and a socket are refused at once as what they are', () =>
    withTempDir(async (folder) => {
      const pipe = fifo(join(folder, 'pipe'))
      await mkdir(join(folder, 'sub'))
      for (const [path, message] of [
        [pipe, /named pipe/],
        [join(folder, 'sub'), /a folder/],
        ['/dev/zero', /a device/],
      ] as const)
        for (const read of [openRegularFile, readTextInput])
          await assert.rejects(read(path), (error) => error instanceof IoError && message.test(error.message))
      const socket = join(folder, 'socket')
      const server = createServer().listen(socket)
      await assert.rejects(readTextInput(socket))
      server.close()
    }))

  it('a pipe as model, labels, configuration or index of a cache hangs nothing', function () {
    this.timeout(20_000)
    return withTempDir(async (folder) => {
      const pipe = fifo(join(folder, 'pipe.safetensors'))
      const music = join(folder, 'music')
      await mkdir(music)
      await writeFile(join(music, 'a.wav'), wav({ frames: 4410 }))
      await assert.rejects(Encoder.load(pipe), { code: 'ERR_IO', message: /named pipe/ })
      await assert.rejects(inspectModel(pipe), { code: 'ERR_IO', message: /named pipe/ })
      // each waits for a writer for two seconds: at once
      await Promise.all([
        assert.rejects(prepare(music, { cache: join(folder, 'c'), labels: pipe }), {
          code: 'ERR_IO',
          message: /Nothing is written into this pipe/,
        }),
        assert.rejects(readTrainingConfig(pipe), { code: 'ERR_IO', message: /ENODATA/ }),
      ])
      await mkdir(join(folder, 'cache'))
      fifo(join(folder, 'cache', 'index.json'))
      await assert.rejects(openDataset(join(folder, 'cache')), { code: 'ERR_IO', message: /named pipe/ })
    })
  })

  it('where a pipe makes sense, it is read to its end, however slowly it comes', () =>
    withTempDir(async (folder) => {
      const pipe = fifo(join(folder, 'pipe'))
      // open for both directions, it is there before a reader comes
      const writing = async (what: string) => {
        const writer = spawn('sh', ['-c', `exec 3<>'${pipe}'; echo open; ${what}`])
        await once(writer.stdout, 'data')
        return writer
      }
      await writing('(echo seed: 7; sleep 0.3; echo batchSize: 3) >&3')
      const { config } = await readTrainingConfig(pipe)
      assert.deepEqual([config.seed, config.batchSize], [7, 3])
      const silent = await writing('exec sleep 60')
      const aborted = readTextInput(pipe, { pipe: true, signal: AbortSignal.timeout(100) })
      await assert.rejects(aborted, { name: /AbortError|TimeoutError/ })
      silent.kill()
    }))
})

describe('09 files: outputs that are no files', () => {
  it('a pipe gets the bytes and stays a pipe, also when its reader comes late', () =>
    withTempDir(async (folder) => {
      const pipe = fifo(join(folder, 'pipe'))
      const large = new Uint8Array(300_000).fill(7)
      await checkOutput(pipe)
      const written = writeAtomically(pipe, [large])
      await setTimeout(200)
      const { stdout } = await promisify(execFile)('sh', ['-c', `wc -c < '${pipe}'`])
      await written
      assert.equal(Number(stdout), 300_000)
      assert.ok((await lstat(pipe)).isFIFO())
      assert.deepEqual(await readdir(folder), ['pipe'])
    }))

  if (linux)
    it('a device is written to and stays one; a full one says so', async () => {
      for (const device of ['/dev/null', '/dev/full']) {
        const before = await stat(device)
        await checkOutput(device)
        const written = writeAtomically(device, content)
        if (device === '/dev/null') await written
        else await assert.rejects(written, { code: 'ERR_IO', message: /ENOSPC/ })
        const after = await lstat(device)
        assert.deepEqual([after.isCharacterDevice(), after.rdev], [true, before.rdev])
      }
    })

  it('a folder and a socket are refused before the work', () =>
    withTempDir(async (folder) => {
      await assert.rejects(checkOutput(folder), { code: 'ERR_IO', message: /a folder/ })
      const socket = join(folder, 'socket')
      const server = createServer().listen(socket)
      await assert.rejects(checkOutput(socket), { code: 'ERR_IO', message: /a socket/ })
      assert.ok((await lstat(socket)).isSocket())
      server.close()
    }))

  it('links stay links: to nowhere yet, over several steps, into a folder; one that leads to itself is an error', () =>
    withTempDir(async (folder) => {
      await mkdir(join(folder, 'real'))
      await symlink('real', join(folder, 'folder'))
      await symlink('folder/../real/x', join(folder, 'a'))
      await symlink('a', join(folder, 'b'))
      await checkOutput(join(folder, 'b'))
      await writeAtomically(join(folder, 'b'), content)
      assert.equal(await readlink(join(folder, 'b')), 'a')
      assert.equal(await readlink(join(folder, 'a')), 'folder/../real/x')
      assert.equal(await readFile(join(folder, 'real', 'x'), 'utf8'), 'one two')
      await symlink('loop', join(folder, 'loop'))
      await assert.rejects(checkOutput(join(folder, 'loop')), { code: 'ERR_IO', message: /ELOOP/ })
    }))

  it('a second name of the file shows the new content', () =>
    withTempDir(async (folder) => {
      const [path, other] = [join(folder, 'a'), join(folder, 'b')]
      await writeFile(path, 'what was there before, and longer')
      await link(path, other)
      await writeAtomically(path, content)
      assert.equal(await readFile(other, 'utf8'), 'one two')
      assert.deepEqual((await readdir(folder)).sort(), ['a', 'b'])
    }))

  it('mode and owner of what is replaced stay', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'a')
      for (const mode of [0o600, 0o640, 0o666, 0o444]) {
        await rm(path, { force: true })
        await writeFile(path, 'old')
        await chmod(path, mode)
        if (root) await chown(path, 1234, 4321)
        await checkOutput(path)
        await writeAtomically(path, content)
        const after = await stat(path)
        assert.equal(after.mode & 0o7777, mode)
        if (root) assert.deepEqual([after.uid, after.gid], [1234, 4321])
        assert.equal(await readFile(path, 'utf8'), 'one two')
      }
    }))

  it('the longest legal names are written, one byte more is told before the work', () =>
    withTempDir(async (folder) => {
      for (const name of ['n'.repeat(255), `${'ö'.repeat(127)}n`, `${'音'.repeat(85)}`]) {
        const path = join(folder, name)
        await checkOutput(path)
        await writeAtomically(path, content)
        assert.equal(await readFile(path, 'utf8'), 'one two')
        await assert.rejects(checkOutput(`${path}n`), { code: 'ERR_IO', message: /ENAMETOOLONG.*shorter/ })
        await assert.rejects(writeAtomically(`${path}n`, content), {
          code: 'ERR_IO',
          message: /ENAMETOOLONG/,
        })
      }
      let deep = folder
      while (deep.length < 3980) deep = join(deep, 'd'.repeat(Math.min(200, 4085 - deep.length)))
      await mkdir(deep, { recursive: true })
      const path = join(deep, 'n'.repeat(Math.max(1, 4094 - deep.length)))
      await writeAtomically(path, content)
      assert.equal(await readFile(path, 'utf8'), 'one two')
      assert.equal((await readdir(deep)).length, 1)
    }))

  if (linux && root)
    it('a file that is mounted is overwritten and stays mounted, also in a folder that is read-only', () =>
      withTempDir(async (folder) => {
        const [below, above] = [join(folder, 'below'), join(folder, 'above')]
        await writeFile(below, 'old')
        await writeFile(above, 'the mount point itself')
        if (!mountOver(below, above)) return
        try {
          await checkOutput(above)
          await writeAtomically(above, content)
          assert.equal(await readFile(below, 'utf8'), 'one two')
        } finally {
          execFileSync('umount', [above])
        }
        assert.equal(await readFile(above, 'utf8'), 'the mount point itself')
      }))

  if (linux && root)
    it('another user: a file that may be written in a folder that may not, and the other way round', () =>
      withTempDir(async (folder) => {
        await chmod(folder, 0o755)
        const open = join(folder, 'open')
        await writeFile(open, 'old')
        await chmod(open, 0o666)
        const sticky = join(folder, 'sticky')
        await mkdir(sticky)
        await chmod(sticky, 0o1777)
        const mine = join(sticky, 'mine')
        await writeFile(mine, 'old')
        await chmod(mine, 0o644)
        const [before] = [await stat(open)]
        const program = `import { checkOutput } from '#lib/files/output.js'
          import { writeAtomically } from '#lib/files/atomic-file.js'
          process.setgid(65534)
          process.setuid(65534)
          await checkOutput(${JSON.stringify(open)})
          await writeAtomically(${JSON.stringify(open)}, [Buffer.from('new')])
          const told = await checkOutput(${JSON.stringify(mine)}).catch((error) => error.message)
          console.log(told)`
        const told = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
          cwd,
          encoding: 'utf8',
        })
        assert.match(told, /cannot write \(EACCES\)/)
        assert.equal(await readFile(open, 'utf8'), 'new')
        const after = await stat(open)
        assert.deepEqual([after.uid, after.mode, after.ino], [before.uid, before.mode, before.ino])
      }))

  it('where no file can be made is told before the work, to root too', async () => {
    if (!linux) return
    await assert.rejects(checkOutput('/proc/self/report.html'), { code: 'ERR_IO' })
    await assert.rejects(checkWritable('/dev/null/sub/report.html'), { code: 'ERR_IO' })
  })
})

describe('09 files: leftovers of killed processes', () => {
  it('the next writer removes what a killed process left, and nothing that anybody may still need', () =>
    withTempDir(async (folder) => {
      const dead = spawn(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import { writeAtomically } from '#lib/files/atomic-file.js'
         await writeAtomically(${JSON.stringify(join(folder, 'out'))}, (async function* () {
           yield Buffer.from('half')
           process.kill(process.pid, 'SIGKILL')
         })())`,
        ],
        { cwd },
      )
      await new Promise((resolve) => dead.on('close', resolve))
      const [left] = await readdir(folder)
      assert.match(left!, /^\.out\..*\.tmp$/)
      const keep = [
        temporaryName(join(folder, 'in-work')),
        join(folder, '.of-somebody-else.tmp'),
        join(folder, `.x.00000000-1-1-00000000.tmp`),
      ]
      for (const path of keep) await writeFile(path, '')
      const stale = join(folder, '.x.00000000-1-1-00000001.tmp')
      await writeFile(stale, '')
      await utimes(stale, 1e9, 1e9)
      await removeLeftovers(folder)
      assert.deepEqual(
        (await readdir(folder)).sort(),
        keep.map((path) => path.slice(folder.length + 1)).sort(),
      )
    }))
})
