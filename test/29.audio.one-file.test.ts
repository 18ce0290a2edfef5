import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClmrError, decodeAudio, Encoder, prepare } from 'clmr'
import { flacBomb } from './helpers/flac-bomb.js'
import { withPages } from './helpers/ogg.js'
import { withTempDir } from './helpers/temp-dir.js'
import { chunk, format, pcm, riff, wav } from './helpers/wav.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))
const bytesOf = async (name: string) => new Uint8Array(await readFile(fixture(name)))

/** tone.ogg or tone.opus with another field in its first header. */
async function withHeader(name: string, change: (page: DataView) => void): Promise<Uint8Array> {
  return withPages(await bytesOf(name), (page, index) => {
    if (index === 0) change(page)
  })
}

const HEADER = 28 // of a page with one segment
const impossible: Record<string, () => Promise<Uint8Array> | Uint8Array> = {
  'Vorbis at 500 Hz': () => withHeader('tone.ogg', (page) => page.setUint32(HEADER + 12, 500, true)),
  'Vorbis at 4 GHz': () => withHeader('tone.ogg', (page) => page.setUint32(HEADER + 12, 4e9, true)),
  'Vorbis of no channel': () => withHeader('tone.ogg', (page) => page.setUint8(HEADER + 11, 0)),
  'Opus of no channel': () => withHeader('tone.opus', (page) => page.setUint8(HEADER + 9, 0)),
  'Opus of 200 channels': () => withHeader('tone.opus', (page) => page.setUint8(HEADER + 9, 200)),
  'FLAC at 1 Hz': async () => {
    const file = await bytesOf('tone.flac')
    file.set([0, 0, 0x12], 18)
    for (let at = 8304; at < file.length; at++)
      if (file[at] === 0xff && file[at + 1] === 0xf8) file[at + 2]! &= 0xf0
    return file
  },
  'WAV at 999 Hz': () => riff([chunk('fmt ', format({ sampleRate: 999 })), chunk('data', pcm({}))]),
  'WAV of 300 channels': () => riff([chunk('fmt ', format({ channels: 300 })), chunk('data', pcm({}))]),
  'AIFF at -44,100 Hz': () => aiff('c00eac44000000000000'),
  'AU at 12 Hz': () => {
    const file = new Uint8Array(1024)
    const view = new DataView(file.buffer)
    for (const [k, value] of [0x2e736e64, 24, 1000, 3, 12, 1].entries()) view.setUint32(4 * k, value)
    return file
  },
}

/** One second of silence, one channel of 16 bits; `rate`: the number of 80 bits in its head, in hex. */
function aiff(rate: string): Uint8Array {
  const body = Buffer.alloc(2 * 44_100)
  const size = (n: number) => n.toString(16).padStart(8, '0')
  const hex = [
    Buffer.from('FORM').toString('hex') + size(4 + 26 + 16 + body.length),
    `${Buffer.from('AIFFCOMM').toString('hex')}${size(18)}0001${size(44_100)}0010${rate}`,
    Buffer.from('SSND').toString('hex') + size(8 + body.length) + size(0) + size(0),
  ]
  return new Uint8Array(Buffer.concat([Buffer.from(hex.join(''), 'hex'), body]))
}

describe('29 audio: what is wrong with one file is the line of that file', () => {
  it('rates and channels that cannot be, in every container, are ERR_AUDIO_DECODE', async () => {
    for (const [name, make] of Object.entries(impossible))
      await assert.rejects(decodeAudio(await make()), (error: ClmrError) => {
        assert.equal(error.code, 'ERR_AUDIO_DECODE', `${name}: ${error.message}`)
        return true
      })
  })

  it('an AIFF whose rate has the other sign is read', async () => {
    assert.equal((await decodeAudio(aiff('400eac44000000000000'))).sourceSampleRate, 44_100)
  })

  it('prepare lists each of them in skipped and goes on', () =>
    withTempDir(async (folder) => {
      const source = join(folder, 'music')
      await mkdir(source)
      for (const [name, make] of Object.entries(impossible))
        await writeFile(join(source, `${name}.ogg`), await make())
      await writeFile(join(source, 'good.wav'), wav({ frames: 60_000 }))
      using dataset = await prepare(source, { cache: join(folder, 'cache') })
      assert.equal(dataset.length, 1)
      assert.deepEqual(
        dataset.skipped.map(({ path, code }) => [path, code]),
        Object.keys(impossible)
          .sort()
          .map((name) => [`${name}.ogg`, 'ERR_AUDIO_DECODE']),
      )
    }))

  it('two decompression bombs in a folder are two lines in skipped; half an hour of silence is not one', () =>
    withTempDir(async (folder) => {
      const source = join(folder, 'music')
      await mkdir(source)
      for (const channels of [8, 1])
        await writeFile(join(source, `bomb-${channels}.flac`), flacBomb(2040, channels))
      const silence = ['-f', 'lavfi', '-i', 'anullsrc=r=44100:cl=stereo', '-t', '1800']
      execFileSync('ffmpeg', ['-v', 'error', ...silence, join(source, 'silence.flac')])
      using dataset = await prepare(source, { cache: join(folder, 'cache'), concurrency: 2 })
      assert.deepEqual(
        dataset.tracks.map(({ path, samples }) => [path, samples]),
        [['silence.flac', 1800 * 22050]],
      )
      assert.deepEqual(
        dataset.skipped.map(({ path }) => path),
        ['bomb-1.flac', 'bomb-8.flac'],
      )
      for (const { reason } of dataset.skipped) assert.match(reason, /far more sound than its size allows/)
    }))

  it('a frame number that lies by hours costs a refusal, not memory', async () => {
    const bomb = flacBomb(3, 1, [0, 1, 400_000])
    await assert.rejects(decodeAudio(bomb), { code: 'ERR_AUDIO_DECODE' })
  })
})

describe('29 audio: warnings reach those who embed', () => {
  it('encodeFile and encodeFiles give them, empty for a whole file', async () => {
    using encoder = await Encoder.create()
    const damaged = fixture('cases/unknown-length-one-bad-byte.flac')
    assert.match((await encoder.encodeFile(damaged)).warnings.join(), /are damaged/)
    const found: string[][] = []
    for await (const { embedding } of encoder.encodeFiles([damaged, fixture('tone.flac')]))
      found.push(embedding!.warnings)
    assert.equal(found[0]!.length, 1)
    assert.deepEqual(found[1], [])
  })

  it('twenty calls that follow one signal put one listener on it', async () => {
    const script = `import { decodeAudio } from 'clmr'
      const { signal } = new AbortController()
      process.on('warning', (warning) => console.log(warning.name))
      await Promise.all(Array.from({ length: 20 }, () => decodeAudio(${JSON.stringify(fixture('tone.ogg'))}, { signal })))`
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd,
      encoding: 'utf8',
    })
    assert.equal(out, '')
  })
})
