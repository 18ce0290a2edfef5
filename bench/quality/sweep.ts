// What a small budget is best spent on: variants of a training, for the same number of views on the same tracks.
//   npm run bench:sweep -- [--views 9600] [--seeds 1] [--only NAME,NAME] [--music FOLDER] [--cache DIR] [--subset train]
// Without --music and --cache on the music of bench:quality. Finished trainings are kept and not run again. Prints a
// table. Evidence for the preset stands in docs/objectives.md.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  type Dataset,
  ntXent,
  openDataset,
  optimizers,
  preset,
  schedules,
  type TrainerOptions,
  transforms,
} from 'clmr'
import { optionsOf } from '../shared/bench.js'
import { kept, runTraining } from './job.js'
import { best, FORMS, type Form, measure, type Share, type Worth } from './measure.js'
import { benchFolder, musicOf, prepareMusic } from './music.js'

const values = optionsOf({
  views: '9600',
  seeds: '1',
  only: '',
  music: undefined,
  cache: undefined,
  subset: undefined,
})

const { randomCrop, polarityInversion, gain, highLowPass, reverb } = transforms
const small = preset('small')
const light = [randomCrop(), polarityInversion({ p: 0.5 }), gain({ p: 0.5, db: [-12, -1] })]
const adam = (lr: number) => optimizers.adam({ lr })

/** Changes of the preset `small`. */
const VARIANTS: Record<string, TrainerOptions> = {
  small: {},
  'published chain': { augmenter: preset('clmr').augmenter },
  'crop only': { augmenter: { transforms: [randomCrop()] } },
  'with filter and reverb': {
    augmenter: { transforms: [...light, highLowPass({ p: 0.4 }), reverb({ p: 0.3 })] },
  },
  'four views': { augmenter: { transforms: light, views: 4 }, batchSize: 24 },
  'tau 0.2': { objective: ntXent({ temperature: 0.2 }) },
  'tau 0.5': { objective: ntXent({ temperature: 0.5 }) },
  'learned tau': { objective: ntXent({ temperature: 0.1, learnTemperature: true }) },
  'lr 3e-4': { optimizer: adam(3e-4) },
  'lr 2e-3': { optimizer: adam(2e-3) },
  'constant lr': { schedule: schedules.constant() },
  'batch 16': { batchSize: 16 },
  'batch 24': { batchSize: 24 },
  'batch 96': { batchSize: 96 },
  'a pass a view': { viewNorm: 'separate' },
  clmr: { schedule: schedules.constant(), ...preset('clmr'), augmenter: preset('clmr').augmenter },
}

async function datasetOf(): Promise<Dataset> {
  const { music, cache } = values
  return cache ? openDataset(cache) : prepareMusic(musicOf(music))
}

/** Tracks that are judged: all, or those that a training on a subset has not seen. */
async function judge(dataset: Dataset, file: string): Promise<Worth> {
  if (!values.subset) return measure(file, dataset)
  using unseen = dataset.subset('test')
  return measure(file, unseen)
}

const percent = ({ value }: Share) => (100 * value).toFixed(1)
const forms = (of: Record<Form, Share>) => `${FORMS.map((form) => percent(of[form])).join(' · ')} %`
const row = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`)

using dataset = await datasetOf()
const wanted = values.only.split(',').filter(Boolean)
const views = Number(values.views)
const subset = values.subset === 'train' ? ('train' as const) : undefined
using seen = subset ? dataset.subset(subset) : await openDataset(dataset.cache)
const tracks = seen.tracks.map(({ file }) => file)

row([
  'training',
  'seed',
  'views',
  'clean: raw · std · white',
  'altered: raw · std · white',
  'same label, best',
])
row(Array<string>(6).fill('---'))
for (let seed = 1; seed <= Number(values.seeds); seed++)
  for (const [name, change] of Object.entries(VARIANTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const options = { ...small, batchSize: Math.min(48, seen.length), ...change }
    const perStep = options.batchSize * ((change.augmenter as { views?: number } | undefined)?.views ?? 2)
    const steps = Math.max(1, Math.round(views / perStep))
    const plan = JSON.stringify([options, steps, seed, tracks])
    const cell = `sweep-${createHash('sha256').update(plan).digest('hex').slice(0, 16)}`
    const worth = await kept(cell, async () => {
      const folder = join(benchFolder(), 'weights', cell)
      const job = { cache: dataset.cache, subset, tracks, seed, steps, marks: [1], folder, options }
      return judge(dataset, runTraining('clmr', job).at(-1)!.file)
    })
    row([
      name,
      seed,
      steps * perStep,
      forms(worth.clean),
      forms(worth.altered),
      `${percent(best(worth.sameLabel))} %`,
    ])
  }
process.exit()
