import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Encoder } from 'clmr'
import { parquetReadObjects } from 'hyparquet'
import { readSafetensors, writeSafetensors } from '#lib/formats/safetensors.js'
import { clmr, clmrEnds, clmrJson, startClmr, writeMusic } from './helpers/command-line.js'
import { readNpy } from './helpers/npy.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'

/** ten tracks, one file that is no audio, and a cache of them */
async function withCache(use: (paths: { folder: string; music: string; cache: string }) => Promise<void>) {
  await withTempDir(async (folder) => {
    const [music, cache] = [join(folder, 'music'), join(folder, 'cache')]
    await writeMusic(music)
    await writeFile(join(music, 'low', 'bad.wav'), 'this is no audio')
    await clmrEnds(0, 'prepare', music, '--cache', cache, '--labels', 'folders', '--quiet')
    await use({ folder, music, cache })
  })
}

/** A row for every 20 ms of a track of `writeMusic`, by a network of short clips: the table grows with every other file. */
const fineRows = ['--per-window', '--hop', '0.02']
const ROWS_A_FILE = Math.floor((60000 - SMALL.clipLength) / 441) + 1

async function saveSmall(path: string, seed = 8): Promise<string> {
  using encoder = await Encoder.create({ seed, architecture: SMALL })
  await encoder.save(path)
  return path
}

/** Until rows have reached the table that is being written in `folder`. */
async function afterFirstRows(folder: string, child: ChildProcess): Promise<void> {
  const sizes = async () =>
    (await readdir(folder))
      .filter((name) => name.endsWith('.tmp'))
      .map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0)
  while (child.exitCode === null) {
    if ((await Promise.all(await sizes())).some((size) => size > 0)) return
    await sleep(20)
  }
}

describe('81 cli: prepare, verify, embed, convert, inspect', () => {
  it('prepare: in = accepted + rejected, the bad file is named, a second run says the same', () =>
    withTempDir(async (folder) => {
      const [music, cache] = [join(folder, 'music'), join(folder, 'cache')]
      await writeMusic(music)
      await writeFile(join(music, 'low', 'bad.wav'), 'this is no audio')
      const args = ['prepare', music, '--cache', cache, '--labels', 'folders']
      const { stdout, stderr } = await clmrEnds(0, ...args)
      assert.match(stdout, /^11 files: 10 accepted, 1 rejected$/m)
      assert.match(stdout, /2 classes, train 6, valid 2, test 2/)
      assert.match(stderr, /^prepare 11\/11, 1 not usable$/m)
      assert.match(stderr, /^skipped low\/bad\.wav: /m)
      const again = await clmrJson(...args)
      const { in: count, accepted, rejected, classes, task, splits, skipped } = again
      assert.deepEqual({ count, accepted, rejected }, { count: 11, accepted: 10, rejected: 1 })
      assert.deepEqual({ classes, task }, { classes: ['high', 'low'], task: 'multiclass' })
      assert.deepEqual(splits, { train: 6, valid: 2, test: 2 })
      assert.equal((skipped as { path: string }[])[0]?.path, 'low/bad.wav')
      const quiet = await clmrEnds(0, ...args, '--quiet')
      assert.doesNotMatch(quiet.stderr, /prepare/)
    }))

  it('prepare ends with 1 where nothing can be read or written: no folder, a file, a cache below a file, all bad', () =>
    withTempDir(async (folder) => {
      const file = join(folder, 'file.wav')
      await writeFile(file, 'this is no audio')
      const missing = join(folder, 'missing')
      for (const [source, cache] of [
        [missing, join(folder, 'cache')],
        [file, join(folder, 'cache')],
        [folder, join(file, 'cache')],
        [folder, '/proc/clmr-cache'],
        [folder, join(folder, 'cache')],
      ] as const) {
        const { code, stderr } = await clmr('prepare', source, '--cache', cache)
        assert.equal(code, 1, stderr)
        assert.match(stderr, /error \[ERR_[A-Z]+\] .+\n {2}.+\.$/m)
      }
    }))

  it('verify: 0 for a whole cache, 1 and the track for one flipped bit, 1 for a folder that is neither', () =>
    withCache(async ({ folder, cache }) => {
      const { stdout } = await clmrEnds(0, 'verify', cache)
      assert.match(stdout, /10 of 10 tracks are whole\nevery byte is as it was written/)
      const names = (await readdir(cache, { recursive: true })).filter((name) => name.endsWith('.wav'))
      const victim = join(cache, names[0]!)
      const bytes = await readFile(victim)
      bytes[bytes.length >> 1]! ^= 1
      await writeFile(victim, bytes)
      const damaged = await clmr('verify', cache, '--json')
      assert.equal(damaged.code, 1)
      const report = JSON.parse(damaged.stdout)
      assert.equal(report.kind, 'cache')
      assert.equal(report.ok, false)
      assert.equal(report.problems.length, 1)
      await clmrEnds(1, 'verify', folder)
    }))

  it('embed: .parquet, .npy and .jsonl hold the same rows in the order of the files; the bad one is only named', () =>
    withCache(async ({ folder, music }) => {
      const at = (name: string) => join(folder, name)
      const run = (name: string, ...more: string[]) =>
        clmrJson('embed', '--model', 'random', music, '--out', at(name), ...more)
      const result = await run('e.jsonl')
      assert.deepEqual([result.in, result.embedded, result.rows, result.out], [11, 10, 10, at('e.jsonl')])
      assert.deepEqual(
        (result.failed as { path: string; code: string }[]).map(({ path, code }) => [path, code]),
        [[join(music, 'low/bad.wav'), 'ERR_AUDIO_DECODE']],
      )
      await run('e.npy')
      await run('e.parquet')
      const lines = (await readFile(at('e.jsonl'), 'utf8')).trim().split('\n')
      const rows = lines.map((line) => JSON.parse(line) as { path: string; embedding: number[] })
      assert.deepEqual(
        rows.map(({ path }) => path),
        ['high', 'low'].flatMap((name) => [0, 1, 2, 3, 4].map((i) => join(music, name, `${i}.wav`))),
      )
      const { data, shape } = await readNpy(at('e.npy'))
      assert.deepEqual(shape, [10, 512])
      assert.deepEqual(
        [...(data as Float32Array)],
        rows.flatMap(({ embedding }) => embedding),
      )
      const file = await readFile(at('e.parquet'))
      const table = await parquetReadObjects({ file: new Uint8Array(file).buffer })
      assert.deepEqual(
        table.map(({ path, embedding }) => ({ path, embedding })),
        rows,
      )
      const one = ['embed', '--model', 'random', join(music, 'low/0.wav'), '--out', at('frames.jsonl')]
      const windows = await clmrJson(...one, '--per-window', '--hop', '0.02')
      assert.equal(windows.rows, Math.floor((60000 - 59049) / 441) + 1) // windows that fit: closed form
      const [first, second] = (await readFile(at('frames.jsonl'), 'utf8')).split('\n')
      assert.deepEqual(
        [first, second].map((line) => JSON.parse(line!).time),
        [0, 0.02],
      )
    }))

  it('embed --windows: as many as asked for, spread evenly over the file; with --hop it is wrong usage', () =>
    withCache(async ({ folder, music }) => {
      const out = join(folder, 'e.jsonl')
      const one = ['embed', '--model', 'random', join(music, 'low/0.wav'), '--out', out, '--per-window']
      assert.equal((await clmrJson(...one, '--windows', '3')).rows, 3)
      const rows = (await readFile(out, 'utf8')).trim().split('\n')
      const free = (60000 - 59049) / 22050 // where a window may start, in three equal parts: closed form
      for (const [i, row] of rows.entries()) {
        const { time } = JSON.parse(row)
        assert.ok(Math.abs(time - ((i + 0.5) * free) / 3) < 1 / 22050, `window ${i} at ${time} s`)
      }
      assert.equal((await clmrJson(...one, '--windows', '2')).kept, 0)
      const both = await clmrEnds(2, ...one, '--windows', '3', '--hop', '1')
      assert.match(both.stderr, /hop 1, windows 3/)
      await clmrEnds(2, ...one, '--windows', '0')
    }))

  it('embed ends with 1 and writes nothing where no file could be read; below a file it does not begin', () =>
    withTempDir(async (folder) => {
      const bad = join(folder, 'bad.wav')
      await writeFile(bad, 'this is no audio')
      const out = join(folder, 'e.npy')
      await clmrEnds(1, 'embed', '--model', 'random', bad, '--out', out)
      assert.deepEqual(await readdir(folder), ['bad.wav'])
      const blocked = await clmrEnds(1, 'embed', '--model', 'random', bad, '--out', join(bad, 'x', 'e.npy'))
      assert.match(blocked.stderr, /ERR_IO/)
      const noModel = await clmrEnds(1, 'embed', '--model', join(folder, 'no.pt'), bad, '--out', out)
      assert.match(noModel.stderr, /no\.pt/)
    }))

  it('SIGINT ends embed with 130, and the files that were done are in the table', () =>
    withTempDir(async (folder) => {
      const music = join(folder, 'music')
      await writeMusic(music)
      const model = await saveSmall(join(music, 'model.safetensors'))
      const out = join(folder, 'e.jsonl')
      const many = Array.from({ length: 200 }, () => music)
      const { child, finished } = startClmr(['embed', '--model', model, ...many, '--out', out, ...fineRows])
      await afterFirstRows(folder, child)
      child.kill('SIGINT')
      const { code, stderr } = await finished
      assert.equal(code, 130, stderr)
      const done = Number(/holds the first (\d+) of 2000 files/.exec(stderr)?.[1])
      assert.ok(done > 0 && done < 2000, stderr)
      assert.equal((await readFile(out, 'utf8')).trim().split('\n').length, done * ROWS_A_FILE)
      assert.deepEqual((await readdir(folder)).sort(), ['e.jsonl', 'music'])
    }))

  it('embed goes on: what the table holds already is kept, unless its file or the model has changed, or options have', function () {
    this.timeout(180_000)
    return withCache(async ({ folder, music }) => {
      const at = (name: string) => join(folder, name)
      const model = await saveSmall(at('model.safetensors'))
      const other = await saveSmall(at('other.safetensors'), 9)
      for (const [extension, ...flags] of [['jsonl'], ['npy', '--normalize'], ['parquet', '--per-window']]) {
        const [part, whole] = [at(`part.${extension}`), at(`whole.${extension}`)]
        const run = (out: string, paths: string[], ...more: string[]) =>
          clmrJson('embed', '--model', model, ...paths, '--out', out, ...flags, ...more)
        await run(whole, [music])
        await run(part, [join(music, 'high')])
        const grown = await run(part, [music])
        assert.deepEqual([grown.embedded, grown.kept], [10, 5])
        assert.deepEqual(await readFile(part), await readFile(whole))
        assert.equal((await run(part, [music])).kept, 10)
        await writeFile(join(music, 'high', '2.wav'), await readFile(join(music, 'high', '2.wav')))
        assert.equal((await run(part, [music])).kept, 9)
        assert.deepEqual(await readFile(part), await readFile(whole))
        const options = extension === 'npy' ? ['--model', other] : ['--hop', '0.01', '--per-window']
        assert.equal((await run(part, [music], ...options)).kept, 0, extension)
      }
    })
  })

  it('an interrupted embed leaves what it had, and what an earlier one had; shares of the work make up the whole', function () {
    this.timeout(120_000)
    return withCache(async ({ folder, music }) => {
      const out = join(folder, 'e.jsonl')
      const model = await saveSmall(join(folder, 'model.safetensors'))
      const many = Array.from({ length: 100 }, () => join(music, 'high'))
      const embed = (...paths: string[]) => ['embed', '--model', model, ...paths, '--out', out, ...fineRows]
      await clmrEnds(0, ...embed(join(music, 'low')))
      const { child, finished } = startClmr(embed(...many, join(music, 'low')))
      await afterFirstRows(folder, child)
      child.kill('SIGINT')
      const { code, stderr } = await finished
      assert.equal(code, 130, stderr)
      const rows = (await readFile(out, 'utf8')).trim().split('\n')
      const ofFiles = rows.filter((_, i) => i % ROWS_A_FILE === 0)
      assert.deepEqual(
        ofFiles.slice(-5).map((row) => JSON.parse(row).path),
        [0, 1, 2, 3, 4].map((i) => join(music, 'low', `${i}.wav`)),
      )
      assert.equal(rows.length, ROWS_A_FILE * Number(/holds (\d+) of 506 files/.exec(stderr)?.[1]))
      const shares = [1, 2, 3].map(async (i) => {
        const share = join(folder, `${i}.jsonl`)
        await clmrEnds(0, 'embed', '--model', model, music, '--out', share, '--shard', `${i}/3`)
        return (await readFile(share, 'utf8')).trim().split('\n').length
      })
      assert.deepEqual(await Promise.all(shares), [4, 3, 3])
      await clmrEnds(2, ...embed(music), '--shard', '4/3')
    })
  })

  it('embed refuses numbers that are not finite, sums up what failed, and ends with 3 where that is too much', () =>
    withCache(async ({ folder, music }) => {
      const model = join(folder, 'huge.safetensors')
      using encoder = await Encoder.create()
      await encoder.save(model)
      const { tensors, metadata } = await readSafetensors(model)
      const scale = tensors.get('encoder.sequential.10.0.weight')!
      new Float32Array(scale.bytes.buffer, scale.bytes.byteOffset, 512 * 512 * 3).fill(3e38)
      await writeSafetensors(model, tensors, Object.fromEntries(metadata))
      const args = ['embed', music, '--out', join(folder, 'e.npy'), '--model']
      const all = await clmrEnds(1, ...args, model)
      assert.match(all.stderr, /^failed .*low\/0\.wav: its embedding holds NaN or infinity$/m)
      assert.match(all.stderr, /^11 of 11 files failed: 10 ERR_NON_FINITE, 1 ERR_AUDIO_DECODE$/m)
      const { stderr, stdout } = await clmrEnds(0, ...args, 'random', '--max-reject', '1')
      assert.match(stderr, /^1 of 11 files failed: 1 ERR_AUDIO_DECODE$/m)
      assert.match(stdout, /^10 of 11 files, 10 embeddings/)
      await clmrEnds(3, ...args, 'random', '--max-reject', '0')
    }))

  it('SIGTERM ends prepare with 143, and the next run goes on', () =>
    withTempDir(async (folder) => {
      const [music, cache] = [join(folder, 'music'), join(folder, 'cache')]
      for (let i = 0; i < 30; i++) await writeMusic(join(music, `${i}`))
      const { child, finished } = startClmr(['prepare', music, '--cache', cache])
      child.stderr?.once('data', () => child.kill('SIGTERM'))
      const { code, stderr } = await finished
      assert.equal(code, 143, stderr)
      assert.equal((await clmrJson('prepare', music, '--cache', cache)).accepted, 300)
    }))

  it('convert and inspect: .safetensors → .pt → .safetensors keeps every tensor, by its hash', () =>
    withTempDir(async (folder) => {
      const { Encoder } = await import('clmr')
      const first = join(folder, 'a.safetensors')
      using encoder = await Encoder.create({ seed: 5 })
      await encoder.save(first)
      const [torch, second] = [join(folder, 'b.pt'), join(folder, 'c.safetensors')]
      const result = await clmrJson('convert', first, torch)
      assert.deepEqual(result.parts, ['encoder'])
      await clmrEnds(0, 'convert', torch, second)
      type Inspected = { tensors: { name: string; sha256: string }[] }
      const [a, c] = await Promise.all(
        [first, second].map((path) => clmrJson<Inspected>('inspect', path, '--sha256')),
      )
      assert.ok(a!.tensors.length > 50)
      assert.deepEqual(a!.tensors, c!.tensors)
      const { stdout } = await clmrEnds(0, 'inspect', torch)
      assert.match(stdout, /b\.pt: .*tensors/)
      await clmrEnds(2, 'convert', first, join(folder, 'x.onnxx'))
      await rm(first)
      assert.match((await clmrEnds(1, 'convert', first, torch)).stderr, /ERR_IO.*a\.safetensors/)
    }))
})
