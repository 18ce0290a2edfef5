import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeAudio } from 'clmr'
import { atBest } from './helpers/at-best.js'
import { ape, id3v1, id3v2, joined, lyrics } from './helpers/tags.js'
import { withTempDir } from './helpers/temp-dir.js'
import { wav } from './helpers/wav.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))
const bytesOf = async (name: string) => new Uint8Array(await readFile(fixture(name)))
const zeros = (n: number) => new Uint8Array(n)
const none = zeros(0)

/** name → in front, behind */
const surroundings: Record<string, [Uint8Array, Uint8Array]> = {
  'ID3v1 behind': [none, id3v1()],
  'ID3v2 in front': [id3v2(1000), none],
  'two ID3v2 in front': [joined(id3v2(300), id3v2(70_000)), none],
  'ID3v2, then 70,000 zeros in front': [joined(id3v2(300), zeros(70_000)), none],
  'ID3v2.4 with a footer behind': [none, id3v2(900, true)],
  'ID3v2 without a footer behind': [none, id3v2(900)],
  'APEv2 in front': [ape(400), none],
  'APEv2 behind': [none, ape(400)],
  'APE without a header behind': [none, ape(400, false)],
  'Lyrics3 and ID3v1 behind': [none, joined(lyrics(500), id3v1())],
  'APEv2, Lyrics3 and ID3v1 behind': [none, joined(ape(200), lyrics(500), id3v1())],
  'zeros behind': [none, zeros(30_000)],
  'ID3v1, then zeros behind': [none, joined(id3v1(), zeros(2000))],
  'ID3v1 twice behind': [none, joined(id3v1(), id3v1())],
  'all of them': [
    joined(id3v2(500), ape(90), zeros(500)),
    joined(ape(90), id3v2(60, true), lyrics(90), id3v1()),
  ],
}

describe('27 audio: tags and padding are no damage', () => {
  for (const name of ['tone.mp3', 'mono-without-tag.mp3', 'tone.flac'])
    for (const [where, [front, behind]] of Object.entries(surroundings))
      it(`${name}, ${where}: the samples of the bare file, without a warning`, async () => {
        const bare = await bytesOf(name)
        const audio = await decodeAudio(joined(front, bare, behind))
        assert.deepEqual(audio.samples, (await decodeAudio(bare)).samples)
        assert.deepEqual(audio.warnings, [])
      })

  for (const name of ['tone.ogg', 'tone.opus', 'wav'])
    it(`${name}: ID3v2 in front and ID3v1 behind`, async () => {
      const bare = name === 'wav' ? wav({}) : await bytesOf(name)
      const audio = await decodeAudio(joined(id3v2(500), bare, id3v1()))
      assert.deepEqual(audio.samples, (await decodeAudio(bare)).samples)
    })

  it('the fixtures: a tag with a footer and zeros behind an mp3', async () => {
    for (const name of ['id3v24-appended.mp3', 'zero-padded.mp3']) {
      const audio = await decodeAudio(fixture(`cases/${name}`))
      assert.deepEqual([audio.samples.length, audio.warnings], [44100, []])
    }
  })

  it('files with tags, one behind the other: both are heard', async () => {
    const mp3 = await bytesOf('tone.mp3')
    const file = (mp3: Uint8Array) => joined(id3v2(2000), mp3, id3v1())
    const audio = await decodeAudio(joined(file(mp3), file(mp3)))
    assert.ok(Math.abs(audio.duration - 4) < 0.001)
    assert.match(audio.warnings.join(), /2 streams are joined/)
  })

  it('tags that claim more than the file has do not hide the audio', async () => {
    const tag = id3v2(500)
    tag.set([0x7f, 0x7f, 0x7f, 0x7f], 6)
    assert.equal((await decodeAudio(joined(tag, await bytesOf('tone.mp3')))).samples.length, 44100)
  })

  it('a file of nothing but empty tags is refused, and the event loop goes on', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'flood.mp3')
      await writeFile(path, Buffer.alloc(50_000_000, Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1')))
      await decodeAudio(fixture('tone.ogg')) // threads and libraries are there
      await atBest(500, async () => {
        let worst = 0
        let last = performance.now()
        const timer = setInterval(() => {
          const now = performance.now()
          worst = Math.max(worst, now - last)
          last = now
        }, 5)
        await assert.rejects(decodeAudio(path), { code: 'ERR_AUDIO_DECODE', message: /too many tags/ })
        clearInterval(timer)
        return worst
      })
    }))
})
