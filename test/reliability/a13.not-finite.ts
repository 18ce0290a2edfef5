/** A loss or gradient that is not finite: the training stops at that step, says which tracks, and saves nothing of it. */
import { join } from 'node:path'
import { NonFiniteError, Trainer } from 'clmr'
import { loadModelState } from '#lib/model/load-state.js'
import { readRunMetrics } from '#lib/runs/reader.js'
import { clmr } from '../helpers/command-line.js'
import { trainingViews } from '../helpers/golden.js'
import { tinyDataset } from '../helpers/tiny-dataset.js'
import { drive } from './driver.js'

const EXIT_NOT_FINITE = 4

await drive('A13', async ({ folder, figure, fail }) => {
  const dataset = await tinyDataset(folder, [70_000, 80_000, 90_000, 100_000])
  dataset.dispose()
  const run = join(folder, 'run')
  const options = [
    '--data',
    join(folder, 'cache'),
    '--batch-size',
    '2',
    '--epochs',
    '1000',
    '--checkpoint-every',
    '1',
  ]
  // weight decay multiplies the weights by -999 a step: they leave the range of 32-bit numbers
  const { code, stderr } = await clmr(
    'train',
    '--run',
    run,
    ...options,
    '--set',
    'optimizer.name=sgd',
    'optimizer.lr=1000',
    'optimizer.weightDecay=1',
  )
  if (code !== EXIT_NOT_FINITE) fail(`exit ${code}: ${stderr.slice(-400)}`)
  if (!/ERR_NON_FINITE/.test(stderr)) fail(`no ERR_NON_FINITE: ${stderr.slice(-400)}`)
  if (!/track-\d\.wav/.test(stderr)) fail(`the tracks are not named: ${stderr.slice(-400)}`)
  const steps = await readRunMetrics(run)
  figure('stepsBefore', steps.length)
  if (steps.some(({ loss }) => !Number.isFinite(loss as number))) fail('a loss that is not finite was logged')
  // a tensor of it that is not finite is refused
  await loadModelState(run).catch((error) => fail(`the newest checkpoint: ${error}`))

  using trainer = await Trainer.create({ batchSize: 2, seed: 1 })
  const views = trainingViews(0, 2)
  await trainer.step(views)
  const damaged = views.slice()
  damaged[70_000] = Number.NaN
  const error = await trainer.step(damaged).catch((caught) => caught)
  if (!(error instanceof NonFiniteError)) fail(`views with NaN: ${error}`)
  const next = await trainer.step(views)
  if (next.step !== 2 || !Number.isFinite(next.loss))
    fail(`after views with NaN: step ${next.step}, loss ${next.loss}`)
  figure('injections', 'learning rate, views')
})
