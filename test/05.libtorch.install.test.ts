import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { configuredIndex, findWheelUrl } from '#lib/libtorch/package-index.js'
import { fakeWheel, type ServerBehaviour, withWheelServer } from './helpers/fake-wheel.js'
import { checkInstalled, withBench } from './helpers/install-bench.js'
import { shortenWaits } from './helpers/short-waits.js'

describe('05 libtorch: installed over HTTP, without pip', () => {
  shortenWaits()
  it('from a server with ranges, only what is needed moves; nothing of the download stays', () =>
    withBench({}, async ({ folder, server, install, downloads }) => {
      const news: string[] = []
      await install({ onProgress: ({ what, fraction }) => news.push(`${what} ${fraction === 1}`) })
      checkInstalled(folder)
      const needed = 350_000
      const blocks = 2 << 20 // the table of contents comes in blocks
      assert.ok(server.sent < needed + blocks, `${server.sent} of ${fakeWheel().bytes.length} bytes`)
      assert.ok(news.includes('download true') && news.some((line) => line.startsWith('unpack')))
      assert.deepEqual(downloads(), [])
    }))

  it('from a server without ranges, all of it', () =>
    withBench({ withoutRanges: true }, async ({ folder, server, install, downloads }) => {
      await install()
      checkInstalled(folder)
      assert.ok(server.sent >= fakeWheel().bytes.length)
      assert.deepEqual(downloads(), [])
    }))

  it('a connection that breaks is taken up again where it broke, with ranges', () =>
    withBench({ breaks: 3 }, async ({ folder, server, install }) => {
      await install({ from: server.url })
      checkInstalled(folder)
      const spans = server.ranges.map((range) => range!.slice('bytes='.length).split('-').map(Number))
      const resumed = spans.some(([start, end]) => spans.some(([s, e]) => e === end && s! < start!))
      assert.ok(resumed, server.ranges.join(' '))
    }))

  it('a run that was stopped goes on in the next one', () =>
    withBench({ breaks: 1000 }, async ({ install, downloads, server, folder }) => {
      await assert.rejects(install({ from: server.url }), { code: 'ERR_LIBTORCH_INSTALL' })
      await withWheelServer(fakeWheel(), {}, async (whole) => {
        const controller = new AbortController()
        const stopping = install({
          from: whole.url,
          signal: controller.signal,
          onProgress: ({ what }) => what === 'unpack' && controller.abort(),
        })
        await assert.rejects(stopping, { name: 'AbortError' })
        assert.ok(downloads().length > 0, 'what has arrived stays')
        const before = whole.ranges.length
        await install({ from: whole.url })
        checkInstalled(folder)
        const spans = whole.ranges.slice(before).filter((range) => range !== 'bytes=0-0')
        assert.ok(spans.length <= 3, `only the table of contents is asked for again: ${spans.join(' ')}`)
      })
    }))

  it('wrong bytes are refused with path and hashes, nothing of them stays, and the next run succeeds', async () => {
    const damaged = fakeWheel({ 'torch/lib/libtorch_cpu.so': new Uint8Array(300_000) })
    const behaviours: ServerBehaviour[] = [{}, { withoutRanges: true }]
    for (const behaviour of behaviours)
      await withBench(
        behaviour,
        async ({ folder, install, downloads }) => {
          await assert.rejects(install(), { code: 'ERR_LIBTORCH_INSTALL', expected: /[0-9a-f]{64}/ })
          assert.ok(!existsSync(join(folder, 'libtorch')))
          assert.deepEqual(downloads(), [])
          await withWheelServer(fakeWheel(), {}, async ({ index }) => {
            await install({ index })
            checkInstalled(folder)
          })
        },
        damaged,
      )
  })

  it('one flipped byte on the way is found, in a stored member by its CRC-32', async () => {
    const flipped = fakeWheel()
    flipped.bytes[Buffer.from(flipped.bytes).indexOf('torch/lib/libtorch_cpu.so') + 1000]! ^= 1
    await withBench(
      {},
      async ({ install }) => {
        await assert.rejects(install(), {
          code: 'ERR_LIBTORCH_INSTALL',
          message: /libtorch_cpu\.so has another CRC-32/,
        })
      },
      flipped,
    )
  })

  it('two at once: one fetches, the other waits and finds it there', () =>
    withBench({}, async ({ install, server }) => {
      const results = await Promise.all([install(), install()])
      const installed = (results as { installed: boolean }[]).map((result) => result.installed)
      assert.deepEqual(installed.sort(), [false, true])
      assert.equal(server.ranges.filter((range) => range === 'bytes=0-0').length, 1)
    }))

  it('what is refused is said with address and status, at once; a password never is', () =>
    withBench({ authorization: 'Basic bWU6cHc=' }, async ({ folder, server, install }) => {
      await assert.rejects(install({ index: server.index.replace('//', '//me:wrong@') }), (error: Error) => {
        assert.match(error.message, /^http:\/\/127\.0\.0\.1:\d+\/simple\/torch\/: the server answered 401/)
        assert.doesNotMatch(error.message, /wrong/)
        return true
      })
      await install({ index: server.index.replace('//', '//me:pw@') })
      checkInstalled(folder)
    }))

  it('without pip and without an index, the remedy is an index', () =>
    withBench({}, async ({ install }) => {
      await assert.rejects(install({ index: undefined }), {
        code: 'ERR_LIBTORCH_INSTALL',
        message: /no pip .* no package index is set\. Pass .* --index\.$/,
      })
    }))

  it('the index is that of pip: PIP_INDEX_URL, then index-url of its settings (user, system), then that of uv', () =>
    withBench({ html: true }, async ({ folder, server, install }) => {
      writeFileSync(
        join(folder, 'pip.conf'),
        '[global]\ntimeout = 3\nindex-url = http://one.invalid/simple\n',
      )
      assert.equal(configuredIndex(), 'http://one.invalid/simple')
      writeFileSync(
        join(folder, 'pip.conf'),
        `[global]\nindex-url = http://no.invalid\n[download]\nindex-url=${server.index}/\n`,
      )
      assert.equal(configuredIndex(), `${server.index}/`)
      await install({ index: undefined })
      rmSync(join(folder, 'pip.conf'))
      checkInstalled(folder)
      mkdirSync(join(folder, '.config', 'pip'), { recursive: true })
      writeFileSync(
        join(folder, '.config', 'pip', 'pip.conf'),
        '[global]\nindex_url: http://two.invalid/simple\n',
      )
      assert.equal(configuredIndex(), 'http://two.invalid/simple')
      rmSync(join(folder, '.config'), { recursive: true })
      process.env.UV_DEFAULT_INDEX = 'http://uv.invalid/simple'
      assert.equal(configuredIndex(), 'http://uv.invalid/simple')
      mkdirSync(join(folder, 'xdg', 'pip'), { recursive: true })
      writeFileSync(
        join(folder, 'xdg', 'pip', 'pip.conf'),
        '[global]\nindex-url =\n    http://system.invalid/simple\n',
      )
      assert.equal(configuredIndex(), 'http://system.invalid/simple')
      process.env.PIP_INDEX_URL = 'http://three.invalid/simple'
      assert.equal(configuredIndex(), 'http://three.invalid/simple')
    }))

  it('an index in HTML and one in JSON give the same address; one that lacks the wheel is an error', async () => {
    const { wheel, bytes } = fakeWheel()
    for (const html of [true, false])
      await withWheelServer({ wheel, bytes }, { html }, async ({ index, url }) => {
        assert.equal(await findWheelUrl(index, wheel), url)
        await assert.rejects(findWheelUrl(index, { ...wheel, file: 'torch-9.whl' }), {
          message: /the index has no torch-9\.whl/,
        })
      })
  })

  /** Stands in for Python: answers `-m pip --version`, and puts `comes` into the folder of `-m pip download … -d`. */
  const fakePip = (folder: string, comes: string, bytes: Uint8Array): string => {
    const python = join(folder, 'python')
    writeFileSync(join(folder, 'bytes'), bytes)
    writeFileSync(
      python,
      `#!${process.execPath}
const { appendFileSync, copyFileSync } = require('node:fs')
const args = process.argv.slice(2)
if (args[2] !== 'download') process.exit(0)
appendFileSync(${JSON.stringify(join(folder, 'calls'))}, args.join(' '))
copyFileSync(${JSON.stringify(join(folder, 'bytes'))}, args[args.indexOf('-d') + 1] + ${JSON.stringify(`/${comes}`)})
`,
      { mode: 0o755 },
    )
    return python
  }

  it('with pip, pip fetches exactly the pinned wheel', () =>
    withBench({}, async ({ folder, server, install, downloads }) => {
      const { wheel, bytes } = fakeWheel()
      process.env.CLMR_PYTHON = fakePip(folder, wheel.file, bytes)
      await install({ index: 'http://one.invalid/simple' })
      const call = readFileSync(join(folder, 'calls'), 'utf8')
      assert.match(
        call,
        /--no-deps .*--index-url http:\/\/one\.invalid\/simple .*--platform test .*torch==0\.0\.0$/m,
      )
      assert.deepEqual([server.requests.length, downloads()], [0, []])
    }))

  it('BAD CALL - pip set to an index with other builds, as PyTorch has for the CPU: what came, what was expected, what to do', () =>
    withBench({}, async ({ folder, install, downloads }) => {
      const { wheel, bytes } = fakeWheel()
      const came = 'torch-0.0.0+cpu-cp311-cp311-test.whl'
      process.env.CLMR_PYTHON = fakePip(folder, came, bytes)
      await assert.rejects(install({ index: undefined }), {
        code: 'ERR_LIBTORCH_INSTALL',
        given: came,
        expected: wheel.file,
        message: /another build .* with --index\.$/,
      })
      assert.deepEqual(downloads(), [])
    }))

  it('a proxy of the environment carries it', () =>
    withBench({}, async ({ folder, server, install }) => {
      const asked: string[] = []
      const proxy = createServer((request, response) => {
        asked.push(request.url!)
        const { headers } = request
        const onward = httpRequest(new URL(request.url!.replace('torch.invalid', new URL(server.url).host)), {
          headers,
        })
        onward.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode!, answer.headers)))
        onward.end()
      })
      proxy.on('connect', (request, socket) => {
        asked.push(`CONNECT ${request.url}`)
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        const { port } = new URL(server.url)
        import('node:net').then(({ connect }) => {
          const onward = connect(Number(port), '127.0.0.1')
          socket.pipe(onward).pipe(socket)
        })
      })
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
      process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
      try {
        await install({ from: server.url.replace(/127\.0\.0\.1:\d+/, 'torch.invalid') })
      } finally {
        delete process.env.HTTP_PROXY
        proxy.closeAllConnections()
        proxy.close()
      }
      checkInstalled(folder)
      assert.ok(asked.length > 0 && asked.every((line) => line.includes('torch.invalid')), asked.join(' '))
    }))
})
