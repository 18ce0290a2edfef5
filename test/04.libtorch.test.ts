import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zipSync } from 'fflate'
import { fetchFrom } from '#lib/native/libtorch/fetch.js'
import { findLibtorch, surveyLibtorch } from '#lib/native/libtorch/find.js'
import { withLock } from '#lib/native/libtorch/lock.js'
import { libraryFile, type Wheel } from '#lib/native/libtorch/release.js'
import { checkWheel, extractWheel } from '#lib/native/libtorch/wheel.js'

const library = new Uint8Array(300_000).map((_, i) => (i * 7919) >> 3)
const wheelBytes = zipSync(
  {
    'torch/lib/libtorch_cpu.so': library,
    'torch/lib/libtorch_python.so': new Uint8Array(10),
    'torch/include/ATen/ATen.h': new TextEncoder().encode('#pragma once\n'),
    'torch/nn/functional.py': new Uint8Array(10),
  },
  { level: 0 },
)
const wheel: Wheel = {
  file: 'torch-0.0.0-test.whl',
  pipPlatform: 'test',
  sha256: createHash('sha256').update(wheelBytes).digest('hex'),
  libraries: ['libtorch_cpu.so'],
}

/** A server that knows ranges; `cutAt`: the first answer breaks off after that many bytes. */
async function serve(
  cutAt?: number,
): Promise<{ server: Server; url: string; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = []
  const server = createServer((request, response) => {
    ranges.push(request.headers.range)
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const rest = wheelBytes.subarray(from)
    response.writeHead(request.headers.range ? 206 : 200, { 'content-length': rest.length })
    if (cutAt !== undefined && ranges.length === 1)
      response.write(rest.subarray(0, cutAt), () => setTimeout(() => response.destroy(), 50))
    else response.end(rest)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${wheel.file}`, ranges }
}

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
        for (const place of ['platform package', 'cache', 'python', 'clmr libtorch install'])
          assert.match(error.message, new RegExp(place))
        return true
      },
    )
    assert.equal(withEnvironment(nowhere, () => surveyLibtorch()).length, 4)
  })

  it('libraries and headers are taken out of the wheel, the rest is left', async () => {
    writeFileSync(join(folder, wheel.file), wheelBytes)
    await checkWheel(join(folder, wheel.file), wheel)
    assert.equal(await extractWheel(join(folder, wheel.file), wheel, join(folder, 'out')), 2)
    assert.deepEqual(new Uint8Array(readFileSync(join(folder, 'out', 'lib', 'libtorch_cpu.so'))), library)
    assert.ok(existsSync(join(folder, 'out', 'include', 'ATen', 'ATen.h')))
    assert.ok(!existsSync(join(folder, 'out', 'lib', 'libtorch_python.so')))
  })

  it('one flipped byte in the wheel is refused with both hashes', async () => {
    const damaged = wheelBytes.slice()
    damaged[1000]! ^= 1
    writeFileSync(join(folder, wheel.file), damaged)
    await assert.rejects(checkWheel(join(folder, wheel.file), wheel), {
      code: 'ERR_LIBTORCH_INSTALL',
      expected: wheel.sha256,
    })
  })

  it('a file that is no zip is an error with its path', async () => {
    writeFileSync(join(folder, 'x.whl'), 'not a zip')
    await assert.rejects(extractWheel(join(folder, 'x.whl'), wheel, folder), {
      code: 'ERR_LIBTORCH_INSTALL',
      path: join(folder, 'x.whl'),
    })
  })

  it('a download that broke off goes on where it stopped, and arrives whole', async () => {
    const { server, url, ranges } = await serve(50_000)
    const target = join(folder, wheel.file)
    try {
      await assert.rejects(
        fetchFrom(url, target, () => {}),
        { code: 'ERR_LIBTORCH_INSTALL', message: /goes on where it stopped/ },
      )
      await fetchFrom(url, target, () => {})
      assert.deepEqual(ranges, [undefined, 'bytes=50000-'])
      await checkWheel(target, wheel)
    } finally {
      server.close()
    }
  })

  it('a server that refuses is an error with the address and the status', async () => {
    const server = createServer((_, response) => response.writeHead(404).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.whl`
    await assert.rejects(
      fetchFrom(url, join(folder, 'x.whl'), () => {}),
      { path: url, message: /404/ },
    )
    server.close()
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
    const lock = fileURLToPath(new URL('../dist/native/libtorch/lock.js', import.meta.url))
    const script = `import(${JSON.stringify(lock)}).then(({ withLock }) => withLock(${JSON.stringify(join(folder, 'lock'))}, async () => { console.log('held'); await new Promise((r) => setTimeout(r, 60000)) }))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    assert.equal(await withLock(join(folder, 'lock'), async () => 'mine'), 'mine')
    assert.ok(!existsSync(join(folder, 'lock')))
  })
})
