import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Dataset, prepare } from 'clmr'
import fc from 'fast-check'
import { groupByFolder } from '#lib/datasets/groups.js'
import { assignSplits, type Splittable } from '#lib/datasets/split.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tone, wav } from './helpers/wav.js'

type Split = 'train' | 'valid' | 'test'
const SPLITS: Split[] = ['train', 'valid', 'test']
const share = (splits: string[], split: string) => splits.filter((s) => s === split).length

async function put(path: string, bytes: Uint8Array | string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  return path
}

const sound = (i: number) => wav({ frames: 1000, value: tone(22050, 150 + 7 * i) })
const splitOf = (dataset: Dataset) => Object.fromEntries(dataset.tracks.map((t) => [t.path, t.split]))

/** Tracks of `kept` whose split is another one in `now`. */
const moved = (kept: Record<string, string>, now: Record<string, string>) =>
  Object.keys(kept).filter((path) => now[path] !== undefined && now[path] !== kept[path])

describe('12 datasets: splits that stay', () => {
  it('a collection that grows track by track keeps every split, and each class stays near 60/20/20', () => {
    const known: (Splittable & { split: Split })[] = []
    for (let n = 0; n < 300; n++) {
      const fresh = { key: `track ${n}`, labels: [n % 3] }
      const splits = assignSplits([...known, fresh], 42)
      assert.deepEqual(
        splits.slice(0, n),
        known.map(({ split }) => split),
      )
      known.push({ ...fresh, split: splits[n]! })
      for (const label of [0, 1, 2]) {
        const own = known.filter(({ labels }) => labels[0] === label).map(({ split }) => split)
        const tenths = [share(own, 'train'), share(own, 'valid'), share(own, 'test')]
        for (const [i, part] of [0.6, 0.2, 0.2].entries())
          assert.ok(Math.abs(tenths[i]! - part * own.length) <= 2, `${tenths} of ${own.length}`)
      }
    }
  })

  it('a new collection that has grown is divided much as before: the hash decides, the quotas only correct', () => {
    const tracks = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `${i}`, labels: [i % 4] }))
    const [before, after] = [assignSplits(tracks(400), 1), assignSplits(tracks(440), 1)]
    assert.ok(before.filter((split, i) => split !== after[i]).length < 40)
  })

  /** Pairs of a class of three or more and a split that it does not reach. */
  function gaps(rows: readonly number[][], splits: readonly (string | undefined)[]): number {
    const classes = [0, 1, 2, 3, 4, 5, 6].map((label) => splits.filter((_, i) => rows[i]!.includes(label)))
    return classes
      .filter((own) => own.length >= 3)
      .reduce((sum, own) => sum + SPLITS.filter((split) => !own.includes(split)).length, 0)
  }

  /** Whether any division of the tracks has no gap: all 3ⁿ are tried. */
  function canBeFilled(rows: readonly number[][], splits: Split[] = []): boolean {
    if (splits.length === rows.length) return gaps(rows, splits) === 0
    return SPLITS.some((split) => canBeFilled(rows, [...splits, split]))
  }

  const tags = (min: number, max: number) =>
    fc.array(fc.uniqueArray(fc.nat({ max: 6 }), { maxLength: 4 }), { minLength: min, maxLength: max })
  const divide = (rows: number[][]) =>
    assignSplits(
      rows.map((labels, i) => ({ key: `${i}`, labels })),
      42,
    )

  it('each class of three or more reaches every split, with any tags on any track, wherever that can be (brute force)', function () {
    this.timeout(60_000)
    fc.assert(
      fc.property(tags(3, 7), (rows) => gaps(rows, divide(rows)) === 0 || !canBeFilled(rows)),
      { numRuns: 2000, seed: 7 },
    )
    fc.assert(
      fc.property(tags(40, 80), (rows) => gaps(rows, divide(rows)) === 0),
      { numRuns: 300, seed: 7 },
    )
  })

  it('a frequent tag reaches every split even where each track has a tag of its own beside it', () => {
    const rows = Array.from({ length: 10 }, (_, i) => ({ key: `${i}`, labels: [0, i + 1] }))
    const splits = assignSplits(rows, 42)
    assert.deepEqual([share(splits, 'train'), share(splits, 'valid'), share(splits, 'test')], [6, 2, 2])
  })

  it('groups stay together, whatever their sizes and labels, and the shares still come out', () => {
    const tracks = Array.from({ length: 200 }, (_, i) => ({
      key: `${i}`,
      labels: [i % 2],
      group: `artist ${Math.floor((i * i) / 900)}`,
    }))
    const splits = assignSplits(tracks, 42)
    const byGroup = new Map(tracks.map(({ group }, i) => [group, splits[i]]))
    for (const [i, { group }] of tracks.entries()) assert.equal(splits[i], byGroup.get(group))
    assert.ok(share(splits, 'train') >= 105 && share(splits, 'train') <= 135, `${share(splits, 'train')}`)
    for (const split of ['valid', 'test']) assert.ok(share(splits, split) >= 25, `${share(splits, split)}`)
  })

  it('a group that was divided is united in train, if any of it was trained on: nothing trained on is tested on', () => {
    const tracks = SPLITS.map((split, i) => ({ key: `${i}`, labels: [0], group: 'x', split }))
    assert.deepEqual(assignSplits([...tracks, { key: 'new', labels: [0], group: 'x' }], 1), [
      'train',
      'train',
      'train',
      'train',
    ])
    assert.deepEqual(assignSplits(tracks.slice(1), 1), ['valid', 'valid'])
  })
})

describe('12 datasets: splits of a cache', () => {
  const corpus = async (source: string, from: number, to: number) => {
    for (let i = from; i < to; i++) await put(join(source, `c${i % 3}`, `${i}.wav`), sound(i))
  }
  const inFolders = (use: (source: string, cache: string) => Promise<void>) =>
    withTempDir((folder) => use(join(folder, 'music'), join(folder, 'cache')))
  const run = async (source: string, cache: string, options = {}) => {
    using dataset = await prepare(source, { cache, labels: 'folders', ...options })
    return splitOf(dataset)
  }

  it('tracks that come, go, come back, are renamed, retagged or moved to another class move no other', function () {
    this.timeout(60_000)
    return inFolders(async (source, cache) => {
      await corpus(source, 0, 30)
      const first = await run(source, cache)
      await corpus(source, 30, 48)
      const grown = await run(source, cache)
      assert.deepEqual(moved(first, grown), [])
      await mkdir(join(source, '..', 'away'))
      for (let i = 0; i < 48; i += 2)
        await rename(join(source, `c${i % 3}`, `${i}.wav`), join(source, '..', 'away', `${i}.wav`))
      assert.deepEqual(moved(grown, await run(source, cache)), [])
      await run(source, cache)
      for (let i = 0; i < 48; i += 2)
        await rename(join(source, '..', 'away', `${i}.wav`), join(source, `c${i % 3}`, `${i}.wav`))
      assert.deepEqual(moved(grown, await run(source, cache)), [])
      await rename(join(source, 'c0', '0.wav'), join(source, 'c1', 'new name.wav'))
      const tagged = Buffer.concat([
        await readFile(join(source, 'c1', '1.wav')),
        Buffer.from('LIST\x04\0\0\0INFO'),
      ])
      await writeFile(join(source, 'c1', '1.wav'), tagged)
      const last = await run(source, cache)
      assert.deepEqual(moved(grown, last), [])
      assert.equal(last['c1/new name.wav'], grown['c0/0.wav'])
    })
  })

  it('splits outlive other labels, an interrupted run and a damaged index; another seed divides anew', function () {
    this.timeout(60_000)
    return inFolders(async (source, cache) => {
      await corpus(source, 0, 30)
      const first = await run(source, cache, { seed: 7 })
      assert.deepEqual(await run(source, cache), first)
      assert.deepEqual(await run(source, cache, { labels: undefined }), first)
      await corpus(source, 30, 39)
      const stop = new AbortController()
      const onProgress = ({ done }: { done: number }) => done === 33 && stop.abort()
      await assert.rejects(run(source, cache, { signal: stop.signal, onProgress }))
      const grown = await run(source, cache)
      assert.deepEqual(moved(first, grown), [])
      const index = join(cache, 'index.json')
      const text = await readFile(index, 'utf8')
      await writeFile(index, text.slice(0, text.length - 40).replace('"c0/', '"c0\u0000'))
      assert.deepEqual(moved(grown, await run(source, cache)), [])
      assert.notDeepEqual(await run(source, cache, { seed: 8 }), grown)
    })
  })

  it('a column "group" keeps the tracks of an artist in one split; with a column "split" beside, both must agree', () =>
    inFolders(async (source, cache) => {
      for (let i = 0; i < 24; i++) await put(join(source, `${i}.wav`), sound(i))
      const csv = join(source, '..', 'l.csv')
      const rows = Array.from({ length: 24 }, (_, i) => `${i}.wav,artist ${i % 8},${i % 2 ? 'a' : 'b'}`)
      await writeFile(csv, `path,group,label\n${rows.join('\n')}\n`)
      using dataset = await prepare(source, { cache, labels: csv })
      for (const track of dataset.tracks) {
        const i = Number.parseInt(track.path, 10)
        assert.equal(track.split, dataset.tracks.find(({ path }) => path === `${i % 8}.wav`)!.split)
      }
      assert.deepEqual(dataset.classes, ['a', 'b'])
      assert.deepEqual(dataset.warnings, [])
      await writeFile(csv, 'path,group,split,label\n0.wav,x,train,a\n1.wav,x,test,a\n')
      const torn = prepare(source, { cache, labels: csv })
      await assert.rejects(torn, {
        code: 'ERR_DATASET',
        message: /line 3: group "x" is in test here and in train/,
      })
    }))

  it('groupBy keeps albums or artists in one split, by their folders; the folder of a class, and no folder, are no group', () =>
    inFolders(async (source, cache) => {
      for (let i = 0; i < 24; i++)
        await put(join(source, `artist ${i % 4}`, `album ${i % 12}`, `${i}.wav`), sound(i))
      for (const [groupBy, depth] of [
        ['parent', 2],
        ['grandparent', 1],
      ] as const) {
        using dataset = await prepare(source, { cache, groupBy, seed: 10 + depth })
        const splits = new Map<string, Set<Split>>()
        for (const { path, split } of dataset.tracks) {
          const group = path.split('/').slice(0, depth).join('/')
          splits.set(group, (splits.get(group) ?? new Set()).add(split as Split))
        }
        assert.equal(splits.size, depth === 2 ? 12 : 4)
        assert.ok([...splits.values()].every((own) => own.size === 1))
      }
      const groups = (paths: string[], groupBy: 'parent' | 'grandparent', classFolders: number) => {
        const files = paths.map((path) => ({ path, labels: [] }))
        const plan = groupByFolder({ task: 'none', files, skipped: [] }, groupBy, classFolders)
        return plan.files.map(({ group }) => group)
      }
      const paths = ['x.wav', 'a/x.wav', 'a/b/x.wav', 'a/b/c/x.wav']
      assert.deepEqual(groups(paths, 'parent', 0), [undefined, 'a', 'a/b', 'a/b/c'])
      assert.deepEqual(groups(paths, 'grandparent', 0), [undefined, 'a', 'a', 'a/b'])
      assert.deepEqual(groups(paths, 'parent', 1), [undefined, undefined, 'a/b', 'a/b/c'])
      assert.deepEqual(groups(paths, 'grandparent', 1), [undefined, undefined, 'a/b', 'a/b'])
      const named = groupByFolder(
        { task: 'none', files: [{ path: 'a/x.wav', labels: [], group: 'band' }], skipped: [] },
        'parent',
        0,
      )
      assert.equal(named.files[0]!.group, 'band')
    }))

  it('the classes that are too small for every split are named', () =>
    inFolders(async (source, cache) => {
      for (const [name, n] of Object.entries({ large: 5, pair: 2, single: 1 }))
        for (let i = 0; i < n; i++) await put(join(source, name, `${i}.wav`), sound(10 * i + n))
      using dataset = await prepare(source, { cache, labels: 'folders' })
      assert.equal(dataset.warnings.length, 1)
      assert.match(
        dataset.warnings[0]!,
        /2 of 3 classes.*"pair" \(train 2, valid 0, test 0\), "single" \(train 1/,
      )
      assert.deepEqual((await readdir(cache)).sort(), ['audio', 'index.json'])
      await rm(cache, { recursive: true })
    }))
})
