import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DecodedAudio, decodeAudio } from 'clmr'
import { pagesOf } from './helpers/ogg.js'
import { ape, id3v1, id3v2, joined, lyrics } from './helpers/tags.js'
import { withTempDir } from './helpers/temp-dir.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))
const bytesOf = async (name: string) => new Uint8Array(await readFile(fixture(name)))

/** A tone of 1 s by ffmpeg: every channel is the same. */
const encoded = (name: string, channels: number, rate: number, ...args: string[]) =>
  withTempDir(async (folder) => {
    const path = join(folder, name)
    const tone = `sine=f=440:r=${rate}:d=1,volume=3,aformat=sample_fmts=fltp,pan=${channels}c|c0=c0${channels > 1 ? '|c1=c0' : ''}`
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', tone, ...args, path])
    return new Uint8Array(await readFile(path))
  })

const rms = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length)

/** The end of `audio` is that of `whole`, but for its first samples, which decoders need to get going. */
function assertEnds(audio: DecodedAudio, whole: DecodedAudio, settled: number): void {
  const { length } = audio.samples
  const wanted = whole.samples.subarray(whole.samples.length - length)
  for (let i = settled; i < length; i++)
    assert.ok(Math.abs(audio.samples[i]! - wanted[i]!) < 2e-3, `sample ${i} of ${length}`)
}

describe('191 audio: a stream that is joined in the middle is decoded from there', () => {
  const files: Record<string, () => Promise<Uint8Array>> = {
    Vorbis: () => encoded('x.ogg', 2, 44100, '-page_duration', '100000'),
    Opus: () => bytesOf('tone.opus'),
    FLAC: () => bytesOf('flac-in-ogg.oga'),
  }
  for (const [name, make] of Object.entries(files))
    it(`${name} in Ogg: the pages of the headers, then later ones, with and without a part of a page between them`, async () => {
      const file = await make()
      const pages = pagesOf(file)
      const whole = await decodeAudio(file)
      const late = pages.slice(2 + ((pages.length - 2) >> 1))
      for (const between of [new Uint8Array(0), pages.at(-2)!.slice(-200)]) {
        const audio = await decodeAudio(joined(...pages.slice(0, 2), between, ...late))
        assert.match(
          audio.warnings.join('\n'),
          /the file begins \d+ samples after the beginning of its stream/,
        )
        assert.ok(audio.duration > 0.1 && audio.duration < whole.duration, `${audio.duration} s`)
        assertEnds(audio, whole, 4000)
      }
    })

  it('FLAC that is joined within a frame, of known and of unknown length', async () => {
    for (const known of [true, false]) {
      const file = await bytesOf('tone.flac')
      if (!known) {
        file[21]! &= 0xf0
        file.fill(0, 22, 42)
      }
      const whole = await decodeAudio(file)
      const audio = await decodeAudio(joined(file.subarray(0, 8304), file.subarray(file.length - 15_000)))
      assert.match(audio.warnings.join('\n'), /the file begins \d+ samples after/)
      assert.ok(audio.duration > 0.2 && audio.duration < 1, `${audio.duration} s`)
      assertEnds(audio, whole, 200)
    }
  })
})

/** XMP, and tags that were cut off. */
const unknown: Record<string, Uint8Array> = {
  XMP: Buffer.from(`<?xpacket begin=""?>${' '.repeat(2000)}<?xpacket end="w"?>`),
  'an ID3v1 tag that is cut off': id3v1().subarray(0, 100),
  'an ID3v2 tag that is cut off': id3v2(300).subarray(0, 100),
}

describe('191 audio: what lies behind the last frame does not touch it', () => {
  const flacOfUnknownLength = async () => {
    const file = await bytesOf('tone.flac')
    file[21]! &= 0xf0
    file.fill(0, 22, 42)
    return file
  }
  const files: Record<string, () => Promise<Uint8Array>> = {
    FLAC: () => bytesOf('tone.flac'),
    'FLAC of unknown length': flacOfUnknownLength,
    mp3: () => bytesOf('tone.mp3'),
    'mp3 without a tag that counts its frames': () => bytesOf('mono-without-tag.mp3'),
    AAC: () => bytesOf('cases/id3.aac'),
  }
  for (const [name, make] of Object.entries(files))
    it(`${name}: bytes that belong to no format that is known here`, async () => {
      const file = await make()
      const bare = await decodeAudio(file)
      for (const [what, behind] of Object.entries(unknown)) {
        const audio = await decodeAudio(joined(file, behind))
        assert.deepEqual(audio.samples, bare.samples, what)
        for (const warning of audio.warnings) assert.match(warning, /bytes at the end are no frame$/, what)
      }
    })

  it('FLAC behind bytes that belong to no format, 100,000 of them too: found, with a note', async () => {
    const file = await bytesOf('tone.flac')
    const bare = await decodeAudio(file)
    const noise = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i * 31 + 8) >> 3)
    const response = Buffer.from('HTTP/1.0 200 OK\r\nicy-name: fLaC\r\n\r\n')
    for (const front of [noise, response, joined(id3v2(300), noise)]) {
      const audio = await decodeAudio(joined(front, file))
      assert.deepEqual(audio.samples, bare.samples)
      assert.match(audio.warnings.join(), /^\d+ bytes in front of the first frame are no frame$/)
    }
  })

  it('AAC: tags and zeros are neither heard nor reported', async () => {
    const file = await bytesOf('cases/id3.aac')
    const bare = await decodeAudio(file)
    const zeros = new Uint8Array(3000)
    for (const behind of [
      id3v1(),
      ape(200),
      joined(ape(200), lyrics(300), id3v1()),
      joined(zeros, id3v1()),
      joined(id3v1(), zeros),
    ]) {
      const audio = await decodeAudio(joined(file, behind))
      assert.deepEqual(audio.samples, bare.samples)
      assert.deepEqual(audio.warnings, bare.warnings)
    }
  })

  for (const [args, depth] of [
    [['-sample_fmt', 's16', '-compression_level', '0'], 16],
    [['-sample_fmt', 's32', '-compression_level', '12'], 24],
  ] as const)
    it(`FLAC of ${depth} bits by ffmpeg (${args.at(-1)}): the last frame ends where its own bits say`, async () => {
      const file = await encoded('x.flac', 2, 44100, ...args)
      const bare = await decodeAudio(file)
      const noise = Uint8Array.from({ length: 3000 }, (_, i) => (i * i * 31 + 8) >> 3)
      const audio = await decodeAudio(joined(file, noise))
      assert.deepEqual(audio.samples, bare.samples)
      assert.deepEqual(audio.warnings, ['3000 bytes at the end are no frame'])
    })
})

describe('191 audio: AAC whose form changes', () => {
  it('from mono to stereo and back: the mean of the channels in either part (closed form)', async () => {
    const [mono, stereo] = [await encoded('x.aac', 1, 44100), await encoded('x.aac', 2, 44100)]
    for (const parts of [
      [mono, stereo],
      [stereo, mono, stereo],
    ]) {
      const audio = await decodeAudio(joined(...parts))
      assert.deepEqual(audio.warnings, [`${parts.length} streams are joined in the file`])
      const length = audio.samples.length / parts.length
      for (const p of parts.keys()) {
        const level = rms(audio.samples.subarray(p * length + 2000, (p + 1) * length - 2000))
        assert.ok(Math.abs(level - 0.375 / Math.SQRT2) < 0.01, `part ${p}: ${level}`)
      }
    }
  })

  it('from one sample rate to another: each part is resampled by itself, with a warning', async () => {
    const file = joined(await encoded('x.aac', 1, 44100), await encoded('x.aac', 2, 22050))
    const audio = await decodeAudio(file)
    assert.ok(Math.abs(audio.duration - 2) < 0.2, `${audio.duration} s`)
    assert.match(audio.warnings.join('\n'), /the sample rate changes from 44100 to 22050 Hz/)
    // 440 Hz in either part, by its crossings of zero
    for (const from of [4000, 30_000]) {
      const part = audio.samples.subarray(from, from + 11_025)
      const crossings = part.filter((x, i) => i > 0 && x >= 0 && part[i - 1]! < 0).length
      assert.ok(Math.abs(crossings - 220) <= 1, `${crossings}`)
    }
  })

  it('another stream that ffmpeg reads: a change of channels is told', async () => {
    const parts = [await encoded('x.ac3', 1, 48000), await encoded('x.ac3', 2, 48000)]
    const { warnings } = await decodeAudio(joined(...parts))
    assert.match(warnings.join('\n'), /the sound changes from 48000 Hz, mono to 48000 Hz, stereo: ffmpeg/)
    assert.deepEqual((await decodeAudio(parts[1]!)).warnings, [])
  })
})
