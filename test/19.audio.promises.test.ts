import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClmrError, type DecodedAudio, decodeAudio } from 'clmr'
import { withPages } from './helpers/ogg.js'
import { joined } from './helpers/tags.js'
import { withTempDir } from './helpers/temp-dir.js'
import { chunk, format, pcm, riff, wav } from './helpers/wav.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))
const bytesOf = async (name: string) => new Uint8Array(await readFile(fixture(name)))
const refused = (message: RegExp) => (error: ClmrError) => {
  assert.equal(error.code, 'ERR_AUDIO_DECODE', error.message)
  assert.match(error.message, message)
  return true
}

function assertSeconds(audio: DecodedAudio, seconds: number, warning?: RegExp): void {
  assert.ok(Math.abs(audio.duration - seconds) < 0.001, `${audio.duration} s`)
  if (warning) assert.match(audio.warnings.join('\n'), warning)
  else assert.deepEqual(audio.warnings, [])
}

/** tone.flac as it comes out of a pipe: neither the number of samples nor their MD5 sum is known. */
async function pipedFlac(): Promise<Uint8Array> {
  const file = await bytesOf('tone.flac')
  file[21]! &= 0xf0
  file.fill(0, 22, 42)
  return file
}
/** where the frames of tone.flac begin (4,096 samples each), and the sixth of them */
const FRAMES = 8304
const SIXTH = 20411

describe('19 audio: a decoder that stops before the end is noticed', () => {
  it('an AIFF that is cut off is refused; an m4a that is cut off has a warning of what is missing', async () => {
    await assert.rejects(decodeAudio(fixture('cases/cut.aiff')), refused(/truncated/))
    const audio = await decodeAudio(fixture('cases/cut.m4a'))
    assert.ok(audio.duration < 1.1)
    assert.match(audio.warnings.join(), /1\.00 of the 2\.00 s that the file promises are missing/)
  })

  for (const form of ['wv', 'tta', 'mka', 'caf', 'aac', 'w64', 'wma'])
    it(`${form}, cut off at three quarters or with a hole, is refused or read with a warning`, () =>
      withTempDir(async (folder) => {
        const whole = join(folder, `whole.${form}`)
        execFileSync('ffmpeg', ['-v', 'error', '-i', fixture('tone.flac'), whole])
        const { duration, warnings } = await decodeAudio(whole)
        assert.ok(Math.abs(duration - 2) < 0.1 && warnings.length === 0, `${duration} s, ${warnings}`)
        const bytes = new Uint8Array(await readFile(whole))
        const holed = bytes.slice()
        holed.fill(0, bytes.length * 0.4, bytes.length * 0.6)
        const cut = bytes.subarray(0, bytes.length * 0.75)
        // a stream of AAC frames says nowhere how long it is
        for (const file of form === 'aac'
          ? [holed]
          : form === 'w64' || form === 'caf'
            ? [cut]
            : [cut, holed]) {
          const result = await decodeAudio(file).catch((error: ClmrError) => error)
          if (result instanceof Error) assert.equal((result as ClmrError).code, 'ERR_AUDIO_DECODE')
          else assert.ok(result.warnings.length > 0, `${form}: ${result.duration} s without a warning`)
        }
      }))

  it('FLAC of unknown length with a bad byte keeps its length: the damaged frame is silent, with a warning', async () => {
    const audio = await decodeAudio(fixture('cases/unknown-length-one-bad-byte.flac'))
    assertSeconds(audio, 2, /0\.19 s of 2\.00 s are damaged .* the first at 0\.19 s/)
    assert.deepEqual([...new Set(audio.samples.subarray(4096, 8192))], [0])
    assert.ok(audio.samples.subarray(8192, 8300).some((x) => x !== 0))
  })

  it('FLAC: whatever byte is bad, in head or body of the first, a middle and the last frame, the length stays', async () => {
    for (const file of [await pipedFlac(), await bytesOf('tone.flac')])
      for (const at of [
        FRAMES + 2,
        FRAMES + 900,
        SIXTH,
        SIXTH + 5,
        SIXTH + 1500,
        file.length - 300,
        file.length - 1,
      ]) {
        const bad = file.slice()
        bad[at]! ^= 0x41
        const audio = await decodeAudio(bad)
        assertSeconds(audio, 2, /damaged and were replaced by silence/)
      }
  })

  it('FLAC of unknown length: frames that were cut out are counted; a cut end is told', async () => {
    const file = await pipedFlac()
    const without = joined(file.subarray(0, SIXTH), file.subarray(22831)) // the sixth frame
    assertSeconds(await decodeAudio(without), 2, /0\.09 s of 2\.00 s are damaged .* the first at 0\.46 s/)
    const cut = await decodeAudio(file.subarray(0, 40_000))
    assert.match(cut.warnings.join(), /cut off: the file may have been longer/)
  })

  it('FLAC: samples that differ from the MD5 sum of the header are told', async () => {
    const file = await bytesOf('tone.flac')
    file[30]! ^= 1
    assertSeconds(await decodeAudio(file), 2, /MD5/)
  })

  it('an m4a with one bad frame is decoded, with a warning of what is missing', async () => {
    const file = await bytesOf('tone.m4a')
    for (let at = 4000; at < 4120; at++) file[at]! ^= 0x5a
    const { duration, warnings } = await decodeAudio(file)
    assert.ok(duration > 1.9 && duration < 2, `${duration} s`)
    assert.match(warnings.join('\n'), /ffmpeg reports: [\s\S]*0\.0\d+ s are damaged and were left out/)
  })

  it('an mp3 with a damaged stretch keeps its length, with and without a tag that counts the frames', async () => {
    for (const [name, seconds] of [
      ['tone.mp3', 2],
      ['mono-without-tag.mp3', 2.0376],
    ] as const) {
      const file = await bytesOf(name)
      file.fill(0x55, 6000, 6100)
      assertSeconds(await decodeAudio(file), seconds, /0\.03 s of .* are damaged|0\.05 s of .* are damaged/)
    }
  })

  it('an mp3 whose tag counts fewer frames than there are is read to its end', async () => {
    const file = await bytesOf('tone.mp3')
    const tag = Buffer.from(file.buffer).indexOf('Info') + 1 || Buffer.from(file.buffer).indexOf('Xing') + 1
    new DataView(file.buffer).setUint32(tag - 1 + 8, 20)
    assert.ok((await decodeAudio(file)).duration > 1.99)
  })

  for (const name of ['tone.ogg', 'tone.opus'])
    it(`${name}: a missing and a damaged page become silence of their length, or a refusal where they are too much`, async () => {
      const file = await bytesOf(name)
      const at = Buffer.from(file.buffer).lastIndexOf('OggS')
      await assert.rejects(decodeAudio(file.subarray(0, file.length - 10)), refused(/last page is cut off/))
      const damaged = file.slice()
      damaged[at + 60]! ^= 1
      // the last page of the one is half of it, that of the other 7 ms
      if (name === 'tone.ogg') await assert.rejects(decodeAudio(damaged), refused(/last Ogg page is damaged/))
      else assertSeconds(await decodeAudio(damaged), 2, /0\.01 s of 2\.00 s are damaged/)
      // a longer file, so that a page is little of it
      await withTempDir(async (folder) => {
        const long = join(folder, name)
        const noise = ['-f', 'lavfi', '-i', 'anoisesrc=d=30:a=0.3:r=48000']
        execFileSync('ffmpeg', ['-v', 'error', ...noise, '-page_duration', '500000', long])
        const whole = await decodeAudio(long)
        assertSeconds(whole, 30)
        const bytes = new Uint8Array(await readFile(long))
        bytes[bytes.length >> 1]! ^= 1
        assertSeconds(await decodeAudio(bytes), 30, /s of 30\.0 s are damaged/)
        bytes.set(await readFile(long))
        const last = Buffer.from(bytes.buffer).lastIndexOf('OggS')
        bytes[last + 60]! ^= 1
        const ended = await decodeAudio(bytes)
        assertSeconds(ended, 30, /s of 30\.0 s are damaged/)
        const lost = ended.samples.findLastIndex((x) => x !== 0) + 1
        assert.deepEqual(ended.samples.subarray(0, 29 * 22050), whole.samples.subarray(0, 29 * 22050))
        assert.ok(lost > 29 * 22050 && lost < ended.samples.length, `silence from sample ${lost} on`)
      })
    })

  it('a WAV of 4.5 GB whose 32-bit size wrapped or is open is read to its end', () =>
    withTempDir(async (folder) => {
      const block = 32 * 192 // a sparse file: frames of zeros
      const size = Math.floor(4.5e9 / block) * block
      for (const declared of [size % 2 ** 32, 0xffffffff, 0]) {
        const path = join(folder, `${declared}.wav`)
        const fmt = chunk('fmt ', format({ tag: 3, channels: 8, sampleRate: 192_000, bits: 32 }))
        await writeFile(path, riff([fmt, chunk('data', new Uint8Array(0), declared)]))
        const handle = await open(path, 'r+')
        await handle.truncate(44 + size)
        const { readWavLayout } = await import('#lib/audio/wav.js')
        const { FileBytes } = await import('#lib/audio/bytes.js')
        const layout = readWavLayout(new FileBytes(handle.fd, 44 + size))
        await handle.close()
        assert.equal(layout.frames * 32, size)
        assert.equal(layout.warnings.length, 1)
      }
    }))

  it('a size 44 bytes too large, and one that was never brought up to date, are warnings', async () => {
    const frames = 44_100
    const file = (size: number) => riff([chunk('fmt ', format({})), chunk('data', pcm({ frames }), size)])
    assertSeconds(await decodeAudio(file(2 * frames + 44)), 2, /44 bytes of samples more/)
    assertSeconds(await decodeAudio(file(8820)), 2, /79380 bytes lie behind/)
  })
})

describe('19 audio: sizes that lie, in AIFF and AU', () => {
  /** The file of 2 s that ffmpeg makes, as a view of its numbers. */
  const made = (name: string) =>
    withTempDir(async (folder) => {
      const path = join(folder, name)
      execFileSync('ffmpeg', ['-v', 'error', '-i', fixture('tone.flac'), path])
      const bytes = new Uint8Array(await readFile(path))
      return { bytes, view: new DataView(bytes.buffer), text: Buffer.from(bytes.buffer) }
    })

  it('AIFF: COMM counts too few frames, with SSND right and wrong; too many by some; 0', async () => {
    for (const [frames, size, seconds, warning] of [
      [8820, undefined, 2, /79380 frames lie behind .* read too/],
      [8820, 8820 * 4 + 8, 2, /79380 frames lie behind .* read too/],
      [88_300, undefined, 2, /100 frames of samples more/],
      [0, undefined, 2, /leaves the length open/],
    ] as const) {
      const { bytes, view, text } = await made('x.aiff')
      view.setUint32(text.indexOf('COMM') + 10, frames)
      if (size) view.setUint32(text.indexOf('SSND') + 4, size)
      assertSeconds(await decodeAudio(bytes), seconds, warning)
    }
  })

  it('a Wave64 with another chunk behind its samples is read to the sample', async () => {
    const { bytes, view } = await made('x.w64')
    const name = bytes.slice(40, 56) // that of fmt, but for its letters
    const behind = new Uint8Array(24 + 40_000)
    behind.set(name)
    behind.set(Buffer.from('list'))
    new DataView(behind.buffer).setUint32(16, behind.length, true)
    assert.ok(view.getUint32(16, true) <= bytes.length)
    assertSeconds(await decodeAudio(joined(bytes, behind)), 2)
  })

  it('AU: a size that is too small, open or 20 bytes too large', async () => {
    for (const [size, warning] of [
      [8820, /bytes lie behind .* read as samples too/],
      [0xffffffff, /leaves the length open/],
      [352_820, /20 bytes of samples more/],
    ] as const) {
      const { bytes, view } = await made('x.au')
      view.setUint32(8, size)
      assertSeconds(await decodeAudio(bytes), 2, warning)
    }
  })
})

describe('19 audio: a property of the first frame is not that of the file', () => {
  it('an mp3 that turns from mono to stereo: the mean of the channels in either part', async () => {
    const audio = await decodeAudio(fixture('cases/mono-then-stereo.mp3'))
    assertSeconds(audio, 4, /2 streams are joined/)
    const [mono, stereo] = [
      await decodeAudio(fixture('mono-without-tag.mp3')),
      await decodeAudio(fixture('tone.mp3')),
    ]
    const both = await decodeAudio(joined(await bytesOf('mono-without-tag.mp3'), await bytesOf('tone.mp3')))
    const length = mono.samples.length + stereo.samples.length
    assert.ok(Math.abs(both.samples.length - length) <= 1)
    const rest = both.samples.subarray(both.samples.length - stereo.samples.length)
    const worst = stereo.samples.reduce((most, x, i) => Math.max(most, Math.abs(x - rest[i]!)), 0)
    assert.ok(worst < 0.03, `${worst}`) // the filter meets another sound at the joint
  })

  it('a sample rate that changes within an mp3: each part is resampled by itself, with a warning', () =>
    withTempDir(async (folder) => {
      const low = join(folder, 'low.mp3')
      execFileSync('ffmpeg', ['-v', 'error', '-i', fixture('tone.flac'), '-ar', '22050', '-b:a', '64k', low])
      const [head, tail] = [new Uint8Array(await readFile(low)), await bytesOf('tone.mp3')]
      for (const file of [joined(head, tail), joined(tail, head)]) {
        const audio = await decodeAudio(file)
        assert.ok(Math.abs(audio.duration - 4) < 0.01, `${audio.duration} s`)
        assert.match(audio.warnings.join(), /sample rate changes from/)
      }
    }))

  it('chained Ogg: Vorbis, Opus and FLAC one behind the other, at other rates, are decoded whole', async () => {
    const [ogg, opus, flac] = [
      await bytesOf('tone.ogg'),
      await bytesOf('tone.opus'),
      await bytesOf('flac-in-ogg.oga'),
    ]
    for (const [parts, seconds] of [
      [[ogg, ogg], 4],
      [[ogg, opus], 4],
      [[opus, ogg, flac], 6],
      [[flac, flac, flac], 6],
    ] as const)
      assertSeconds(await decodeAudio(joined(...parts)), seconds, /several streams follow each other/)
  })

  it('two FLAC files joined are both decoded', async () => {
    const flac = await bytesOf('tone.flac')
    assertSeconds(await decodeAudio(joined(flac, flac)), 4, /several streams are joined/)
  })

  it('an Ogg without its end-of-stream flag is decoded whole, with a note', async () => {
    assertSeconds(await decodeAudio(fixture('cases/no-eos-flag.ogg')), 2, /no mark at its end/)
    for (const name of ['tone.opus', 'flac-in-ogg.oga']) {
      const open = withPages(await bytesOf(name), (page) => page.setUint8(5, page.getUint8(5) & ~4))
      assertSeconds(await decodeAudio(open), 2, /no mark at its end/)
    }
  })

  it('what starts in the middle of a broadcast is decoded from there, with a note', async () => {
    const shifted = (name: string) =>
      bytesOf(name).then((file) =>
        withPages(file, (page) => {
          const granule = page.getBigInt64(6, true)
          if (granule > 0n) page.setBigInt64(6, granule + 480_000n, true)
        }),
      )
    for (const name of ['tone.ogg', 'tone.opus'])
      assertSeconds(await decodeAudio(await shifted(name)), 2, /begins 480000 samples after/)
    const flac = await bytesOf('tone.flac')
    const late = await decodeAudio(joined(flac.subarray(0, FRAMES), flac.subarray(SIXTH)))
    assert.ok(Math.abs(late.duration - (2 - (5 * 4096) / 44100)) < 0.001)
    assert.match(late.warnings.join(), /begins 20480 samples after/)
    const mp3 = await bytesOf('mono-without-tag.mp3')
    const cut = await decodeAudio(mp3.subarray(3001))
    assert.match(cut.warnings.join(), /bytes in front of the first frame/)
  })

  it('a WAV of one frame more than a run has no seam (oracle: the samples)', async () => {
    const value = (i: number) => ((i * 7919) % 65536) / 65536 - 0.5
    const { samples } = await decodeAudio(wav({ frames: 2 ** 18 + 1, bits: 32, float: true, value }))
    for (const i of [0, 2 ** 16, 2 ** 18 - 1, 2 ** 18]) assert.equal(samples[i], Math.fround(value(i)))
  })
})
