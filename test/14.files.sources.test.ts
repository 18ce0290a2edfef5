import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runInNewContext } from 'node:vm'
import { type ClmrError, decodeAudio, Encoder, type FileSource, inspectModel, LinearProbe } from 'clmr'
import { afterAbort, atBest } from './helpers/at-best.js'
import { goldenPath } from './helpers/golden.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'
import { wav } from './helpers/wav.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))

/** A web stream of pieces of `size` bytes. */
function webStream(bytes: Uint8Array, size = 1000): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
}

async function* pieces(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777)
}

/** The same file in every form that is taken. */
async function everyForm(path: string): Promise<Record<string, FileSource>> {
  const bytes = new Uint8Array(await readFile(path))
  const shared = new SharedArrayBuffer(bytes.length)
  new Uint8Array(shared).set(bytes)
  return {
    URL: pathToFileURL(path),
    'file: text': pathToFileURL(path).href,
    Uint8Array: bytes,
    Buffer: Buffer.from(bytes),
    ArrayBuffer: bytes.buffer,
    SharedArrayBuffer: shared,
    'Uint8Array of another realm': runInNewContext('(all) => Uint8Array.from(all)')([...bytes]),
    Blob: new Blob([bytes]),
    File: new File([bytes], 'song.mp3'),
    'web stream': webStream(bytes),
    'web stream of bytes': new Blob([bytes]).stream(),
    'body of a Response': new Response(bytes).body!,
    'Node stream': createReadStream(path, { highWaterMark: 999 }),
    'Readable.from': Readable.from(pieces(bytes), { objectMode: false }),
    'async iterable': pieces(bytes),
  }
}

const rejectsWith = (call: Promise<unknown>, code: string, message: RegExp) =>
  assert.rejects(call, (error: ClmrError) => {
    assert.equal(error.code, code, String(error))
    assert.match(error.message, message)
    return true
  })

/** Runs with a temporary folder of its own, and tells what is left in it. */
async function withTmp(work: () => Promise<void>): Promise<string[]> {
  let left: string[] = []
  await withTempDir(async (folder) => {
    const before = process.env.TMPDIR
    process.env.TMPDIR = join(folder, 'tmp')
    await mkdir(process.env.TMPDIR)
    try {
      assert.equal(tmpdir(), process.env.TMPDIR)
      await work()
      left = await readdir(process.env.TMPDIR)
    } finally {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
    }
  })
  return left
}

describe('14 files: a file in any form', () => {
  for (const name of ['cases/8bit.wav', 'tone.mp3', 'tone.flac', 'tone.ogg'])
    it(`${name} gives the same samples in every form: oracle is its path`, async () => {
      const { samples } = await decodeAudio(fixture(name))
      const left = await withTmp(async () => {
        for (const [form, source] of Object.entries(await everyForm(fixture(name))))
          assert.deepEqual((await decodeAudio(source)).samples, samples, form)
      })
      assert.deepEqual(left, [])
    })

  it('models and probes come in every form: oracle is the path', () =>
    withTempDir(async (folder) => {
      const model = goldenPath('checkpoints/bare-float16.pt')
      using encoder = await Encoder.create({ architecture: SMALL })
      const clip = encoder.allocateClips(1).fill(0.1)
      const saved = join(folder, 'model.safetensors')
      await encoder.save(saved)
      for (const path of [model, saved]) {
        const { tensors } = await inspectModel(path, { sha256: true })
        for (const [form, source] of Object.entries(await everyForm(path)))
          assert.deepEqual((await inspectModel(source, { sha256: true })).tensors, tensors, form)
      }
      const { 'web stream': stream, File: file } = await everyForm(saved)
      const expected = (await encoder.encode(clip)).data
      for (const source of [stream!, file!]) {
        using loaded = await Encoder.load(source)
        assert.deepEqual((await loaded.encode(clip)).data, expected)
      }
      const toy = new ToyEncoder()
      const train = toyDataset({ tracks: 6 })
      using probe = await LinearProbe.fit({ encoder: toy, train, validation: train, maxEpochs: 1 })
      await probe.save(join(folder, 'probe.safetensors'))
      for (const [form, source] of Object.entries(await everyForm(join(folder, 'probe.safetensors')))) {
        using loaded = await LinearProbe.load(source, { encoder: toy })
        assert.deepEqual(loaded.state(), probe.state(), form)
      }
    })).timeout(120_000)

  it('encodeFile, predictFile and encodeFiles take them; `path` is the source as it was given', async () => {
    using encoder = await Encoder.create()
    const path = fixture('cases/8bit.wav')
    const { mean } = await encoder.encodeFile(path)
    const sources = Object.values(await everyForm(path))
    const results = []
    for await (const result of encoder.encodeFiles(sources)) results.push(result)
    assert.equal(results.length, sources.length)
    for (const [i, { path: given, embedding }] of results.entries()) {
      assert.equal(given, sources[i])
      assert.deepEqual(embedding?.mean, mean)
    }
    assert.deepEqual((await encoder.encodeFile(webStream(await readFile(path)))).mean, mean)
    const set = {
      tracks: [{ path: 'a' }, { path: 'b' }],
      labels: { data: Float32Array.of(1, 0, 0, 1), rows: 2, cols: 2 },
      classes: ['low', 'high'],
      task: 'multiclass' as const,
      readTrack: async (i: number) => new Float32Array(59_049).fill(0.1 + i),
    }
    using probe = await LinearProbe.fit({ encoder, train: set, validation: set, maxEpochs: 1 })
    const classes = await probe.predictFile(path)
    assert.deepEqual(await probe.predictFile(new Blob([await readFile(path)])), classes)
  })
})

describe('14 files: streams that go wrong', () => {
  it('BAD CALL - a stream that is locked, ended or empty, one of text, none at all', async () => {
    const locked = webStream(wav({}))
    locked.getReader()
    await rejectsWith(decodeAudio(locked), 'ERR_ARGUMENT', /locked/)
    const ended = Readable.from([wav({ frames: 500 })], { objectMode: false })
    await decodeAudio(ended)
    await rejectsWith(decodeAudio(ended), 'ERR_ARGUMENT', /already/)
    const read = webStream(wav({ frames: 500 }))
    await decodeAudio(read)
    await rejectsWith(decodeAudio(read), 'ERR_AUDIO_DECODE', /no bytes/)
    await rejectsWith(decodeAudio(new Blob([])), 'ERR_AUDIO_DECODE', /no bytes/)
    await rejectsWith(Encoder.load(new Blob([])), 'ERR_CHECKPOINT', /empty/)
    const text = Readable.from(['RIFF']).setEncoding('utf8')
    await rejectsWith(decodeAudio(text), 'ERR_ARGUMENT', /something other than bytes/)
    for (const source of ['', 5, null, undefined, {}, new Date()]) {
      await rejectsWith(decodeAudio(source as never), 'ERR_ARGUMENT', /needs a file/)
      await rejectsWith(Encoder.load(source as never), 'ERR_ARGUMENT', /needs a file/)
      await rejectsWith(inspectModel(source as never), 'ERR_ARGUMENT', /needs a file/)
    }
  })

  it('BAD CALL - a URL of the web is refused, with the way to its bytes', async () => {
    for (const source of [new URL('https://example.org/a.mp3'), 'http://example.org/a.mp3'])
      await rejectsWith(decodeAudio(source), 'ERR_ARGUMENT', /\(await fetch\(url\)\)\.body/)
    await rejectsWith(decodeAudio(new URL('data:audio/wav;base64,AAAA')), 'ERR_ARGUMENT', /data: URLs/)
  })

  it('BAD CALL - a single stream or its bytes in place of a list of files', async () => {
    using encoder = await Encoder.create()
    for (const source of [createReadStream(fixture('cases/8bit.wav')), wav({}), new Blob([])])
      await rejectsWith(encoder.encodeFiles(source as never).next(), 'ERR_ARGUMENT', /several paths/)
  })

  it('a stream that breaks off is one error with its cause', async () => {
    const cause = new Error('the line went dead')
    const broken = () => new ReadableStream({ start: (c) => c.enqueue(wav({})), pull: (c) => c.error(cause) })
    const torn = new Readable({ read() {} })
    torn.push(wav({}))
    setTimeout(() => torn.destroy(cause), 20)
    for (const source of [broken(), torn, new Response(broken()).body!])
      await assert.rejects(decodeAudio(source), (error: ClmrError) => {
        assert.equal(error.code, 'ERR_IO')
        assert.match(error.message, /the stream broke off: the line went dead/)
        return error.cause === cause
      })
    using encoder = await Encoder.create()
    const results = []
    for await (const result of encoder.encodeFiles([broken(), fixture('cases/8bit.wav')]))
      results.push(result)
    assert.equal((results[0]!.error as ClmrError).code, 'ERR_IO')
    assert.ok(results[1]!.embedding)
  })

  it('an abort rejects with its reason within 250 ms, and cancels or destroys the source', async () => {
    using encoder = await Encoder.create()
    const calls = {
      decodeAudio,
      encodeFile: (source: FileSource, options: { signal: AbortSignal }) =>
        encoder.encodeFile(source, options),
    }
    for (const [name, call] of Object.entries(calls)) {
      let cancelled: unknown
      const waiting = () =>
        new ReadableStream<Uint8Array>({
          cancel: (reason) => {
            cancelled = reason
          },
        })
      const silent = () => new Readable({ read() {} })
      let last: Readable | undefined
      for (const source of [() => waiting(), () => (last = silent())])
        await atBest(250, async () => {
          const controller = new AbortController()
          const running = call(source(), { signal: controller.signal })
          await new Promise((resolve) => setTimeout(resolve, 20))
          return afterAbort(running, () => controller.abort(new Error('enough')), /enough/)
        })
      assert.match(String(cancelled), /enough/, name)
      assert.ok(last?.destroyed, name)
    }
  })
})

/** A probe of two silent tracks. */
function probeOn(encoder: Encoder): Promise<LinearProbe> {
  const task = {
    tracks: [{ path: 'a' }, { path: 'b' }],
    classes: ['low', 'high'],
    task: 'multiclass' as const,
  }
  const labels = { data: Float32Array.of(1, 0, 0, 1), rows: 2, cols: 2 }
  const readTrack = async (i: number) => new Float32Array(59_049).fill(0.1 + i)
  const set = { ...task, labels, readTrack }
  return LinearProbe.fit({ encoder, train: set, validation: set, maxEpochs: 1 })
}

describe('14 files: warnings', () => {
  it('reach onWarning with the name of the file, and the process hears nothing', async () => {
    const heard: string[] = []
    const onWarning = (warning: string) => heard.push(warning)
    const emitted: unknown[] = []
    const listener = (warning: unknown) => emitted.push(warning)
    process.on('warning', listener)
    try {
      const cut = new Uint8Array(await readFile(fixture('cases/no-eos-flag.ogg')))
      const { warnings } = await decodeAudio(new File([cut], 'cut'), { onWarning })
      assert.ok(warnings.length > 0)
      assert.deepEqual(
        heard.splice(0),
        warnings.map((warning) => `cut: ${warning}`),
      )
      using encoder = await Encoder.create()
      await encoder.encodeFile(cut, { onWarning })
      assert.deepEqual(heard.splice(0), warnings)
      using probe = await probeOn(encoder)
      await probe.predictFile(cut, { onWarning })
      assert.deepEqual(heard.splice(0), warnings)
      for await (const _ of encoder.encodeFiles([new File([cut], 'cut')], { onWarning }));
      assert.equal(heard.splice(0).length, warnings.length)
      using loaded = await Encoder.load(goldenPath('checkpoints/lightning.ckpt'), { onWarning })
      assert.ok(!loaded.disposed)
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(emitted, [])
    } finally {
      process.off('warning', listener)
    }
  })

  it('without onWarning, the process hears those that no result holds, and no others', async () => {
    const cut = new Uint8Array(await readFile(fixture('cases/no-eos-flag.ogg')))
    using encoder = await Encoder.create()
    using probe = await probeOn(encoder)
    const emitted: Error[] = []
    const listener = (warning: Error) => emitted.push(warning)
    process.on('warning', listener)
    try {
      const { warnings } = await encoder.encodeFile(cut)
      assert.ok(warnings.length > 0)
      assert.deepEqual((await decodeAudio(cut)).warnings, warnings)
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(emitted, [])
      await probe.predictFile(cut)
      await probe.predictOverTime(cut)
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(
        emitted.map(({ name, message }) => `${name}: ${message}`),
        [...warnings, ...warnings].map((warning) => `ClmrWarning: ${warning}`),
      )
    } finally {
      process.off('warning', listener)
    }
  })
})
