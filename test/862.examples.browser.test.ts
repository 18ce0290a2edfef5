import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { decodeAudio } from 'clmr'
import { maxAbsoluteError } from './helpers/golden.js'
import { numbers } from './helpers/numbers.js'
import { wav } from './helpers/wav.js'

const example = (name: string) => new URL(`../examples/browser/${name}`, import.meta.url)
const fixture = (name: string) => new URL(`fixtures/audio/${name}`, import.meta.url)

/** npm run check:ecosystems opens the page itself, in Chromium. */
describe('862 examples: in the browser', () => {
  it('resample.js gives the samples of decodeAudio (oracle) at rates above and below, with few phases and with many', async () => {
    const { resample } = (await import(example('resample.js').href)) as {
      resample: (samples: Float32Array, rate: number, wanted: number) => Float32Array
    }
    for (const sampleRate of [8000, 22_050, 44_099, 44_100, 48_000]) {
      const random = numbers(sampleRate)
      const noise = Float32Array.from({ length: 3001 }, () => random() - 0.5)
      const file = wav({ frames: 3001, sampleRate, bits: 32, float: true, value: (t) => noise[t]! })
      const { samples } = await decodeAudio(file)
      const error = maxAbsoluteError(resample(noise, sampleRate, 22_050), samples)
      assert.ok(error < 1e-6, `${sampleRate} Hz: ${error}`)
    }
  })

  it('rate.js reads the rate from the headers of wav, flac, mp3 and ogg, and leaves m4a to the browser', async () => {
    const { sampleRateOf } = (await import(example('rate.js').href)) as {
      sampleRateOf: (file: ArrayBuffer) => number | undefined
    }
    const rateOf = (bytes: Uint8Array) => sampleRateOf(Uint8Array.from(bytes).buffer)
    assert.equal(rateOf(wav({ sampleRate: 96_000 })), 96_000)
    for (const name of ['tone.flac', 'tone.mp3', 'mono-without-tag.mp3', 'tone.ogg', 'flac-in-ogg.oga']) {
      const { sourceSampleRate } = await decodeAudio(fixture(name))
      assert.equal(rateOf(await readFile(fixture(name))), sourceSampleRate, name)
    }
    assert.equal(rateOf(await readFile(fixture('tone.opus'))), 48_000)
    assert.equal(rateOf(await readFile(fixture('tone.m4a'))), undefined)
    assert.equal(rateOf(Buffer.from('no music')), undefined)
  })
})
