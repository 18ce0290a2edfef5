import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CheckpointError,
  ConfigError,
  type Dataset,
  Encoder,
  optimizers,
  Trainer,
  type TrainerOptions,
} from 'clmr'
import { cropSourceOf } from '#lib/cache/dataset.js'
import { CLMR_ARCHITECTURE } from '#lib/model/architecture.js'
import { readRunMetrics } from '#lib/runs/reader.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import { forNetwork, parseTrainerOptions } from '#lib/train/options.js'
import { SMALL, smallViews } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

// Oracle of all: the uninterrupted run, compared to the bit.

const STEPS = 6
const LENGTHS = [70000, 61000, 80000, 60000, 65000]

/** The small network for what any network does; CLMR's for what takes a while, and once for a run that was cut. */
type Network = 'small' | 'clmr'
const ARCHITECTURES = { small: SMALL, clmr: CLMR_ARCHITECTURE }

const options = (
  dataset: Dataset,
  runDirectory: string,
  maxSteps = STEPS,
  network: Network = 'clmr',
): TrainerOptions => ({
  architecture: ARCHITECTURES[network],
  dataset,
  runDirectory,
  maxSteps,
  batchSize: 2,
  seed: 7,
  checkpointEvery: 2,
  optimizer: optimizers.adam({ lr: 1e-3 }),
})

/** step, loss and gradient norm of every line of metrics.jsonl */
const metricsOf = async (run: string) =>
  (await readRunMetrics(run)).map(({ step, loss, gradientNorm }) => [step, loss, gradientNorm])

/** of weights, statistics, optimizer and counters after the last step */
async function digest(run: string, step = STEPS): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['model.safetensors', 'optimizer.safetensors'])
    hash.update(await readFile(join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`, file)))
  return hash.digest('hex')
}

async function finish(trainer: Trainer, steps = STEPS): Promise<void> {
  const summary = await trainer.fit()
  assert.equal(summary.steps, steps)
  trainer.dispose()
}

describe('A resumed run equals an uninterrupted one', () => {
  let folder: string
  let dataset: Dataset
  const wholes = {} as Record<Network, { metrics: unknown[][]; digest: string }>
  let release: () => void
  let cleaned: Promise<void>

  before(async () => {
    await new Promise<void>((ready, fail) => {
      cleaned = withTempDir(async (path) => {
        folder = path
        dataset = await tinyDataset(folder, LENGTHS)
        for (const network of ['small', 'clmr'] as const) {
          const run = join(folder, `whole-${network}`)
          await finish(await Trainer.create(options(dataset, run, STEPS, network)))
          wholes[network] = { metrics: await metricsOf(run), digest: await digest(run) }
        }
        await new Promise<void>((resolve) => {
          release = resolve
          ready()
        })
      })
      cleaned.catch(fail)
    })
  })

  after(async () => {
    dataset.dispose()
    release()
    await cleaned
  })

  const checkWhole = async (run: string, network: Network = 'clmr') => {
    assert.deepEqual(await metricsOf(run), wholes[network].metrics)
    assert.equal(await digest(run), wholes[network].digest)
  }

  it('has logged every step', () => {
    assert.deepEqual(
      wholes.clmr.metrics.map(([step]) => step),
      [1, 2, 3, 4, 5, 6],
    )
  })

  for (const cut of [1, 2, 3, 4, 5]) {
    const network = cut === 3 ? 'clmr' : 'small'
    it(`bit for bit when it ended after step ${cut}`, async () => {
      const run = join(folder, `cut-${cut}`)
      using first = await Trainer.create(options(dataset, run, cut, network))
      await first.fit()
      await finish(await Trainer.resume(run, { maxSteps: STEPS }))
      await checkWhole(run, network)
    })
  }

  // Oracle: the losses that the version before wrote, whose crops came from the seed of the training.
  it('a run whose config has no cropSeed goes on with crops from the seed of the training', async () => {
    const before = new URL('./fixtures/run-of-before/', import.meta.url)
    const config = JSON.parse(await readFile(new URL('config.json', before), 'utf8'))
    const losses = (await readFile(new URL('metrics.jsonl', before), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).loss as number)
    assert.notEqual(config.seed, config.augmenter.seed)
    const begin = async (name: string) => {
      const trainer = await Trainer.create({ ...config, dataset, runDirectory: join(folder, name) })
      await trainer[Symbol.asyncDispose]()
      return join(folder, name)
    }
    const goOn = async (run: string, steps: number) => {
      await using trainer = await Trainer.resume(run)
      const found: number[] = []
      for await (const { loss } of trainer.steps()) if (found.push(loss) === steps) break
      return found
    }
    const [old, now] = [await begin('of-before'), await begin('of-now')]
    const { data } = JSON.parse(await readFile(join(old, 'config.json'), 'utf8'))
    await writeFile(join(old, 'config.json'), JSON.stringify({ ...config, data }))
    for (const [i, loss] of (await goOn(old, losses.length)).entries())
      assert.ok(Math.abs(loss / losses[i]! - 1) < 1e-3, `step ${i}: ${loss} instead of ${losses[i]}`)
    assert.ok(Math.abs((await goOn(now, 1))[0]! / losses[0]! - 1) > 1e-2)
  })

  it('bit for bit in bfloat16', async () => {
    const half = (run: string, steps: number) => ({
      ...options(dataset, run, steps),
      precision: 'bfloat16' as const,
    })
    const [straight, cut] = [join(folder, 'bfloat16'), join(folder, 'bfloat16-cut')]
    await finish(await Trainer.create(half(straight, 4)), 4)
    using first = await Trainer.create(half(cut, 1))
    await first.fit()
    await finish(await Trainer.resume(cut, { maxSteps: 4 }), 4)
    assert.deepEqual(await metricsOf(cut), await metricsOf(straight))
    assert.equal(await digest(cut, 4), await digest(straight, 4))
    assert.notEqual(await digest(cut, 4), await digest(join(folder, 'whole-clmr'), 4)) // it is not float32
  })

  it('bit for bit when a signal aborted it in the middle of a step; fit saves before it rejects', async () => {
    const run = join(folder, 'aborted')
    const controller = new AbortController()
    using trainer = await Trainer.create(options(dataset, run))
    const onStep = ({ step }: { step: number }) => {
      if (step === 3) setTimeout(() => controller.abort(), 30)
    }
    await assert.rejects(trainer.fit({ signal: controller.signal, onStep }), { name: 'AbortError' })
    assert.ok(trainer.stepsDone === 3 || trainer.stepsDone === 4)
    await digest(run, trainer.stepsDone) // there is a checkpoint of the last finished step
    await finish(await Trainer.resume(run))
    await checkWhole(run)
  })

  it('bit for bit when the loop over its steps was left', async () => {
    const run = join(folder, 'left')
    using trainer = await Trainer.create(options(dataset, run, STEPS, 'small'))
    for await (const { step } of trainer.steps()) if (step === 3) break
    await finish(await Trainer.resume(run))
    await checkWhole(run, 'small')
  })

  it('bit for bit when the same trainer goes on', async () => {
    const run = join(folder, 'same')
    using trainer = await Trainer.create(options(dataset, run, STEPS, 'small'))
    for await (const { step } of trainer.steps()) if (step === 2) break
    await trainer.fit()
    await checkWhole(run, 'small')
  })

  it('bit for bit after kill -9, between steps and while a checkpoint is written', async () => {
    const script = `
      import { openDataset, Trainer, optimizers } from 'clmr'
      const [cache, runDirectory, architecture, last] = process.argv.slice(1)
      const tell = async (text) => {
        process.stdout.write(text + '\\n')
        if (text === last) await new Promise((resolve) => setTimeout(resolve, 1e9))
      }
      const trainer = await Trainer.create({ dataset: await openDataset(cache), runDirectory, maxSteps: ${STEPS},
        architecture: JSON.parse(architecture), batchSize: 2, seed: 7, checkpointEvery: 1, optimizer: optimizers.adam({ lr: 1e-3 }) })
      await tell('ready')
      for await (const { step } of trainer.steps()) await tell(String(step))`
    // between steps it waits for the signal; a save takes longer than 40 ms with the large network alone
    for (const [at, wait, network] of [
      ['ready', 0, 'small'],
      ['2', 0, 'small'],
      ['3', 40, 'clmr'],
    ] as const) {
      const last = network === 'small' ? at : ''
      const run = join(folder, `killed-${at}`)
      const args = [dataset.cache, run, JSON.stringify(ARCHITECTURES[network]), last]
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)))
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (text.split('\n').includes(at)) setTimeout(() => child.kill('SIGKILL'), wait)
      })
      assert.equal(await ended, 'SIGKILL')
      await finish(await Trainer.resume(run))
      await checkWhole(run, network)
    }
  })

  it('takes more epochs and steps, and other data only if it is the same', async () => {
    const run = join(folder, 'grown')
    using first = await Trainer.create(options(dataset, run, 1, 'small'))
    await first.fit()
    await assert.rejects(
      Trainer.resume(run, { dataset: dataset.subset('test') }),
      (error: unknown) => error instanceof ConfigError && /does not hold the tracks/.test(error.message),
    )
    await assert.rejects(
      Trainer.resume(run, { optimizer: { name: 'lamb' } } as object),
      (error: unknown) => error instanceof ConfigError && /one of adam, sgd/.test(error.message),
    )
    using encoder = await Encoder.create({ architecture: SMALL })
    for (const settled of [
      { encoder },
      { initFrom: run },
      { runDirectory: run },
      { freeze: true },
      { seed: 8 },
    ])
      await assert.rejects(
        Trainer.resume(run, settled as object),
        (error: unknown) => error instanceof ConfigError && error.message.includes(Object.keys(settled)[0]!),
      )
    using same = await Trainer.resume(run, { seed: 7 })
    assert.equal(same.stepsDone, 1)
    await same[Symbol.asyncDispose]()
    using more = await Trainer.resume(run, { dataset, maxSteps: undefined, epochs: 4 })
    assert.equal(more.stepsDone, 1)
    assert.equal(more.config.seed, 7)
    assert.equal(more.totalSteps, 1)
    await more[Symbol.asyncDispose]()
    using grown = await Trainer.resume(run, { maxSteps: 100, epochs: 4 })
    assert.equal(grown.totalSteps, 8)
  })

  it('BAD CALL - a folder with a run is not started again, one without is not resumed', async () => {
    await assert.rejects(Trainer.create(options(dataset, join(folder, 'whole-clmr'))), {
      code: 'ERR_ARGUMENT',
    })
    await assert.rejects(Trainer.resume(join(folder, 'nothing')), CheckpointError)
    assert.equal(await digest(join(folder, 'whole-clmr')), wholes.clmr.digest)
  })
})

describe('The state of a trainer', () => {
  const make = () => {
    const { augmenter, ...config } = forNetwork(
      parseTrainerOptions({ architecture: SMALL, optimizer: optimizers.adam({ lr: 1e-3 }) }, 'test'),
    )
    return NativeTrainer.create({ ...config, augmenter: { ...augmenter, transforms: [] } }, {}, undefined)
  }
  const step = (trainer: NativeTrainer, i: number) =>
    trainer.enqueue(undefined, (abort) => trainer.stepOnViews(smallViews(i, 2), 4, 1e-3, abort))

  it('holds all that the steps to come depend on: without the optimizer, or its counter, they differ', async () => {
    const trainer = await make()
    await step(trainer, 0)
    const state = await trainer.state()
    const losses = async () => [(await step(trainer, 1)).loss, (await step(trainer, 2)).loss]
    const expected = await losses()
    await trainer.restore(state)
    assert.equal(trainer.step, 1)
    assert.deepEqual(await losses(), expected)
    for (const dropped of ['exp_avg', 'exp_avg_sq', 'step']) {
      const damaged = Object.entries(state.tensors).map(([name, { shape, data }]) => {
        const isDropped = name.startsWith('optimizer.') && name.endsWith(`.${dropped}`)
        return [
          name,
          { shape, data: isDropped ? new Float32Array(data.length).fill(dropped === 'step' ? 9 : 0) : data },
        ]
      })
      await trainer.restore({ ...state, tensors: Object.fromEntries(damaged) })
      assert.notDeepEqual(await losses(), expected, `without ${dropped} nothing changed`)
    }
    trainer.dispose()
  })

  it('counts steps, from which all random choices come: without that count the steps to come differ (control)', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, LENGTHS)
      const config = forNetwork(parseTrainerOptions({ architecture: SMALL, batchSize: 2, seed: 7 }, 'test'))
      const trainer = await NativeTrainer.create(config, {}, cropSourceOf(dataset))
      const next = () => trainer.enqueue(undefined, (abort) => trainer.nextStep(1e-3, abort))
      await next()
      const state = await trainer.state()
      const losses = async () => [(await next()).loss, (await next()).loss]
      const expected = await losses()
      await trainer.restore(state)
      assert.deepEqual(await losses(), expected)
      await trainer.restore({ ...state, step: 0 })
      assert.notDeepEqual(await losses(), expected)
      trainer.dispose()
    }))

  it('is refused as a whole where a tensor is missing, and the trainer is as before', async () => {
    const trainer = await make()
    await step(trainer, 0)
    const before = await trainer.state()
    const { 'optimizer.projector.0.weight.exp_avg': _gone, ...tensors } = before.tensors
    await assert.rejects(trainer.restore({ ...before, tensors }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_CHECKPOINT')
      assert.match(error.message, /no projector\.0\.weight\.exp_avg/)
      return true
    })
    assert.deepEqual(await trainer.state(), before)
    trainer.dispose()
  })
})
