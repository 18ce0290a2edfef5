// clmr's side of the augmentation benchmark, in a process of its own: seconds a view of each task (the median; the mean of
// the chain, which draws anew each time), a line of JSON.
//   node --import tsx ours.ts THREADS SECONDS
import { readFileSync } from 'node:fs'
import * as clmr from 'clmr'
import { testClip } from '../../test/helpers/golden.js'
import { timingOf } from '../shared/bench.js'

const [threads, seconds] = process.argv.slice(2).map(Number) as [number, number]
const CLIP = 59049
const BATCH = 48
const fixed = (value: number): [number, number] => [value, value]

function transformsOf(task: string): clmr.Transform[] {
  const [name, text] = task.split(' ') as [string, string?]
  const value = Number(text)
  switch (name) {
    case 'chain':
      return clmr.clmrTransforms()
    case 'polarity':
      return [clmr.transforms.polarityInversion()]
    case 'gain':
      return [clmr.transforms.gain({ db: fixed(-7) })]
    case 'noise':
      return [clmr.transforms.noise({ snrDb: fixed(20) })]
    case 'delay':
      return [clmr.transforms.delay({ ms: fixed(250) })]
    case 'reverse':
      return [clmr.transforms.reverse()]
    case 'lowPass':
      return [clmr.transforms.lowPass({ cutoff: fixed(value) })]
    case 'highPass':
      return [clmr.transforms.highPass({ cutoff: fixed(value) })]
    case 'pitch':
      return [clmr.transforms.pitchShift({ cents: fixed(value) })]
    case 'reverb':
      return [
        clmr.transforms.reverb({
          reverberance: fixed(value),
          damping: fixed(100 - value),
          roomSize: fixed(value),
        }),
      ]
    default:
      throw new Error(`there is no task ${task}`)
  }
}

clmr.setThreads(threads)
const clips = new Float32Array(BATCH * CLIP)
for (let i = 0; i < BATCH; i++) clips.set(testClip(40 + i, 50 + i, CLIP), i * CLIP)
const out = new Float32Array(BATCH * CLIP)
const tasks = JSON.parse(readFileSync(new URL('tasks.json', import.meta.url), 'utf8')) as Record<
  string,
  unknown
>

const times: Record<string, number> = {}
for (const task of Object.keys(tasks)) {
  const augmenter = new clmr.Augmenter({ transforms: transformsOf(task), views: 1 })
  await augmenter.augment(clips, { out })
  const perView: number[] = []
  const started = performance.now()
  const limit = (task === 'chain' ? 4 : 1) * seconds * 1000
  for (let step = 0; performance.now() - started < limit || perView.length < 3; step++) {
    const t = performance.now()
    await augmenter.augment(clips, { out, step })
    perView.push((performance.now() - t) / 1000 / BATCH)
  }
  const mean = perView.reduce((a, b) => a + b, 0) / perView.length
  times[task] = task === 'chain' ? mean : timingOf(perView).median
}
process.stdout.write(`${JSON.stringify(times)}\n`)
