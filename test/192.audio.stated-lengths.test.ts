import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClmrError, decodeAudio } from 'clmr'
import { joined } from './helpers/tags.js'
import { withTempDir } from './helpers/temp-dir.js'
import { chunk, format, pcm, riff } from './helpers/wav.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))

/** The file of 4 s that ffmpeg makes: tone.flac twice. */
const encoded = (name: string, ...args: string[]) =>
  withTempDir(async (folder) => {
    const path = join(folder, name)
    const input = ['-stream_loop', '1', '-i', fixture('tone.flac')]
    execFileSync('ffmpeg', ['-v', 'error', ...input, ...args, path])
    return new Uint8Array(await readFile(path))
  })

/**
 * What is missing is said to within 0.1 s of the truth, in a warning or a refusal.
 * @param full seconds of the whole file
 */
async function assertTold(file: Uint8Array, full: number): Promise<void> {
  const result = await decodeAudio(file).catch((error: ClmrError) => error)
  if (result instanceof Error) {
    assert.equal((result as ClmrError).code, 'ERR_AUDIO_DECODE')
    const [, promised] = /the (\d+\.\d+) s that it promises/.exec(result.message) ?? []
    assert.ok(Math.abs(Number(promised) - full) < 0.1, result.message)
    return
  }
  const warnings = result.warnings.join('\n')
  const [, told] = /(\d+\.\d+) of the \d+\.\d+ s that the file promises are missing/.exec(warnings) ?? []
  const missing = full - result.duration
  assert.ok(Math.abs(Number(told ?? 0) - missing) < 0.1, `${missing} s are missing: ${warnings}`)
}

/** Where the boxes of an MPEG-4 file begin that have this name. */
function boxes(file: Uint8Array, name: string): number[] {
  const found: number[] = []
  const text = Buffer.from(file.buffer, file.byteOffset, file.length)
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) found.push(at - 4)
  return found
}

describe('192 audio: a length that the container states, and ffmpeg does not hold itself to', () => {
  for (const [name, ...args] of [
    ['x.caf', '-c:a', 'pcm_s16be'],
    ['x.caf', '-c:a', 'pcm_f32le'],
    ['x.caf', '-c:a', 'pcm_mulaw'],
    ['x.avi', '-c:a', 'libmp3lame'],
    ['x.avi', '-c:a', 'pcm_s16le'],
    ['x.avi', '-c:a', 'ac3'],
  ] as const)
    it(`${name} ${args.at(-1)}: whole without a warning; cut off, with what is missing`, async () => {
      const file = await encoded(name, ...args)
      const whole = await decodeAudio(file)
      assert.ok(Math.abs(whole.duration - 4) < 0.1, `${whole.duration} s`)
      assert.deepEqual(whole.warnings, [])
      const from = file.length - Math.floor((file.length - 4096) / 1024) * 1024
      for (const share of [0.3, 0.7])
        await assertTold(file.subarray(0, from + Math.floor(((file.length - from) * share) / 1024) * 1024), 4)
    })

  for (const [kind, ...flags] of [
    ['with the time of each fragment', 'empty_moov+default_base_moof'],
    ['of QuickTime', 'empty_moov', '-f', 'mov'],
  ])
    it(`a fragmented mp4 ${kind} that lacks fragments, or has a hole`, async () => {
      const fragments = ['-c:a', 'aac', '-frag_duration', '500000', '-movflags', ...flags]
      const file = await encoded('x.mp4', ...fragments)
      const { duration, warnings } = await decodeAudio(file)
      assert.deepEqual(warnings, [])
      const moofs = boxes(file, 'moof')
      assert.ok(moofs.length >= 7, `${moofs.length}`)
      await assertTold(joined(file.subarray(0, moofs[2]), file.subarray(moofs[5])), duration)
      const zeros = file.slice()
      zeros.fill(0, moofs[2]! + 200, moofs[5]! + 200)
      await assertTold(zeros, duration)
      await assertTold(joined(file.subarray(0, moofs[3]! + 900), file.subarray(moofs[4]! + 2000)), duration)
    })

  it('a fragmented mp4 that ends within a fragment may have been longer', async () => {
    const file = await encoded('x.mp4', '-frag_duration', '500000', '-movflags', 'empty_moov')
    const { warnings } = await decodeAudio(file.subarray(0, boxes(file, 'moof')[4]! - 100))
    assert.match(warnings.join('\n'), /the last fragment is cut off: the file may have been longer/)
  })

  it('the length of all fragments in the head counts where the last ones are missing', async () => {
    const file = await encoded(
      'x.mp4',
      '-frag_duration',
      '500000',
      '-movflags',
      'empty_moov+default_base_moof',
    )
    // 16 bytes of mehd: 4,000 units of the movie, of which 1,000 are a second
    const mehd = Buffer.from('\0\0\0\x10mehd\0\0\0\0\0\0\x0f\xa0', 'latin1')
    const at = boxes(file, 'trex')[0]!
    const longer = joined(file.subarray(0, at), mehd, file.subarray(at, boxes(file, 'moof')[4]))
    const view = new DataView(longer.buffer)
    for (const name of ['moov', 'mvex']) {
      const box = boxes(longer, name)[0]!
      view.setUint32(box, view.getUint32(box) + 16)
    }
    await assertTold(longer, 4)
  })

  it('a WAV with two data chunks: the second one is told, with and without another chunk between them', async () => {
    const [fmt, data] = [chunk('fmt ', format({})), chunk('data', pcm({ frames: 22050 }))]
    const list = chunk('LIST', new Uint8Array(20))
    for (const chunks of [
      [fmt, data, data],
      [fmt, data, list, data, list],
    ]) {
      const audio = await decodeAudio(riff(chunks))
      assert.equal(audio.samples.length, 22050)
      assert.deepEqual(audio.warnings, [
        '44100 bytes of samples lie in another data chunk behind the first one: they were left out',
      ])
    }
    assert.deepEqual((await decodeAudio(riff([fmt, data, list]))).warnings, [])
  })
})
