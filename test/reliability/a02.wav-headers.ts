/** WAV headers that lie, and every odd shape: each is read rightly or refused with a code; memory follows from the bytes. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeAudio, prepare } from 'clmr'
import { chunk, format, pcm, riff, tone } from '../helpers/wav.js'
import { drive, type Trial } from './driver.js'

const CHANNELS = [0, 1, 2, 3, 5, 6, 8, 16, 255, 65535]
const RATES = [0, 1, 8000, 11025, 22050, 44100, 48000, 96000, 192000, 2 ** 32 - 1]
const BITS = [0, 8, 12, 16, 24, 32, 64]
const MAX_FILE_BYTES = 300_000
const MAX_GROWTH = 100 * 2 ** 20
const FREQUENCY = 440

interface Crafted {
  name: string
  bytes: Uint8Array
  isRight: boolean
  /** Hz of the sine in it, where it is long enough to tell */
  frequency?: number
}

function shape(channels: number, sampleRate: number, bits: number): Crafted {
  const float = bits === 64
  const isRight =
    channels >= 1 &&
    channels <= 256 &&
    sampleRate >= 1000 &&
    sampleRate <= 768_000 &&
    bits % 8 === 0 &&
    bits > 0
  const frameBytes = Math.max(1, (channels * bits) >> 3)
  const frames = Math.max(8, Math.min(Math.floor(sampleRate / 2), Math.floor(MAX_FILE_BYTES / frameBytes)))
  const data = isRight
    ? pcm({ channels, sampleRate, bits, float, frames, value: tone(sampleRate, FREQUENCY) })
    : new Uint8Array(Math.min(MAX_FILE_BYTES, 8 * frameBytes))
  const fmt = format({
    tag: float ? 3 : 1,
    channels,
    sampleRate,
    bits,
    block: ((channels * bits) >> 3) & 0xffff,
  })
  const bytes = riff([chunk('fmt ', fmt), chunk('data', data)])
  const isLong = isRight && frames >= sampleRate / 5
  return {
    name: `${channels}-${sampleRate}-${bits}.wav`,
    bytes,
    isRight,
    frequency: isLong ? FREQUENCY : undefined,
  }
}

const FRAMES = 44100
const samples = pcm({ frames: FRAMES })
const fmt = chunk('fmt ', format({}))
const sized = (size: number) => chunk('data', samples, size)

/** name → [file, whether it is to be read] */
const LIES: Record<string, [Uint8Array, boolean]> = {
  'data size of 4 GiB less one': [riff([fmt, sized(0xffffffff)]), true],
  'data size of 2 GiB less one': [riff([fmt, sized(0x7fffffff)]), true],
  'data size 0': [riff([fmt, sized(0)]), true],
  'data size too large by 44': [riff([fmt, sized(samples.length + 44)]), true],
  'data size of a tenth': [riff([fmt, sized(samples.length / 10)]), true],
  'data size twice as large': [riff([fmt, sized(samples.length * 2)]), false],
  'data size of a gigabyte': [riff([fmt, sized(1e9)]), false],
  'outer size 0': [riff([fmt, sized(samples.length)], 'RIFF', 0), true],
  'outer size of 4 GiB less one': [riff([fmt, sized(samples.length)], 'RIFF', 0xffffffff), true],
  'fmt of no bytes': [riff([chunk('fmt ', new Uint8Array(0)), sized(samples.length)]), false],
  'fmt of 15 bytes': [riff([chunk('fmt ', format({}).subarray(0, 15)), sized(samples.length)]), false],
  'fmt that claims 4 GiB': [riff([chunk('fmt ', format({}), 0xfffffff0), sized(samples.length)]), false],
  'no fmt': [riff([sized(samples.length)]), false],
  'no data': [riff([fmt]), false],
  'data in front of fmt': [riff([sized(samples.length), fmt]), false],
  'block size 0': [riff([chunk('fmt ', format({ block: 0 })), sized(samples.length)]), false],
  'block size 65535': [riff([chunk('fmt ', format({ block: 65535 })), sized(samples.length)]), false],
  'nothing behind the first twelve bytes': [riff([]), false],
  'a chunk that claims 4 GiB': [
    riff([chunk('junk', new Uint8Array(8), 0xffffffff), fmt, sized(samples.length)]),
    false,
  ],
}

/** Hz, from the first rise through zero to the last. */
function frequencyOf(x: Float32Array, rate: number): number {
  const rises: number[] = []
  for (let i = 1; i < x.length; i++)
    if (x[i - 1]! < 0 && x[i]! >= 0) rises.push(i - x[i]! / (x[i]! - x[i - 1]!))
  return ((rises.length - 1) * rate) / (rises.at(-1)! - rises[0]!)
}

async function checkTones(files: Crafted[], { fail }: Trial<'shapes'>): Promise<number> {
  let worst = 0
  for (const { name, bytes, frequency } of files) {
    if (frequency === undefined) continue
    const { samples: found, sampleRate } = await decodeAudio(bytes)
    const error = Math.abs(frequencyOf(found.subarray(1000, -1000), sampleRate) / frequency - 1)
    worst = Math.max(worst, error)
    if (!(error < 1e-3)) fail(`${name}: the tone is off by ${(100 * error).toFixed(2)} %`)
  }
  return worst
}

await drive('A2', async (trial) => {
  const { folder, size, draw, figure, fail } = trial
  process.env.PATH = '' // our own decoders alone: ffmpeg reads more
  const all = CHANNELS.flatMap((c) => RATES.flatMap((r) => BITS.map((b) => [c, r, b] as const)))
  const keys = new Map(all.map((one) => [one, draw()]))
  const chosen = all.sort((a, b) => keys.get(a)! - keys.get(b)!).slice(0, size.shapes)
  const lies = Object.entries(LIES).map(([name, [bytes, isRight]]) => ({
    name: `${name}.wav`,
    bytes,
    isRight,
  }))
  const files: Crafted[] = [...chosen.map((one) => shape(...one)), ...lies]
  const music = join(folder, 'music')
  await mkdir(music)
  for (const { name, bytes } of files) await writeFile(join(music, name), bytes)
  await decodeAudio(files.find(({ isRight }) => isRight)!.bytes)
  const before = process.memoryUsage.rss()
  let peak = before
  const watch = () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  using dataset = await prepare(music, { cache: join(folder, 'cache'), onProgress: watch })
  const accepted = new Set(dataset.tracks.map(({ path }) => path))
  const reasons = new Map(dataset.skipped.map((one) => [one.path, one]))
  for (const { name, isRight } of files) {
    const skipped = reasons.get(name)
    if (isRight && !accepted.has(name)) fail(`${name} is refused: ${skipped?.reason}`)
    if (!isRight && accepted.has(name)) fail(`${name} is accepted`)
    if (skipped && !/^ERR_AUDIO_(DECODE|FORMAT)$/.test(skipped.code ?? ''))
      fail(`${name}: ${skipped.code} ${skipped.reason}`)
  }
  figure('files', files.length)
  figure('accepted', accepted.size)
  figure('worstTone', Number((await checkTones(files, trial)).toExponential(1)))
  figure('grownMiB', Math.round((peak - before) / 2 ** 20))
  if (peak - before > MAX_GROWTH) fail(`memory grows by ${(peak - before) >> 20} MiB`)
})
