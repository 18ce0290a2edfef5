import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Dataset, type PrepareProgress, prepare } from 'clmr'
import { labelsFromTable } from '#lib/datasets/labels.js'
import { clmr } from './helpers/command-line.js'
import { parseCsv } from './helpers/parse-csv.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tone, wav } from './helpers/wav.js'

const root = fileURLToPath(new URL('..', import.meta.url))

async function put(path: string, bytes: Uint8Array | string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  return path
}

let pitch = 0
const sound = () => wav({ frames: 4410, value: tone(22050, 200 + 13 * pitch++) })
const paths = (dataset: Dataset) => dataset.tracks.map(({ path }) => path)
const skipped = (dataset: Dataset) => Object.fromEntries(dataset.skipped.map((s) => [s.path, s.reason]))

async function inFolder<T>(files: string[], use: (source: string, cache: string) => Promise<T>): Promise<T> {
  return withTempDir(async (folder) => {
    const source = join(folder, 'music')
    await mkdir(source)
    for (const file of files) await put(join(source, file), sound())
    return use(source, join(folder, 'cache'))
  })
}

/** A path of which one name is no UTF-8. */
const bytePath = (folder: string, bytes: number[], rest = '') =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes), Buffer.from(rest)])

/** An Ogg Vorbis file whose header names another sample rate, with the right checksum of its page (RFC 3533). */
function withSampleRate(ogg: Uint8Array, rate: number): Uint8Array {
  const bytes = Buffer.from(ogg)
  bytes.writeUInt32LE(rate, bytes.indexOf('\x01vorbis', 0, 'latin1') + 12)
  const segments = bytes[26]!
  const size = 27 + segments + bytes.subarray(27, 27 + segments).reduce((a, b) => a + b, 0)
  bytes.writeUInt32LE(0, 22)
  let crc = 0
  for (const byte of bytes.subarray(0, size)) {
    crc ^= byte << 24
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0)
  }
  bytes.writeUInt32LE(crc >>> 0, 22)
  return bytes
}

describe('11 datasets: directory entries that fail', () => {
  it('a link to a folder never takes its place, wherever it sorts: each track once, each class under its own name', () =>
    inFolder(['jazz/1.wav', 'rock/1.wav', 'rock/live/2.wav'], async (source, cache) => {
      await symlink('../rock', join(source, 'jazz', 'a-favourite'))
      await symlink('rock/live', join(source, 'a-live'))
      await symlink('..', join(source, 'jazz', 'up'))
      await symlink(join(source, 'jazz', 'up'), join(source, 'again'))
      using dataset = await prepare(source, { cache, labels: 'folders' })
      assert.deepEqual(paths(dataset), ['jazz/1.wav', 'rock/1.wav', 'rock/live/2.wav'])
      assert.deepEqual([dataset.classes, dataset.skipped], [['jazz', 'rock'], []])
    }))

  it('what only a link leads to is read through it, once', () =>
    inFolder(['own/1.wav'], async (source, cache) => {
      const other = join(dirname(source), 'other')
      await put(join(other, 'deep', '2.wav'), sound())
      await symlink(other, join(source, 'pop'))
      await symlink(join(other, 'deep'), join(source, 'a-part'))
      await symlink(join(other, 'deep', '2.wav'), join(source, 'own', 'file.wav'))
      using dataset = await prepare(source, { cache, labels: 'folders' })
      assert.deepEqual(paths(dataset), ['a-part/2.wav', 'own/1.wav'])
    }))

  it('a link to a file never gives it a second label: its own name comes first, then the link that sorts first', () =>
    inFolder(['rock/1.wav', 'rock/2.wav'], async (source, cache) => {
      await put(join(dirname(source), 'other', '3.wav'), sound())
      await mkdir(join(source, 'favourites'))
      await symlink('../rock/1.wav', join(source, 'favourites', '1.wav'))
      await symlink('1.wav', join(source, 'favourites', 'again.wav'))
      await symlink('favourites/again.wav', join(source, '0.wav'))
      for (const name of ['pop', 'jazz']) {
        await mkdir(join(source, name))
        await symlink('../../other/3.wav', join(source, name, '3.wav'))
      }
      using dataset = await prepare(source, { cache, labels: 'folders' })
      assert.deepEqual(paths(dataset), ['jazz/3.wav', 'rock/1.wav', 'rock/2.wav'])
      assert.deepEqual([dataset.classes, dataset.skipped], [['jazz', 'rock'], []])
    }))

  it('broken links of every kind are a line each, whatever their names: to nothing, to themselves, below a file', () =>
    inFolder(['a/1.wav'], async (source, cache) => {
      await symlink('gone', join(source, 'Vol. 2'))
      await symlink('gone.wav', join(source, 'a', 'gone.wav'))
      await symlink('loop', join(source, 'loop'))
      await symlink('1.wav/x', join(source, 'a', 'below'))
      using dataset = await prepare(source, { cache })
      assert.deepEqual(paths(dataset), ['a/1.wav'])
      const reasons = skipped(dataset)
      assert.deepEqual(Object.keys(reasons).sort(), ['Vol. 2', 'a/below', 'a/gone.wav', 'loop'])
      assert.match(reasons['Vol. 2']!, /leads nowhere/)
      assert.match(reasons.loop!, /back to itself/)
      assert.match(reasons['a/below']!, /ENOTDIR/)
    }))

  if (process.platform === 'linux')
    it('names that are no UTF-8 are a line each: a folder, a file, in the middle of a character; silence for the rest', () =>
      inFolder(['a/1.wav'], async (source, cache) => {
        await mkdir(bytePath(source, [0x4d, 0xfa, 0x73]))
        await writeFile(bytePath(source, [0x4d, 0xfa, 0x73], '/inside.wav'), sound())
        await writeFile(bytePath(`${source}/a`, [0xe9, 0x74], '.mp3'), sound())
        await writeFile(bytePath(`${source}/a`, [0xc3], '.ogg'), sound())
        await writeFile(bytePath(`${source}/a`, [0xe9], '.jpg'), 'a picture')
        using dataset = await prepare(source, { cache, labels: 'folders' })
        assert.deepEqual(paths(dataset), ['a/1.wav'])
        assert.deepEqual(Object.keys(skipped(dataset)).sort(), ['M\\xfas', 'a/\\xc3.ogg', 'a/\\xe9t.mp3'])
        for (const reason of Object.values(skipped(dataset))) assert.match(reason, /not UTF-8/)
      }))

  if (process.geteuid?.() === 0)
    it('what a user may not read is a line each: folders, one that lets nobody through, files, behind links', () =>
      inFolder(['a/1.wav', 'a/secret.wav', 'lost+found/2.wav', 'listed/3.wav'], async (source, cache) => {
        await put(join(dirname(source), 'far', '4.wav'), sound())
        await symlink('../far', join(source, 'link'))
        await chmod(dirname(source), 0o777)
        await chmod(join(source, 'a', 'secret.wav'), 0)
        await chmod(join(source, 'lost+found'), 0o700)
        await chmod(join(source, 'listed'), 0o744)
        await chmod(join(dirname(source), 'far'), 0o700)
        const program = `import { getThreads, prepare } from 'clmr'
          import { native } from '#lib/native/load.js'
          native()
          process.setgid(65534)
          process.setuid(65534)
          const dataset = await prepare(process.argv[1], { cache: process.argv[2] })
          console.log(JSON.stringify({ tracks: dataset.tracks.map((t) => t.path), skipped: dataset.skipped }))`
        const out = execFileSync(process.execPath, ['--input-type=module', '-e', program, source, cache], {
          cwd: root,
          encoding: 'utf8',
        })
        const found = JSON.parse(out) as { tracks: string[]; skipped: { path: string; reason: string }[] }
        assert.deepEqual(found.tracks, ['a/1.wav'])
        assert.deepEqual(
          found.skipped.map(({ path }) => path),
          ['a/secret.wav', 'link', 'listed/3.wav', 'lost+found'],
        )
        for (const { reason } of found.skipped) assert.match(reason, /EACCES/)
      }))

  it('paths of a CSV match in any Unicode form, where one file is meant', () =>
    inFolder(
      ['Bjo\u0308rk/1.wav', 'Bj\u00f6rk/2.wav', '\uff21.wav', 'e\u0301.wav', '\u00e9.wav'],
      async (source, cache) => {
        const csv = await put(
          join(dirname(source), 'l.csv'),
          `path,label\nBj\u00f6rk/1.wav,a\nBjo\u0308rk/2.wav,b\nA.wav,c\ne\u0301.wav,d\n`,
        )
        using dataset = await prepare(source, { cache, labels: csv })
        assert.deepEqual(Object.fromEntries(dataset.tracks.map(({ path, labels }) => [path, labels[0]])), {
          'Bjo\u0308rk/1.wav': 'a',
          'Bj\u00f6rk/2.wav': 'b',
          '\uff21.wav': 'c',
          'e\u0301.wav': 'd',
        })
        assert.deepEqual(Object.keys(skipped(dataset)), ['\u00e9.wav'])
        const two = join(dirname(source), 'two.csv')
        await put(two, 'path,label\nBj\u00f6rk/1.wav,a\nBjo\u0308rk/1.wav,b\n')
        const twice = prepare(source, { cache, labels: two })
        await assert.rejects(twice, { code: 'ERR_DATASET', message: /line 3.*stands on line 2/ })
      },
    ))

  it('paths of a CSV match through links to folders', () =>
    inFolder(['real/1.wav'], async (source, cache) => {
      await symlink('real', join(source, 'alias'))
      const csv = await put(join(dirname(source), 'l.csv'), 'path,label\nalias/1.wav,a\n')
      using dataset = await prepare(source, { cache, labels: csv })
      assert.deepEqual([paths(dataset), dataset.skipped], [['real/1.wav'], []])
    }))

  it('paths of a CSV match through a second link to a file that lies elsewhere', () =>
    inFolder(['own/1.wav'], async (source, cache) => {
      const other = await put(join(dirname(source), 'other', '2.wav'), sound())
      await symlink(other, join(source, 'own', 'a.wav'))
      await symlink(other, join(source, 'own', 'b.wav'))
      const csv = await put(join(dirname(source), 'l.csv'), 'path,label\nown/b.wav,a\nown/1.wav,b\n')
      using dataset = await prepare(source, { cache, labels: csv })
      assert.deepEqual([paths(dataset), dataset.skipped], [['own/1.wav', 'own/a.wav'], []])
      assert.deepEqual(dataset.classes, ['a', 'b'])
    }))

  it('a CSV says why a file is not there: its folder cannot be searched, its name is not UTF-8, it is too long', () =>
    withTempDir(async (folder) => {
      const csv = join(folder, 'l.csv')
      const long = 'n'.repeat(5000)
      const text = `path,label\na.wav,x\nlocked/b.wav,x\nM\xfas.wav,x\n${long}.wav,x\n`
      await writeFile(csv, Buffer.from(text, 'latin1'))
      const unread = [{ path: 'locked', code: 'ERR_IO', reason: 'no' }]
      const plan = await labelsFromTable(csv, ['a.wav'], folder, unread)
      assert.deepEqual(
        plan.files.map(({ path }) => path),
        ['a.wav'],
      )
      const reasons = plan.skipped.map(({ reason }) => reason).join('\n')
      assert.match(reasons, /line 3.*locked cannot be searched/)
      assert.match(reasons, /line 4.*not UTF-8/)
      assert.match(reasons, /line 5/)
    }))

  it('a file that a CSV names and that is there is not called missing, whatever its name', () =>
    inFolder(['a.wav'], async (source, cache) => {
      await put(join(source, 'b.dat'), sound())
      await put(join(source, '.c.wav'), sound())
      const csv = await put(join(dirname(source), 'l.csv'), 'path,label\na.wav,x\nb.dat,x\n.c.wav,x\n')
      using dataset = await prepare(source, { cache, labels: csv })
      for (const path of ['b.dat', '.c.wav'])
        assert.match(skipped(dataset)[path]!, /by its name, it is not an audio file/)
    }))

  it('a field of 30 MB, quoted or not, is a fault of its line and takes no time', () => {
    for (const field of [`"${'x'.repeat(3e7)}"`, 'x'.repeat(3e7), `"${'""'.repeat(15e6)}"`])
      assert.throws(() => parseCsv(`path,label\na.wav,x\nb.wav,${field}\n`), {
        message: /a field has \d+ characters/,
        line: 3,
      })
  })

  it('embed lists what it could not look at beside the files that failed', function () {
    this.timeout(60_000)
    return inFolder(['a/1.wav'], async (source) => {
      await symlink('gone', join(source, 'broken'))
      const out = join(dirname(source), 'x.jsonl')
      const { code, stdout } = await clmr('embed', source, '--model', 'random', '--out', out, '--json')
      const told = JSON.parse(stdout) as { in: number; embedded: number; failed: { path: string }[] }
      assert.deepEqual([code, told.in, told.embedded], [0, 2, 1])
      assert.deepEqual(
        told.failed.map(({ path }) => path),
        [join(source, 'broken')],
      )
    })
  })
})

describe('11 datasets: faults of a file', () => {
  it('whatever goes wrong with one file, with whatever error, is its line', () =>
    inFolder(['a.wav', 'b.wav', 'c.wav'], async (source, cache) => {
      const ogg = await readFile(join(root, 'test/fixtures/audio/tone.ogg'))
      for (const rate of [1, 500, 7, 3_000_000_000])
        await put(join(source, `z${rate}.ogg`), withSampleRate(ogg, rate))
      const seen: PrepareProgress[] = []
      using dataset = await prepare(source, { cache, onProgress: (p) => seen.push(p) })
      assert.equal(dataset.length + dataset.skipped.length, 7)
      assert.ok(dataset.skipped.length >= 3)
      assert.deepEqual(paths(dataset).slice(0, 3), ['a.wav', 'b.wav', 'c.wav'])
      assert.equal(seen.at(-1)!.done, 7)
    }))

  it('--max-reject counts files, or a share of them, and more than that ends with 3', function () {
    this.timeout(120_000)
    return inFolder(['1.wav', '2.wav', '3.wav'], async (source, cache) => {
      await put(join(source, 'bad.wav'), 'no sound')
      for (const [limit, wanted] of [
        ['0', 3],
        ['1', 0],
        ['0.2', 3],
        ['0.25', 0],
      ] as const) {
        const { code, stderr } = await clmr('prepare', source, '--cache', cache, '--max-reject', limit)
        assert.equal(code, wanted, `--max-reject ${limit}: ${stderr}`)
        if (wanted === 3) assert.match(stderr, /too many files.*bad\.wav.*1 of 4/s)
      }
    })
  })
})
