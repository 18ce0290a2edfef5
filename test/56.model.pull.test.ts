import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pullModel } from '#lib/model/pull.js'
import { startClmr } from './helpers/command-line.js'
import { withFileServer } from './helpers/file-server.js'
import { zip } from './helpers/miniatures.js'
import { withTempDir } from './helpers/temp-dir.js'

const MODEL = Buffer.from(Uint8Array.from({ length: 30_000 }, (_, i) => (i * 7919) >> 3))
const sha256 = createHash('sha256').update(MODEL).digest('hex')

describe('56 model: pull', () => {
  it('a model is fetched once, over a connection that drops, and is the file that its SHA-256 names', () =>
    withTempDir((folder) =>
      withFileServer(
        { 'a/model.pt': MODEL },
        { 'a/model.pt': { drops: 1 } },
        async ({ origin, requests }) => {
          const path = await pullModel(`${origin}/a/model.pt`, { folder, sha256 })
          assert.equal(path, join(folder, 'model.pt'))
          assert.deepEqual(await readFile(path), MODEL)
          const before = requests.length
          await pullModel(`${origin}/a/model.pt`, { folder, sha256 })
          assert.equal(requests.length, before)
        },
      ),
    ))

  it('another SHA-256 is refused, also for a file that is there already, and the next call fetches anew', () =>
    withTempDir((folder) =>
      withFileServer({ 'model.pt': MODEL }, {}, async ({ origin }) => {
        await writeFile(join(folder, 'model.pt'), 'something else')
        const pull = (hex: string) => pullModel(`${origin}/model.pt`, { folder, sha256: hex })
        await assert.rejects(pull(sha256), { code: 'ERR_DOWNLOAD', expected: sha256 })
        assert.deepEqual(await readFile(await pull(sha256)), MODEL)
        await assert.rejects(pull('0'.repeat(64)), { code: 'ERR_DOWNLOAD' })
      }),
    ))

  it('a zip archive around one model gives the model; around several, an error', () =>
    withTempDir((folder) => {
      const one = zip({ 'run/model.ckpt': MODEL, '__MACOSX/run/._model.ckpt': 'x', 'run/readme.txt': 'x' })
      const two = zip({ 'a.pt': MODEL, 'b.pt': MODEL })
      return withFileServer({ 'one.zip': one, 'two.zip': two }, {}, async ({ origin }) => {
        const path = await pullModel(`${origin}/one.zip`, { folder })
        assert.equal(path, join(folder, 'model.ckpt'))
        assert.deepEqual(await readFile(path), MODEL)
        await assert.rejects(pullModel(`${origin}/two.zip`, { folder }), { code: 'ERR_CHECKPOINT' })
      })
    }))

  it('clmr pull prints the path in the cache; a misspelt name is told the nearest', () =>
    withTempDir((folder) =>
      withFileServer({ 'model.pt': MODEL }, {}, async ({ origin }) => {
        const env = { CLMR_CACHE: folder }
        const pulled = await startClmr(['pull', `${origin}/model.pt`, '--sha256', sha256], { env }).finished
        assert.equal(pulled.code, 0, pulled.stderr)
        assert.ok(pulled.stdout.startsWith(join(folder, 'models')))
        assert.deepEqual(await readFile(pulled.stdout.trim()), MODEL)
        const misspelt = await startClmr(['pull', 'clmr-1000'], { env }).finished
        assert.equal(misspelt.code, 2)
        assert.match(misspelt.stderr, /clmr-10000/)
      }),
    ))
})
