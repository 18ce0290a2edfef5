import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClmrError, decodeAudio, openDataset, prepare } from 'clmr'
import { id3v2, joined } from './helpers/tags.js'
import { withTempDir } from './helpers/temp-dir.js'
import { chunk, format, pcm, riff, wav } from './helpers/wav.js'
import { withoutPrograms } from './helpers/without-programs.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))
const bytesOf = async (name: string) => new Uint8Array(await readFile(fixture(name)))

/** The file that ffmpeg makes of tone.flac. */
const encoded = (name: string, ...args: string[]) =>
  withTempDir(async (folder) => {
    const path = join(folder, name)
    execFileSync('ffmpeg', ['-v', 'error', '-i', fixture('tone.flac'), ...args, path])
    return new Uint8Array(await readFile(path))
  })

const tone = () => decodeAudio(fixture('tone.flac'))
async function worstDifference(samples: Float32Array): Promise<number> {
  const wanted = (await tone()).samples
  assert.equal(samples.length, wanted.length)
  return wanted.reduce((most, x, i) => Math.max(most, Math.abs(x - samples[i]!)), 0)
}

describe('28 audio: forms that are read without ffmpeg', () => {
  const lossless: [string, ...string[]][] = [
    ['x.aiff', '-c:a', 'pcm_s16be'],
    ['x.aiff', '-c:a', 'pcm_s24be'],
    ['x.aiff', '-c:a', 'pcm_s32be'],
    ['x.aiff', '-c:a', 'pcm_f32be'],
    ['x.aiff', '-c:a', 'pcm_f64be'],
    ['x.aiff', '-c:a', 'pcm_s16le'],
    ['x.au', '-c:a', 'pcm_s16be'],
    ['x.au', '-c:a', 'pcm_s24be'],
    ['x.au', '-c:a', 'pcm_f32be'],
    ['x.w64', '-c:a', 'pcm_s16le'],
    ['x.wav', '-rf64', 'always'],
    ['x.flac', '-sample_fmt', 's32'],
    ['x.oga', '-c:a', 'flac'],
  ]
  for (const [name, ...args] of lossless)
    it(`${name} ${args.join(' ')}: the samples of the source, bit for bit (written by ffmpeg)`, async () => {
      const file = await encoded(name, ...args)
      const audio = await withoutPrograms(() => decodeAudio(file))
      assert.equal(await worstDifference(audio.samples), 0)
      assert.deepEqual(audio.warnings, [])
    })

  for (const args of [['-L'], ['-B']])
    it(`RIFX and RIFF by sox (${args}) are the same`, () =>
      withTempDir(async (folder) => {
        const path = join(folder, 'x.wav')
        execFileSync('sox', [fixture('tone.flac'), ...args, path])
        const audio = await withoutPrograms(() => decodeAudio(path))
        assert.equal(await worstDifference(audio.samples), 0)
      }))

  it('Opus: mono, 5.1 and a gain in the header (oracle: the tone)', async () => {
    const wanted = (await tone()).samples
    const { samples, format } = await withoutPrograms(() => decodeAudio(fixture('tone.opus')))
    assert.deepEqual([samples.length, format], [44100, 'opus'])
    for (let i = 500; i < 43_600; i++) assert.ok(Math.abs(samples[i]! - wanted[i]!) < 0.1) // 32 kbit/s
    const pan = 'pan=5.1|c0=c0|c1=c1|c2=c0|c3=c1|c4=c0|c5=c1'
    const surround = await decodeAudio(await encoded('x.opus', '-af', pan, '-c:a', 'libopus', '-b:a', '256k'))
    assert.deepEqual([surround.channels, surround.samples.length, surround.format], [6, 44100, 'opus'])
    const { withPages } = await import('./helpers/ogg.js')
    const quieter = withPages(await bytesOf('tone.opus'), (page, index) => {
      if (index === 0) page.setInt16(28 + 16, -6.0206 * 256, true)
    })
    const half = (await decodeAudio(quieter)).samples
    for (const i of [5000, 20000, 30001]) assert.ok(Math.abs(half[i]! - samples[i]! / 2) < 1e-4)
  })

  it('layer II, and Vorbis beside video in Ogg', async () => {
    assert.ok(Math.abs((await decodeAudio(await encoded('x.mp2'))).duration - 2) < 0.06)
    const video = ['-f', 'lavfi', '-i', 'testsrc=d=2:s=64x64', '-c:v', 'libtheora', '-c:a', 'libvorbis']
    assert.equal((await decodeAudio(await encoded('x.ogv', ...video))).samples.length, 44100)
  })

  it('24 bits in 32, in the upper or the lower three bytes (closed form)', async () => {
    for (const shift of [0, 8]) {
      const body = new Uint8Array(5000 * 4)
      const values = Array.from({ length: 5000 }, (_, i) => Math.round(2 ** 22 * Math.sin(i / 10)))
      for (const [i, x] of values.entries()) new DataView(body.buffer).setInt32(4 * i, x << shift, true)
      const file = riff([chunk('fmt ', format({ bits: 24, block: 4 })), chunk('data', body)])
      const { samples } = await withoutPrograms(() => decodeAudio(file))
      assert.deepEqual(
        samples,
        Float32Array.from(values, (x) => x / 2 ** 23),
      )
    }
  })

  it('a WAV of 24 bits, behind an ID3 tag', async () => {
    const file = joined(id3v2(999), wav({ bits: 24 }))
    assert.deepEqual(
      (await withoutPrograms(() => decodeAudio(file))).samples,
      (await decodeAudio(wav({ bits: 24 }))).samples,
    )
  })
})

describe('28 audio: forms that ffmpeg reads', () => {
  /** Frames of 384 bytes with the index of the bitrate cleared. */
  const freeFormat = async () => {
    const constant = await encoded(
      'x.mp3',
      '-ar',
      '48000',
      '-b:a',
      '128k',
      '-write_xing',
      '0',
      '-id3v2_version',
      '0',
    )
    for (let at = 0; at + 384 <= constant.length; at += 384) constant[at + 2]! &= 0x0f
    return constant
  }
  const forms: [string, () => Promise<Uint8Array>, RegExp][] = [
    ['mu-law', () => bytesOf('cases/mulaw.wav'), /mu-law/],
    ['A-law', () => encoded('x.wav', '-c:a', 'pcm_alaw'), /A-law/],
    ['ADPCM', () => encoded('x.wav', '-c:a', 'adpcm_ima_wav'), /IMA ADPCM/],
    ['AAC behind an ID3 tag', () => bytesOf('cases/id3.aac'), /AAC \(ADTS\)/],
    ['mu-law behind an ID3 tag', async () => joined(id3v2(700), await bytesOf('cases/mulaw.wav')), /mu-law/],
    ['m4a', () => bytesOf('tone.m4a'), /MPEG-4/],
    ['ALAC', () => encoded('x.m4a', '-c:a', 'alac'), /MPEG-4/],
    ['A-law in AU', () => encoded('x.au', '-c:a', 'pcm_alaw'), /A-law/],
    ['Windows Media', () => encoded('x.wma'), /Windows Media/],
    ['WebM', () => encoded('x.webm'), /Matroska or WebM/],
    ['AC-3, which no mark tells', () => encoded('x.ac3'), /not audio in a known format/],
    [
      '20 bits in 24',
      async () =>
        riff([
          chunk('fmt ', format({ bits: 20, block: 3 })),
          chunk('data', pcm({ bits: 24, frames: 22050 })),
        ]),
      /bit depth/,
    ],
  ]
  for (const [name, make, message] of forms)
    it(`${name}: read through ffmpeg; without it the sentence names the form and a remedy`, async () => {
      const file = await make()
      const { duration } = await decodeAudio(file)
      assert.ok(duration > 0.9 && duration < 2.2, `${duration} s`)
      await withoutPrograms(() =>
        assert.rejects(decodeAudio(file), (error: ClmrError) => {
          assert.match(error.message, message)
          assert.match(error.remedy, /ffmpeg|what its name says/)
          return true
        }),
      )
    })

  it('mp3 of the free format has a remedy that reads it, with ffmpeg and without', async () => {
    const file = await freeFormat()
    const refused = (error: ClmrError) => {
      assert.match(error.message, /the mp3 is of the free format/)
      assert.match(error.remedy, /lame --decode/)
      return true
    }
    await assert.rejects(decodeAudio(file), refused)
    await withoutPrograms(() => assert.rejects(decodeAudio(file), refused))
  })

  it('mp3 of the free format, which ffmpeg does not read either, is named', async () => {
    await assert.rejects(
      decodeAudio(await freeFormat()),
      /the mp3 is of the free format, and ffmpeg could not read it/,
    )
  })

  it('a form that ffmpeg does not read either: float of 16 bits, integers of 48: another remedy than ffmpeg', async () => {
    for (const fields of [{ tag: 3 }, { bits: 48, block: 6 }]) {
      const file = riff([chunk('fmt ', format(fields)), chunk('data', pcm({ frames: 22_050 }))])
      await assert.rejects(decodeAudio(file), (error: ClmrError) => {
        assert.match(error.message, /bit depth.*ffmpeg could not read it/)
        assert.doesNotMatch(error.remedy, /ffmpeg/)
        return true
      })
    }
  })

  it('text is not audio, with ffmpeg and without', async () => {
    const text = Buffer.from('These are words and no music. '.repeat(400))
    await assert.rejects(decodeAudio(text), /not audio/)
    await withoutPrograms(() => assert.rejects(decodeAudio(text), /not audio/))
  })
})

describe('28 audio: full scale is one convention', () => {
  it('FLAC and WAV of the same 8, 16 and 24-bit samples give the same numbers: divided by 2^(bits − 1)', async () => {
    const [flac, file] = [
      await decodeAudio(fixture('cases/8bit.flac')),
      await decodeAudio(fixture('cases/8bit.wav')),
    ]
    assert.deepEqual(flac.samples, file.samples)
    for (const x of file.samples) assert.ok(Number.isInteger(x * 128))
    await withTempDir(async (folder) => {
      for (const bits of [8, 16, 24]) {
        const extremes = (i: number) => (i === 0 ? 1 : i === 1 ? -1 : Math.sin(i / 7))
        const path = join(folder, `${bits}.wav`)
        await writeFile(path, wav({ bits, frames: 5000, value: extremes }))
        execFileSync('sox', [path, path.replace('.wav', '.flac')])
        const { samples } = await decodeAudio(path)
        assert.deepEqual((await decodeAudio(path.replace('.wav', '.flac'))).samples, samples)
      }
    })
  })

  it('a 16-bit WAV at 22,050 Hz survives the cache bit for bit', () =>
    withTempDir(async (folder) => {
      const source = join(folder, 'music')
      const cache = join(folder, 'cache')
      execFileSync('mkdir', [source])
      const every = pcm({ frames: 65_536, value: (i) => (i - 32_768) / 32_767 })
      const values = new Int16Array(every.buffer)
      for (let i = 0; i < values.length; i++) values[i] = i - 32_768
      await writeFile(join(source, 'all.wav'), riff([chunk('fmt ', format({})), chunk('data', every)]))
      using dataset = await prepare(source, { cache })
      const [track] = dataset.tracks
      assert.deepEqual(new Uint8Array(await readFile(track!.file)).subarray(44), every)
      assert.deepEqual(
        await dataset.readTrack(0),
        Float32Array.from(values, (x) => x / 32_768),
      )
      using again = await openDataset(cache)
      assert.equal(again.length, 1)
    }))

  it('samples beyond full scale are counted in the notes of the cache, with their peak', () =>
    withTempDir(async (folder) => {
      const source = join(folder, 'music')
      execFileSync('mkdir', [source])
      const loud = wav({ frames: 60_000, bits: 32, float: true, value: (i) => (i % 1000 === 0 ? 3 : 0.1) })
      await writeFile(join(source, 'loud.wav'), loud)
      using _ = await prepare(source, { cache: join(folder, 'cache') })
      const index = JSON.parse(await readFile(join(folder, 'cache/index.json'), 'utf8'))
      assert.match(
        index.tracks[0].notes.join(),
        /60 samples beyond full scale were clipped; the peak is 3\.000 \(\+9\.5 dB\)/,
      )
    }))
})
