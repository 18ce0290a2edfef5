// clmr's side of the trainer benchmark, in a process of its own: whole steps, timed; prints a line of JSON.
//   node --import tsx ours.ts EXAMPLES SECONDS {given,augmented,frozen} {fused,plain} {float32,bfloat16}
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ntXent, setThreads, Trainer } from 'clmr'
import { testClip } from '../../test/helpers/golden.js'
import { tinyDataset } from '../../test/helpers/tiny-dataset.js'

const [examplesText, secondsText, input, kernels, precision] = process.argv.slice(2) as [
  string,
  string,
  'given' | 'augmented' | 'frozen',
  'fused' | 'plain',
  'float32' | 'bfloat16',
]
const examples = Number(examplesText)
const CLIP = 59049
const SOURCE_LENGTH = 3 * 22050
const DIFFERENT = 8

setThreads(2)
const folder = await mkdtemp(join(tmpdir(), 'clmr-bench-'))
const options = {
  batchSize: examples,
  viewNorm: 'separate',
  objective: ntXent({ temperature: 0.5 }),
  kernels,
  precision,
  freeze: input === 'frozen',
} as const

/** Two views of each example, the second upside down, as in peers.py. */
function givenViews(): Float32Array {
  const clips = Array.from({ length: DIFFERENT }, (_, i) => testClip(40 + i, 50 + i))
  const views = new Float32Array(examples * 2 * CLIP)
  for (let i = 0; i < examples; i++) {
    views.set(clips[i % DIFFERENT]!, 2 * i * CLIP)
    views.set(
      clips[i % DIFFERENT]!.map((v) => -v),
      (2 * i + 1) * CLIP,
    )
  }
  return views
}

/** A step in a row of them. */
async function stepper(): Promise<() => Promise<unknown>> {
  if (input !== 'augmented') {
    const trainer = await Trainer.create(options)
    const views = givenViews()
    return () => trainer.step(views)
  }
  const dataset = await tinyDataset(folder, Array<number>(examples).fill(SOURCE_LENGTH))
  const steps = (await Trainer.create({ ...options, dataset, epochs: 10000 })).steps()
  return () => steps.next()
}

try {
  const step = await stepper()
  await step()
  const times: number[] = []
  const started = performance.now()
  while (performance.now() - started < Number(secondsText) * 1000 || times.length < 2) {
    const t = performance.now()
    await step()
    times.push((performance.now() - t) / 1000)
  }
  process.stdout.write(`${JSON.stringify({ times, peak: process.resourceUsage().maxRSS * 1024 })}\n`)
} finally {
  await rm(folder, { recursive: true })
}
process.exit() // in the middle of the steps
