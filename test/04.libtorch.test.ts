import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { download } from '#lib/download/download.js'
import { type LockOwner, withLock } from '#lib/files/process-lock.js'
import { findLibtorch, surveyLibtorch } from '#lib/libtorch/find.js'
import { findWheelUrl } from '#lib/libtorch/package-index.js'
import { libraryFile } from '#lib/libtorch/release.js'
import { checkWheel, extractWheel } from '#lib/libtorch/wheel.js'
import { checkEnvironment } from '#lib/native/environment.js'
import { fakeWheel } from './helpers/fake-wheel.js'

describe('04 libtorch', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'clmr-libtorch-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const withEnvironment = <T>(values: Record<string, string | undefined>, body: () => T): T => {
    // Key by key: a plain object in the place of process.env would not reach worker threads and children.
    const set = (all: Record<string, string | undefined>) => {
      for (const [key, value] of Object.entries(all))
        if (value === undefined) delete process.env[key]
        else process.env[key] = value
    }
    const before = Object.fromEntries(Object.keys(values).map((key) => [key, process.env[key]]))
    set(values)
    try {
      return body()
    } finally {
      set(before)
    }
  }

  it('CLMR_LIBTORCH_VERSION takes any version or the pinned one, and a release is not built with it', () => {
    checkEnvironment({ CLMR_LIBTORCH_VERSION: 'any' })
    assert.throws(() => checkEnvironment({ CLMR_LIBTORCH_VERSION: '2.11' }), /CLMR_LIBTORCH_VERSION.*'any'/)
    const env = { ...process.env, CLMR_LIBTORCH_VERSION: 'any' }
    for (const name of ['prebuilds', 'package', 'release-check']) {
      const script = fileURLToPath(new URL(`../scripts/${name}.mjs`, import.meta.url))
      const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', env })
      assert.deepEqual([name, status, /built for its own libtorch/.test(stderr)], [name, 1, true])
    }
  })

  it('CLMR_LIBTORCH comes first, as the folder above lib or as lib itself', () => {
    mkdirSync(join(folder, 'lib'))
    writeFileSync(join(folder, 'lib', libraryFile('torch_cpu')), '')
    for (const value of [folder, join(folder, 'lib')]) {
      const found = withEnvironment({ CLMR_LIBTORCH: value }, () => findLibtorch())
      assert.deepEqual(
        [found.origin, found.root, found.libraries],
        ['CLMR_LIBTORCH', folder, join(folder, 'lib')],
      )
    }
  })

  it('one with CUDA in the cache was asked for: it comes before the platform package, and is built against as well', () => {
    const torch = join(folder, 'libtorch-2.15.0-cuda', 'torch')
    for (const file of [`lib/${libraryFile('torch_cpu')}`, 'include/ATen/ATen.h']) {
      mkdirSync(dirname(join(torch, file)), { recursive: true })
      writeFileSync(join(torch, file), '')
    }
    for (const headers of [false, true]) {
      const nowhere = { CLMR_LIBTORCH: undefined, CLMR_CACHE: folder }
      const { origin, root } = withEnvironment(nowhere, () => findLibtorch({ headers }))
      assert.deepEqual([origin, root], ['cache with CUDA', torch])
    }
  })

  it('BAD CALL - a CLMR_LIBTORCH without libtorch is an error that names it, not a reason to look elsewhere', () => {
    assert.throws(() => withEnvironment({ CLMR_LIBTORCH: folder }, () => findLibtorch()), {
      code: 'ERR_LIBTORCH_NOT_FOUND',
      path: folder,
      message: /CLMR_LIBTORCH holds no libtorch/,
    })
  })

  it('where there is none, the error lists every place and the command that helps', () => {
    const nowhere = { CLMR_LIBTORCH: undefined, CLMR_CACHE: folder, CLMR_PYTHON: undefined, PATH: '' }
    assert.throws(
      () => withEnvironment(nowhere, () => findLibtorch()),
      (error: Error) => {
        for (const place of [
          'cache with CUDA',
          'platform package',
          'cache',
          'python',
          'clmr libtorch install',
        ])
          assert.match(error.message, new RegExp(place))
        return true
      },
    )
    assert.equal(withEnvironment(nowhere, () => surveyLibtorch()).length, 5)
  })

  it('libraries, headers and licences are taken out of the wheel, the rest is left', async () => {
    const { wheel, bytes, library } = fakeWheel()
    writeFileSync(join(folder, wheel.file), bytes)
    await checkWheel(join(folder, wheel.file), wheel)
    assert.equal(await extractWheel(join(folder, wheel.file), wheel, join(folder, 'out')), 6)
    assert.deepEqual(new Uint8Array(readFileSync(join(folder, 'out', 'lib', 'libtorch_cpu.so'))), library)
    assert.ok(existsSync(join(folder, 'out', 'include', 'ATen', 'ATen.h')))
    assert.ok(existsSync(join(folder, 'out', 'licenses', 'third_party', 'gloo', 'LICENSE')))
    assert.ok(!existsSync(join(folder, 'out', 'lib', 'libtorch_python.so')))
  })

  it('one flipped byte in the wheel is refused with both hashes', async () => {
    const { wheel, bytes } = fakeWheel()
    bytes[1000]! ^= 1
    writeFileSync(join(folder, wheel.file), bytes)
    await assert.rejects(checkWheel(join(folder, wheel.file), wheel), {
      code: 'ERR_LIBTORCH_INSTALL',
      expected: wheel.sha256,
    })
  })

  it('what is unpacked is checked by itself: library, header and licence, changed, missing or too many', async () => {
    const changed = {
      'torch/lib/libtorch_cpu.so': /lib\/libtorch_cpu\.so: a library is damaged/,
      'torch/include/ATen/ATen.h': /include: a folder of the wheel is damaged/,
      'torch-0.0.0.dist-info/licenses/LICENSE': /licenses: a folder of the wheel is damaged/,
      'torch/include/ATen/More.h': /include: a folder .* \(given 3 files, .*, expected 2 files, /,
    }
    for (const [member, message] of Object.entries(changed)) {
      const { wheel } = fakeWheel()
      const other = fakeWheel({ [member]: new TextEncoder().encode('changed') })
      writeFileSync(join(folder, wheel.file), other.bytes)
      const out = join(folder, 'out')
      await assert.rejects(extractWheel(join(folder, wheel.file), wheel, out), {
        code: 'ERR_LIBTORCH_INSTALL',
        message,
      })
      const part = member.startsWith('torch/lib') ? 'lib/libtorch_cpu.so' : member.split('/')[1]!
      assert.ok(!existsSync(join(out, part)), 'what is damaged is deleted')
      rmSync(out, { recursive: true, force: true })
    }
    const { wheel } = fakeWheel()
    const lacking = fakeWheel({ 'torch/lib/libc10.so': undefined })
    writeFileSync(join(folder, wheel.file), lacking.bytes)
    await assert.rejects(extractWheel(join(folder, wheel.file), wheel, join(folder, 'out')), {
      message: /libc10\.so: the wheel has not all libraries/,
    })
  })

  it('a file that is no zip is an error with its path', async () => {
    writeFileSync(join(folder, 'x.whl'), 'not a zip')
    await assert.rejects(extractWheel(join(folder, 'x.whl'), fakeWheel().wheel, folder), {
      code: 'ERR_LIBTORCH_INSTALL',
      path: join(folder, 'x.whl'),
    })
  })

  it('two at once take turns', async () => {
    const order: string[] = []
    const work = (name: string) =>
      withLock(join(folder, 'lock'), async () => {
        order.push(`${name} in`)
        await new Promise((resolve) => setTimeout(resolve, 100))
        order.push(`${name} out`)
      })
    await Promise.all([work('a'), work('b')])
    assert.deepEqual([order[0]![0], order[2]![0]].sort(), ['a', 'b'])
    assert.deepEqual(
      order.map((line) => line.split(' ')[1]),
      ['in', 'out', 'in', 'out'],
    )
  })

  it('a lock whose process died is taken over', async () => {
    const lock = fileURLToPath(new URL('../dist/files/process-lock.js', import.meta.url))
    const script = `import(${JSON.stringify(lock)}).then(({ withLock }) => withLock(${JSON.stringify(join(folder, 'lock'))}, async () => { console.log('held'); await new Promise((r) => setTimeout(r, 60000)) }))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    assert.equal(await withLock(join(folder, 'lock'), async () => 'mine'), 'mine')
    assert.ok(!existsSync(join(folder, 'lock')))
  })

  it('a lock of another host is taken over once nobody touches it any more, and not before', async () => {
    const path = join(folder, 'lock')
    writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', started: '1' }))
    let touched = 0
    const beat = setInterval(() => {
      const now = new Date()
      utimesSync(path, now, now)
      touched = performance.now()
    }, 50)
    setTimeout(() => clearInterval(beat), 1000)
    const owners: LockOwner[] = []
    const onWait = (owner: LockOwner) => owners.push(owner)
    const waited = await withLock(path, async () => performance.now() - touched, { onWait, silenceMs: 500 })
    assert.ok(waited > 500, `${waited} ms after the last sign of life`)
    assert.deepEqual(owners, [{ pid: 1, host: 'elsewhere', started: '1' }])
    assert.ok(!existsSync(path))
  })

  it('who holds a lock shows that it lives, and leaves alone what another has taken over', async () => {
    const path = join(folder, 'lock')
    const work = async () => {
      const before = statSync(path).mtimeMs
      while (statSync(path).mtimeMs <= before) await new Promise((resolve) => setTimeout(resolve, 10))
      writeFileSync(path, 'of another')
    }
    await withLock(path, work, { beatMs: 20 })
    assert.equal(readFileSync(path, 'utf8'), 'of another')
  })

  it('of many processes that find the lock of a dead one, never two are inside at once', async () => {
    const lock = fileURLToPath(new URL('../dist/files/process-lock.js', import.meta.url))
    const path = join(folder, 'lock')
    writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), started: '1' }))
    const script = `
      import { appendFileSync } from 'node:fs'
      const { withLock } = await import(${JSON.stringify(lock)})
      await withLock(${JSON.stringify(path)}, async () => {
        appendFileSync(${JSON.stringify(join(folder, 'log'))}, 'in\\n')
        await new Promise((resolve) => setTimeout(resolve, 50))
        appendFileSync(${JSON.stringify(join(folder, 'log'))}, 'out\\n')
      })`
    const codes = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
        return new Promise((resolve) => child.once('exit', resolve))
      }),
    )
    assert.deepEqual(codes, [0, 0, 0, 0, 0, 0])
    assert.equal(readFileSync(join(folder, 'log'), 'utf8'), 'in\nout\n'.repeat(6))
    assert.ok(!existsSync(path))
  })

  it('a user without a home folder has no cache, which is an error only where one is needed', () => {
    const script = `
      import os from 'node:os'
      import { syncBuiltinESMExports } from 'node:module'
      os.homedir = () => { throw Object.assign(new Error('ENOENT: uv_os_homedir'), { code: 'ERR_SYSTEM_ERROR' }) }
      syncBuiltinESMExports()
      const { cacheFolder } = await import('#lib/files/cache-folder.js')
      const { findLibtorch, surveyLibtorch } = await import('#lib/libtorch/find.js')
      const { configuredIndex } = await import('#lib/libtorch/package-index.js')
      configuredIndex()
      const cached = surveyLibtorch().filter(({ origin }) => /cache/.test(origin))
      const asked = (() => { try { return findLibtorch().origin } catch (error) { return error.code } })()
      try { cacheFolder() } catch (error) {
        console.log(JSON.stringify([cached.map(({ reason }) => reason), asked, error.code, error.remedy]))
      }`
    const { HOME: _home, XDG_CACHE_HOME: _caches, CLMR_CACHE: _cache, ...env } = process.env
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: dirname(dirname(fileURLToPath(import.meta.url))),
      env: { ...env, CLMR_LIBTORCH: findLibtorch().root },
    })
    assert.deepEqual(JSON.parse(child.stdout), [
      ['not installed', 'not installed'],
      'CLMR_LIBTORCH',
      'ERR_IO',
      'Set CLMR_CACHE to a folder that can be written',
    ])
  })

  it('BAD CALL - a page of an index and a file without end are refused, and no more of them is received', async () => {
    let sent = 0
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      const piece = Buffer.alloc(1 << 20, 'x')
      const send = () => {
        while (sent < 200 << 20 && !response.destroyed) {
          sent += piece.length
          if (!response.write(piece)) return void response.once('drain', send)
        }
        response.end()
      }
      send()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`
    try {
      await assert.rejects(findWheelUrl(index, { file: 'torch-9-x.whl' }), {
        code: 'ERR_LIBTORCH_INSTALL',
        message: /page that cannot be read/,
      })
      assert.ok(sent < 100 << 20, `${sent} bytes were sent`)
      sent = 0
      const target = join(folder, 'x.whl')
      await assert.rejects(download({ url: `${index}/x.whl`, target, maxBytes: 1 << 20 }), {
        code: 'ERR_DOWNLOAD',
        message: /more than the file can have.*at most 1048576 bytes/,
      })
      assert.ok(sent < 100 << 20 && !existsSync(target), `${sent} bytes were sent`)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
