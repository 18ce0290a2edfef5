import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeAudio } from 'clmr'
import { CORPUS_CLASSES, synthesizeTrack, writeCorpus } from '#lib/demo/index.js'
import { bow, brass, chip, flute, organ, type Part, pluck, synthBass } from '#lib/demo/instruments.js'
import { encodeWav, type Recording, type WavEncoding } from '#lib/formats/wav/writer.js'
import { withTempDir } from './helpers/temp-dir.js'

const RATE = 22050

const hash = (recording: Recording) => {
  const sha = createHash('sha256')
  for (const channel of recording.channels) sha.update(new Uint8Array(channel.buffer))
  return sha.digest('hex')
}

/** Fundamental frequency: the first high peak of the autocorrelation, refined by a parabola through its neighbours. */
function pitchOf(samples: Float32Array, near: number): number {
  const from = Math.floor(RATE / (near * 1.3))
  const to = Math.ceil(RATE / (near / 1.3))
  const length = 8192
  const start = 6000
  const correlation = (lag: number) => {
    let sum = 0
    for (let i = start; i < start + length; i++) sum += samples[i]! * samples[i + lag]!
    return sum
  }
  let best = from
  for (let lag = from; lag <= to; lag++) if (correlation(lag) > correlation(best)) best = lag
  const [a, b, c] = [correlation(best - 1), correlation(best), correlation(best + 1)]
  return RATE / (best + (a - c) / (2 * (a - 2 * b + c)))
}

describe('84 demo corpus', () => {
  it('one class, index and seed give the same samples; another index or seed gives others', () => {
    const first = synthesizeTrack('chiptune', 3, 42)
    assert.equal(hash(synthesizeTrack('chiptune', 3, 42)), hash(first))
    assert.notEqual(hash(synthesizeTrack('chiptune', 4, 42)), hash(first))
    assert.notEqual(hash(synthesizeTrack('chiptune', 3, 43)), hash(first))
  })

  for (const name of CORPUS_CLASSES)
    it(`${name}: finite samples within full scale, no offset, at least 10 s of sound`, () => {
      const { channels, rate } = synthesizeTrack(name, 0, 7)
      assert.ok(channels.length === 1 || channels.length === 2)
      for (const channel of channels) {
        assert.ok(channel.length >= 10 * rate)
        let peak = 0
        let sum = 0
        let power = 0
        for (const x of channel) {
          peak = Math.max(peak, Math.abs(x)) // NaN stays NaN and fails below
          sum += x
          power += x * x
        }
        assert.ok(peak <= 1 && peak > 0.05, `peak ${peak}`)
        assert.ok(Math.abs(sum / channel.length) < 0.01 * peak, `offset ${sum / channel.length}`)
        assert.ok(Math.sqrt(power / channel.length) > 0.005 * peak)
      }
    })

  const instruments: [string, (part: Part, frequency: number) => void][] = [
    ['plucked string', (part, frequency) => pluck(part, note(frequency), { ring: 4, brightness: 0.5 })],
    [
      'bowed strings',
      (part, frequency) =>
        bow(part, note(frequency), { attack: 0.1, release: 0.1, detune: 8, cutoff: 3000, vibrato: 0 }),
    ],
    ['brass', (part, frequency) => brass(part, note(frequency), { bright: 5, attack: 0.03 })],
    ['chip', (part, frequency) => chip(part, note(frequency), { width: 0.25, steps: 4 })],
    ['organ', (part, frequency) => organ(part, note(frequency), { drawbars: [1, 0.5, 0.3], rotor: 1 })],
    ['flute', (part, frequency) => flute(part, note(frequency), { breath: 0, vibrato: 0 })],
  ]
  const note = (frequency: number) => ({ at: 0, seconds: 1, frequency, velocity: 1 })

  // oracle: the autocorrelation of the samples
  for (const [name, play] of instruments)
    it(`${name}: the pitch is the one that was asked for, to 10 cents`, () => {
      for (const frequency of [110, 261.63, 587.33]) {
        const part = { samples: new Float32Array(RATE), rate: RATE }
        play(part, frequency)
        const cents = 1200 * Math.log2(pitchOf(part.samples, frequency) / frequency)
        assert.ok(Math.abs(cents) < 10, `${frequency} Hz: off by ${cents.toFixed(1)} cents`)
      }
    })

  it('a synthetic bass sounds an octave below its note', () => {
    const part = { samples: new Float32Array(RATE), rate: RATE }
    synthBass(part, note(220), { cutoff: 600, sweep: 0 })
    assert.ok(Math.abs(1200 * Math.log2(pitchOf(part.samples, 110) / 110)) < 10)
  })

  // oracle: the step of each encoding
  const steps: [WavEncoding, number][] = [
    ['u8', 1 / 127],
    ['s16', 1 / 32767],
    ['s24', 1 / 8388607],
    ['s32', 1e-7],
    ['f32', 1e-7],
  ]
  for (const [encoding, step] of steps)
    it(`wav ${encoding}: what is decoded is what was encoded, to a step; odd lengths are padded`, async () => {
      const wave = Float32Array.from({ length: 2001 }, (_, i) => 0.9 * Math.sin(i / 9) - 0.05)
      const bytes = encodeWav({ channels: [wave], rate: RATE }, encoding)
      assert.equal(bytes.length % 2, 0)
      const { samples, channels, sampleRate } = await decodeAudio(bytes)
      assert.deepEqual([samples.length, channels, sampleRate], [2001, 1, RATE])
      const worst = wave.reduce((most, x, i) => Math.max(most, Math.abs(x - samples[i]!)), 0)
      assert.ok(worst <= 1.5 * step, `off by ${worst / step} steps`)
    })

  it('a folder a class; a second run writes the same bytes; several rates, widths and encodings', () =>
    withTempDir(async (dir) => {
      const seen: { done: number; total: number }[] = []
      const options = { seed: 5, tracksPerClass: 1 }
      const paths = await writeCorpus(dir, { ...options, onProgress: (p) => seen.push(p) })
      assert.deepEqual((await readdir(dir)).sort(), [...CORPUS_CLASSES].sort())
      assert.equal(paths.length, CORPUS_CLASSES.length)
      assert.deepEqual(seen.at(-1), { done: paths.length, total: paths.length })
      const before = await Promise.all(paths.map((path) => readFile(path)))
      const different = (read: (bytes: Buffer) => number) => new Set(before.map(read)).size
      assert.ok(different((bytes) => bytes.readUInt32LE(24)) >= 4, 'sample rates')
      assert.ok(different((bytes) => bytes.readUInt16LE(34)) >= 3, 'widths')
      assert.equal(
        different((bytes) => bytes.readUInt16LE(22)),
        2,
        'mono and stereo',
      )
      await writeCorpus(dir, options)
      for (const [i, path] of paths.entries()) assert.ok(before[i]!.equals(await readFile(path)), path)
    }))

  it('an abort ends it with the reason, and leaves no half a file', () =>
    withTempDir(async (dir) => {
      const stop = new AbortController()
      const reason = new Error('enough')
      const writing = writeCorpus(dir, { signal: stop.signal, onProgress: () => stop.abort(reason) })
      await assert.rejects(writing, (error) => error === reason)
      const files = (await readdir(dir, { recursive: true })).filter((name) => name.includes('.'))
      assert.ok(files.length < 20 && files.every((name) => name.endsWith('.wav')), files.join())
    }))

  it('BAD CALL - a corpus below a file is an IoError with the path', () =>
    withTempDir(async (dir) => {
      const file = join(dir, 'x')
      await writeFile(file, '')
      await assert.rejects(writeCorpus(join(file, 'corpus')), { code: 'ERR_IO' })
    }))
})
