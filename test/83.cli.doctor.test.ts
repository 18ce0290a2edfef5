import assert from 'node:assert/strict'
import { join } from 'node:path'
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

  it('doctor works without libtorch: it ends with 1 and says what to do', async () => {
    const env = { CLMR_LIBTORCH: '/nonexistent' }
    const { code, stdout, stderr } = await startClmr(['doctor'], { env }).finished
    assert.equal(code, 1, stderr)
    assert.match(stdout, /^fail libtorch .*\n {5}→ Run `npx clmr libtorch install`/m)
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

  it('libtorch install from a wheel that is not there ends with 1 and names it', () =>
    withTempDir(async (folder) => {
      const wheel = join(folder, 'torch.whl')
      const env = { CLMR_CACHE: folder }
      const { code, stderr } = await startClmr(['libtorch', 'install', '--from', wheel], { env }).finished
      assert.equal(code, 1, stderr)
      assert.match(stderr, /error \[ERR_[A-Z_]+\].*torch\.whl/)
    }))
})
