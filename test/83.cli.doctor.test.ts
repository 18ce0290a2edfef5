import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { batchThatFits, memoryLimit, memoryNote } from '#lib/cli/memory.js'
import { clmrJson, startClmr } from './helpers/command-line.js'
import { withTempDir } from './helpers/temp-dir.js'

interface Report {
  ok: boolean
  findings: { level: string; what: string; found: string; remedy?: string }[]
}

describe('83 cli: doctor, libtorch', () => {
  it('doctor names every part once it works, and ends with 0', async () => {
    const { ok, findings } = await clmrJson<Report>('doctor')
    assert.equal(ok, true)
    const parts = [
      'node',
      'libtorch',
      'native part',
      'processor',
      'threads',
      'memory',
      'GPU',
      'decoders',
      'cache',
    ]
    for (const part of parts)
      assert.ok(
        findings.some(({ what }) => what === part),
        part,
      )
    assert.ok(findings.every(({ level, remedy }) => level !== 'fail' && (level === 'ok' || remedy)))
  })

  it('doctor has one line for each part, and shows where libtorch was looked for only if asked', async () => {
    const { findings } = await clmrJson<Report>('doctor')
    assert.equal(findings.filter(({ what }) => what === 'libtorch').length, 1)
    const plain = await startClmr(['doctor']).finished
    const verbose = await startClmr(['doctor', '--verbose']).finished
    assert.doesNotMatch(plain.stdout, /^ {5}(platform package|python):/m)
    assert.match(verbose.stdout, /^ok {3}libtorch .*\n {5}CLMR_LIBTORCH: .*\n {5}cache with CUDA: /m)
  })

  it('doctor works without libtorch: it ends with 1 and says what to do', async () => {
    const env = { CLMR_LIBTORCH: '/nonexistent' }
    const { code, stdout, stderr } = await startClmr(['doctor'], { env }).finished
    assert.equal(code, 1, stderr)
    assert.match(stdout, /^fail libtorch .* → Run `npx clmr libtorch install`/m)
    assert.match(stdout, /^ok {3}decoders/m)
    const asJson = await startClmr(['doctor', '--json'], { env }).finished
    assert.equal(asJson.code, 1)
    assert.equal((JSON.parse(asJson.stdout) as Report).ok, false)
  })

  it('what needs libtorch says so in one sentence where it is missing, and ends with 1', () =>
    withTempDir(async (folder) => {
      const args = ['embed', '--model', 'random', join(folder, 'a.wav'), '--out', join(folder, 'a.npy')]
      const { code, stderr } = await startClmr(args, { env: { CLMR_LIBTORCH: '/nonexistent' } }).finished
      assert.equal(code, 1)
      assert.match(stderr, /error \[ERR_LIBTORCH_NOT_FOUND\]/)
      assert.doesNotMatch(stderr, /^ {4}at /m)
    }))

  it('a training that does not fit 80 % of the memory is told, with a batch that does (0.11 GB a view)', () => {
    assert.equal(memoryNote(48, 2, 13.3e9, 'plain'), undefined) // 48 · 2 · 0.11 = 10.56 = 80 % of 13.2
    assert.match(
      memoryNote(48, 2, 13.1e9, 'plain')!,
      /about 10\.6 GB of the 13\.1 GB .*--batch-size 16 takes less/,
    )
    assert.match(memoryNote(16, 2, 4e9, 'plain')!, /--batch-size 8 takes less/)
    assert.doesNotMatch(memoryNote(2, 2, 0.1e9, 'plain')!, /--batch-size/)
    assert.deepEqual(
      [8e9, 4e9, 2e9, 0.1e9].map((bytes) => batchThatFits(bytes, 2, 'plain')),
      [16, 8, 4, 2],
    )
    assert.equal(batchThatFits(8e9, 8, 'plain'), 4)
    assert.ok(memoryLimit() > 0 && memoryLimit() <= totalmem())
    assert.equal(memoryNote(48, 2, 4.5e9), undefined) // a third of it
    assert.match(memoryNote(48, 2, 4.3e9)!, /about 3\.5 GB/)
  })

  it('a download in many chunks is a few lines of progress, not one a chunk', () =>
    withTempDir(async (folder) => {
      const [chunk, chunks] = [Buffer.alloc(20_000), 100]
      const server = createServer(async (_, response) => {
        response.writeHead(200, { 'content-length': chunks * chunk.length })
        for (let i = 0; i < chunks; i++) await new Promise((sent) => response.write(chunk, sent))
        response.end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/torch.whl`
      const env = { CLMR_CACHE: folder }
      const { code, stderr } = await startClmr(['libtorch', 'install', '--from', url], { env }).finished
      server.close()
      assert.equal(code, 1) // zeros are no wheel: the checksum says so
      assert.match(stderr, /^download 100\/100/m)
      assert.ok(stderr.split('\n').filter((line) => line.startsWith('download')).length <= 6, stderr)
    }))

  it('libtorch install from a wheel that is not there ends with 1 and names it', () =>
    withTempDir(async (folder) => {
      const wheel = join(folder, 'torch.whl')
      const env = { CLMR_CACHE: folder }
      const { code, stderr } = await startClmr(['libtorch', 'install', '--from', wheel], { env }).finished
      assert.equal(code, 1, stderr)
      assert.match(stderr, /error \[ERR_[A-Z_]+\].*torch\.whl/)
    }))
})
