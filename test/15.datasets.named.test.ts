import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DATASET_NAMES, type Dataset, type DatasetName, type DatasetOptions, getDataset } from 'clmr'
import { clmrEnds, clmrJson } from './helpers/command-line.js'
import * as miniature from './helpers/miniatures.js'
import { withTempDir } from './helpers/temp-dir.js'

/** Writes a miniature below the root and opens it. */
function open<T>(
  name: DatasetName,
  files: miniature.Files,
  options: DatasetOptions,
  use: (dataset: Dataset, root: string) => Promise<T> | T,
  below = '',
): Promise<T> {
  return withTempDir(async (root) => {
    await miniature.write(join(root, below), files)
    using dataset = await getDataset(name, root, options)
    return await use(dataset, root)
  })
}

const tracksOf = (dataset: Dataset) =>
  Object.fromEntries(dataset.tracks.map(({ path, split, labels }) => [path, [split, ...[...labels].sort()]]))

describe('15 datasets: published ones by name', () => {
  it('magnatagatune: three parts of a zip are read in place, labels and splits of pons2017, the empty clip is listed', () =>
    open(
      'magnatagatune',
      miniature.magnatagatune(),
      {},
      async (dataset, root) => {
        assert.deepEqual(tracksOf(dataset), {
          '2/two-02-b-0-29.mp3': ['valid', 'classical'],
          '3/three-03-c-0-29.mp3': ['test'],
          'f/one-01-a-0-29.mp3': ['train', 'guitar', 'piano'],
          'f/one-01-a-30-59.mp3': ['train', 'choral'],
        })
        assert.deepEqual(
          [dataset.task, dataset.classes.length, dataset.classes[49]],
          ['multilabel', 50, 'choral'],
        )
        assert.deepEqual(
          dataset.skipped.map(({ path }) => path),
          [miniature.EMPTY_CLIP],
        )
        const folder = join(root, 'magnatagatune')
        assert.ok(
          !existsSync(join(folder, 'f')) && !existsSync(join(folder, 'mp3.zip')),
          'nothing is unpacked',
        )
        assert.equal((await dataset.readTrack(0)).length, 2205)
      },
      'magnatagatune',
    ))

  it('magnatagatune: minzwon takes rows of binary.npy, by the index before each path', () =>
    open('magnatagatune', miniature.magnatagatune(), { scheme: 'minzwon' }, (dataset) => {
      assert.deepEqual(tracksOf(dataset), {
        'f/one-01-a-0-29.mp3': ['train', 'tag 49', 'tag 6'],
        'f/one-01-a-30-59.mp3': ['valid', 'tag 4'],
        '2/two-02-b-0-29.mp3': ['test', 'tag 5'],
      })
    }))

  it('a subset is a split of the whole; a finished cache is opened at once, without the sources', () =>
    open('magnatagatune', miniature.magnatagatune(), { subset: 'train' }, async (train, root) => {
      assert.equal(train.length, 2)
      assert.ok(train.tracks.every(({ split }) => split === 'train'))
      await truncate(join(root, 'mp3.zip.002'), 10)
      using test = await getDataset('magnatagatune', root, { subset: 'test' })
      assert.equal(test.length, 1)
    }))

  it('a missing or damaged part of an archive is one error that names it', () =>
    withTempDir(async (root) => {
      const { 'mp3.zip.002': second, ...others } = miniature.magnatagatune()
      await miniature.write(root, others)
      await assert.rejects(getDataset('magnatagatune', root), {
        code: 'ERR_DATASET',
        message: /mp3\.zip\.002/,
      })
      await writeFile(join(root, 'mp3.zip.002'), Buffer.from(second as Uint8Array).reverse())
      await writeFile(join(root, 'mp3.zip.003'), 'no directory here')
      await assert.rejects(getDataset('magnatagatune', root), {
        code: 'ERR_DATASET',
        message: /mp3\.zip\.001.*archive/,
      })
    }))

  it('a clip that is damaged in the archive is skipped with its checksum as the reason', () =>
    withTempDir(async (root) => {
      const files = miniature.magnatagatune()
      const first = Buffer.from(files['mp3.zip.001'] as Uint8Array)
      first[200]! ^= 0xff
      await miniature.write(root, { ...files, 'mp3.zip.001': first })
      using dataset = await getDataset('magnatagatune', root)
      const damaged = dataset.skipped.filter(({ path }) => path !== miniature.EMPTY_CLIP)
      assert.equal(damaged.length, 1)
      assert.match(damaged[0]!.reason, /damaged|cannot be read/)
    }))

  it('msd: identifiers come from the pickle, which is not executed; tags from the second line of a list', () =>
    open('msd', miniature.msd(), {}, (dataset) => {
      assert.deepEqual(tracksOf(dataset), {
        '1/2/123.clip.mp3': ['train', '00s'],
        'preprocessed/4/5/456.clip.wav': ['valid', 'tag 0', 'tag 49'],
      })
      assert.deepEqual(
        dataset.skipped.map(({ path }) => path),
        ['7/8/789.clip.mp3'],
      )
      assert.equal(dataset.classes.length, 50)
    }))

  it('gtzan: the filtered split; the damaged clip is listed, clips outside of the split are not taken', () => {
    const stems = [
      'blues/blues.00029',
      'blues/blues.00000',
      'blues/blues.00012',
      'jazz/jazz.00054',
      'pop/pop.00037',
    ]
    return open('gtzan', miniature.gtzan(...stems), {}, (dataset) => {
      assert.deepEqual(tracksOf(dataset), {
        'genres/blues/blues.00029.wav': ['train', 'blues'],
        'genres/blues/blues.00000.wav': ['valid', 'blues'],
        'genres/blues/blues.00012.wav': ['test', 'blues'],
      })
      const reasons = new Map(dataset.skipped.map(({ path, reason }) => [path, reason]))
      assert.match(reasons.get('genres/jazz/jazz.00054.wav')!, /damaged/)
      // 443 + 197 + 290 files, as torchaudio lists them
      assert.equal(dataset.length + dataset.skipped.length, 930)
    })
  })

  it('librispeech: the speaker is the label, every speaker reaches every split', () =>
    open('librispeech', miniature.librispeech(), {}, (dataset) => {
      assert.deepEqual([dataset.length, dataset.classes, dataset.task], [12, ['103', '1034'], 'multiclass'])
      assert.deepEqual(dataset.warnings, [])
    }))

  it('audio: any folder, with or without classes', async () => {
    const files = { 'a/1.wav': miniature.sound(), 'b/2.wav': miniature.sound() }
    await open('audio', files, {}, (dataset) => assert.deepEqual([dataset.length, dataset.task], [2, 'none']))
    await open('audio', files, { scheme: 'folders' }, (dataset) =>
      assert.deepEqual(dataset.classes, ['a', 'b']),
    )
  })

  it('fma: three rows of header, fields of any length; small has top genres, large all of them', async () => {
    await open('fma', miniature.fma(), {}, (dataset) =>
      assert.deepEqual(tracksOf(dataset), {
        'fma_small/000/000002.mp3': ['train', 'Hip-Hop'],
        'fma_small/000/000005.mp3': ['valid', 'Rock'],
      }),
    )
    await open('fma', miniature.fma(), { scheme: 'medium' }, (dataset) => assert.equal(dataset.length, 3))
    await open('fma', miniature.fma(), { scheme: 'large' }, (dataset) =>
      assert.deepEqual(tracksOf(dataset)['fma_large/000/000020.mp3'], ['train', 'Rock (12)', 'Rock (58)']),
    )
  })

  it('mtg-jamendo: tags of a category without its name; audio of full or low quality', async () => {
    await open('mtg-jamendo', miniature.mtgJamendo(), { scheme: 'genre' }, (dataset) =>
      assert.deepEqual(tracksOf(dataset), {
        '41/241.mp3': ['train', 'pop', 'rock'],
        '42/342.low.mp3': ['valid', 'pop'],
        '43/443.mp3': ['test', 'rock'],
      }),
    )
    await open('mtg-jamendo', miniature.mtgJamendo(), { scheme: 'mood' }, (dataset) =>
      assert.deepEqual(dataset.classes, ['calm', 'sad']),
    )
  })

  it('nsynth: family, pitch or source of each note', async () => {
    const classes = { instrument: ['bass', 'guitar'], pitch: ['22', '60'], source: ['acoustic', 'synthetic'] }
    for (const [scheme, expected] of Object.entries(classes))
      await open('nsynth', miniature.nsynth(), { scheme }, (dataset) => {
        assert.deepEqual([dataset.length, dataset.classes], [6, expected])
        assert.equal(dataset.subset('valid').length, 2)
      })
  })

  it('BAD CALL - an unknown name or scheme says the nearest; a data set that is not there says how to get it', () =>
    withTempDir(async (root) => {
      await assert.rejects(getDataset('magnatagtune' as DatasetName, root), {
        code: 'ERR_ARGUMENT',
        message: /"magnatagatune"/,
      })
      await assert.rejects(getDataset('fma', root, { scheme: 'smal' }), {
        code: 'ERR_CONFIG',
        message: /"small"/,
      })
      await assert.rejects(getDataset('fma', root), { code: 'ERR_DATASET', message: /--download/ })
      await assert.rejects(getDataset('msd', root), { code: 'ERR_DATASET', message: /processed_annotations/ })
      await assert.rejects(getDataset('msd', root, { download: true }), { message: /cannot be downloaded/ })
    }))

  it('a table that is not the published one is an error that names it and the fault', () =>
    withTempDir(async (root) => {
      await miniature.write(root, {
        ...miniature.magnatagatune(),
        'train_gt_mtt.tsv': "5\t__import__('os')\n",
      })
      await assert.rejects(getDataset('magnatagatune', root), {
        code: 'ERR_DATASET',
        message: /train_gt_mtt\.tsv.*0 and 1/,
      })
    }))

  it('clmr datasets lists them; clmr prepare --dataset prepares one', () =>
    withTempDir(async (root) => {
      const listed = await clmrJson<{ name: string; licence: string }[]>('datasets')
      assert.deepEqual(
        listed.map(({ name }) => name),
        [...DATASET_NAMES],
      )
      await miniature.write(root, miniature.nsynth())
      const cache = join(root, 'cache')
      const { stdout } = await clmrEnds(
        0,
        'prepare',
        root,
        '--cache',
        cache,
        '--dataset',
        'nsynth',
        '--scheme',
        'pitch',
      )
      assert.match(stdout, /^6 files: 6 accepted, 0 rejected$/m)
      assert.match(stdout, /2 classes, train 2, valid 2, test 2/)
      assert.ok((await readdir(cache)).includes('index.json'))
      await clmrEnds(2, 'prepare', root, '--cache', cache, '--dataset', 'nsynth', '--labels', 'folders')
      await clmrEnds(2, 'prepare', root, '--cache', cache, '--download')
    }))
})
