// clmr's side of the whole way, in a process of its own: folder of audio files → linear evaluation.
//   node --import tsx ours.ts JOB.json
// Prints a line of JSON: seconds of each part, peak memory, accuracy.
import { readFileSync } from 'node:fs'
import { embedDataset, LinearProbe, prepare, preset, Trainer } from 'clmr'
import type { WholeWay } from './job.js'

const { folder, cache, steps, batchSize, seed } = JSON.parse(
  readFileSync(process.argv[2]!, 'utf8'),
) as WholeWay
const seconds: Record<string, number> = {}
let since = performance.now()
const part = (name: string) => {
  seconds[name] = (performance.now() - since) / 1000
  since = performance.now()
}

// begin: what a user writes
using dataset = await prepare(folder, { cache, labels: 'folders', seed })
part('decode')
const [train, valid, test] = (['train', 'valid', 'test'] as const).map((split) => dataset.subset(split))
await using trainer = await Trainer.create({
  ...preset('clmr'),
  dataset: train!,
  batchSize,
  maxSteps: steps,
  epochs: steps,
  seed,
})
await trainer.fit()
part('train')
const { encoder } = trainer
const embedded = []
for (const split of [train!, valid!, test!])
  embedded.push(await embedDataset(encoder, split, { cache: false }))
part('embed')
using probe = await LinearProbe.fit({ encoder, train: embedded[0]!, validation: embedded[1]!, seed })
const { accuracy } = await probe.evaluate(embedded[2]!)
part('probe')
// end: what a user writes

const peak = process.resourceUsage().maxRSS * 1024
const clips = embedded.map(({ embeddings }) => embeddings.rows).reduce((sum, rows) => sum + rows, 0)
process.stdout.write(`${JSON.stringify({ seconds, peak, accuracy, clips })}\n`)
process.exit()
