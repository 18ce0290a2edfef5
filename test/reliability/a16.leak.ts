/** Memory over many calls: the slope of the resident memory after a fifth of them, by least squares. */
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { decodeAudio, Encoder, ntXentLoss, Trainer } from 'clmr'
import { testClip, testClips } from '../helpers/golden.js'
import { SMALL } from '../helpers/small-networks.js'
import { drive, type Trial } from './driver.js'
import { slope } from './memory.js'

const KiB = 1024
const MiB = 2 ** 20
const MAX_CALL = 0.5 * KiB
const MAX_OPEN = 50 * KiB
const MAX_DECODE = 1 * KiB
const MAX_STEP = 2 * KiB
const MAX_DROPPED = 1024 * MiB
/** Calls that differ in size: a point is always of the same kind. */
const PHASES = 3
/** Points of a line. */
const POINTS = 200

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const FLAC = fileURLToPath(new URL('../fixtures/audio/tone.flac', import.meta.url))

type Name = 'loss' | 'encode' | 'embed' | 'open' | 'decode' | 'train' | 'drop'

/** Bytes that a call keeps. */
async function keptBy(count: number, call: (i: number) => Promise<void>): Promise<number> {
  const warmUp = Math.ceil(count / 5)
  const every = PHASES * Math.max(1, Math.floor(count / POINTS / PHASES))
  const sizes: number[] = []
  for (let i = 0; i < warmUp + count; i++) {
    await call(i)
    if (i < warmUp || i % every !== 0) continue
    collect()
    sizes.push(process.memoryUsage.rss())
  }
  return slope(sizes) / every
}

async function judge(
  name: Name,
  limit: number,
  call: (i: number) => Promise<void>,
  { size, figure, fail }: Trial<Name>,
): Promise<void> {
  if (size[name] === 0) return
  const bytes = await keptBy(size[name], call)
  figure(`${name}BytesACall`, Math.round(bytes))
  if (bytes > limit) fail(`${name}: ${bytes.toFixed(0)} bytes a call, at most ${limit}`)
}

async function dropped(count: number): Promise<number> {
  const clip = testClip(1, 2)
  for (let i = 0; i < 20; i++) (await Encoder.create()).dispose()
  const before = process.memoryUsage.rss()
  let peak = 0
  for (let i = 0; i < count; i++) {
    const encoder = await Encoder.create()
    if (i % 20 === 0) await encoder.encode(clip)
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  return peak - before
}

await drive('A16', async (trial) => {
  const { size, planted, figure, fail } = trial
  const z = testClip(3, 4, 64 * 64)
  await judge('loss', 2 * MAX_CALL, async () => void (await ntXentLoss(z, { dim: 64 })), trial)
  if (planted) return
  using small = await Encoder.create({ architecture: SMALL })
  const short = testClip(1, 3 * SMALL.clipLength)
  const embedShort = async (i: number) =>
    void (await small.encode(short.subarray(0, (1 + (i % 3)) * SMALL.clipLength)))
  await judge('encode', 2 * MAX_CALL, embedShort, trial)
  using encoder = await Encoder.create()
  const clips = testClips(1, 2, 3)
  // variable length, the last batch included: 1, 2 and 3 clips
  const embed = async (i: number) => void (await encoder.encode(clips.subarray(0, (1 + (i % 3)) * 59049)))
  await judge('embed', MAX_CALL, embed, trial)
  await judge('decode', MAX_DECODE, async () => void (await decodeAudio(FLAC)), trial)
  await judge('open', MAX_OPEN, async () => (await Encoder.create()).dispose(), trial)
  using trainer = await Trainer.create({ batchSize: 2 })
  const views = testClips(10, 20, 4)
  await judge('train', MAX_STEP, async () => void (await trainer.step(views)), trial)
  if (size.drop > 0) {
    const grown = await dropped(size.drop)
    figure('droppedMiB', Math.round(grown / MiB))
    if (grown > MAX_DROPPED) fail(`${size.drop} encoders without dispose(): ${grown / MiB} MiB`)
  }
})
