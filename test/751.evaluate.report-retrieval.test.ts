import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { evaluateRetrieval, writeReport } from 'clmr'
import { withTempDir } from './helpers/temp-dir.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'

describe('751 evaluate: retrieval in the report', () => {
  it('every model has a row in every form with every figure, and a heat map by transform', () =>
    withTempDir(async (folder) => {
      const retrieval = await evaluateRetrieval(new ToyEncoder(), toyDataset({ tracks: 20 }))
      const out = join(folder, 'report.html')
      const models = ['trained', '<b>log-mel'].map((name) => ({ name, retrieval }))
      await writeReport({ out, retrieval: models })
      const page = await readFile(out, 'utf8')
      assert.equal(page.match(/<td>(raw|standardised|whitened)<\/td>/g)!.length, 6)
      assert.match(page, /&lt;b&gt;log-mel/)
      assert.ok(!page.includes('<b>log-mel'))
      for (const name of Object.keys(retrieval.raw.byTransform))
        assert.ok(page.includes(`<td><bdi>${name}</bdi></td>`), name)
      const cells = page.match(/<td class="heat">/g)!.length
      assert.equal(cells, 2 * 3 * Object.keys(retrieval.raw.byTransform).length)
      const top1 = `${(100 * retrieval.whitened.top1).toFixed(1)} %`
      assert.ok(page.includes(`${top1} (`))
      assert.match(page, /MAP of labels/)
    }))
})
