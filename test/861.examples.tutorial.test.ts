import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as miniature from './helpers/miniatures.js'
import { startNode } from './helpers/node-process.js'
import { withTempDir } from './helpers/temp-dir.js'

const program = fileURLToPath(new URL('../examples/tutorial/tutorial.ts', import.meta.url))

/** Six clips of the data set, two of each split. */
function sixClips(): miniature.Files {
  const paths = Array.from({ length: 6 }, (_, i) => `f/clip-${i}-0-29.mp3`)
  const whole = miniature.zip(Object.fromEntries(paths.map((path) => [path, miniature.sound()])))
  const cut = (n: number) => Math.floor((whole.length * n) / 3)
  const rows = (first: number) =>
    [first, first + 1].map((id, i) => `${id}\t${miniature.vector(i, 9)}\n`).join('')
  return {
    ...Object.fromEntries([0, 1, 2].map((n) => [`mp3.zip.00${n + 1}`, whole.slice(cut(n), cut(n + 1))])),
    'annotations_final.csv': 'clip_id\n',
    ...Object.fromEntries(
      ['binary', 'tags', 'test', 'train', 'valid'].map((name) => [`${name}.npy`, 'unused']),
    ),
    'index_mtt.tsv': paths.map((path, i) => `${i}\t${path}\n`).join(''),
    'train_gt_mtt.tsv': rows(0),
    'val_gt_mtt.tsv': rows(2),
    'test_gt_mtt.tsv': rows(4),
  }
}

const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const tutorial = (root: string, env: NodeJS.ProcessEnv = {}) =>
  startNode(['--import', loader, program, root, '1', '2'], { env: { ...process.env, ...env } }).finished

describe('861 examples: the tutorial', () => {
  it('goes on with a download that broke off', () =>
    withTempDir(async (root) => {
      const { 'mp3.zip.003': last, ...others } = sixClips()
      await miniature.write(root, { ...others, 'mp3.zip.003.part': last!.slice(0, 100) })
      const { code, stderr } = await tutorial(root, { CLMR_OFFLINE: '1' })
      assert.equal(code, 1)
      assert.match(stderr, /nothing is downloaded[\s\S]*mp3\.zip\.003/)
    }))

  it('runs from the data set to the evaluation on a miniature of MagnaTagATune; the loss of two pairs is the closed form', () =>
    withTempDir(async (root) => {
      await miniature.write(root, sixClips())
      const { code, stdout, stderr } = await tutorial(root)
      assert.equal(code, 0, stderr)
      assert.match(stdout, /^data: 2 tracks to train on, 50 tags$/m)
      assert.match(stdout, /^one filter: 1 view of 59049 samples$/m)
      const closed = Math.log(1 + 2 * Math.exp(-2)).toFixed(4)
      assert.match(stdout, new RegExp(`^loss of two perfect pairs: ${closed}`, 'm'))
      assert.match(stdout, /^trained 1 steps, loss \d/m)
      assert.match(stdout, /^retrieval: .* of 2 tracks/m)
      assert.match(stdout, /^tags: ROC-AUC [01]\./m)
    })).timeout(60_000)
})
