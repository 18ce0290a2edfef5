import assert from 'node:assert/strict'
import { ConfigError, optimizers, type Schedule, schedules, Trainer, type TrainerOptions } from 'clmr'
import type { StateDict } from '#lib/native/binding.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import { forNetwork, parseTrainerOptions } from '#lib/train/options.js'
import { learningRateAt } from '#lib/train/schedule-tables.js'
import { SMALL, smallViews } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

/** A trainer whose state can be read, starting from `weights`. */
async function makeTrainer(
  options: TrainerOptions,
  weights: { encoder?: StateDict; projector?: StateDict } = {},
) {
  const { augmenter, ...config } = forNetwork(
    parseTrainerOptions({ architecture: SMALL, ...options }, 'test'),
  )
  return NativeTrainer.create({ ...config, augmenter: { ...augmenter, transforms: [] } }, weights, undefined)
}

/** States before and after a step on each of `batches`, at `lr`. */
async function statesOf(trainer: NativeTrainer, batches: Float32Array[], lr: number): Promise<StateDict[]> {
  const states = [(await trainer.state()).tensors]
  for (const views of batches) {
    await trainer.enqueue(undefined, (abort) =>
      trainer.stepOnViews(views, views.length / SMALL.clipLength, lr, abort),
    )
    states.push((await trainer.state()).tensors)
  }
  trainer.dispose()
  return states
}

const part = (state: StateDict, prefix: string): StateDict =>
  Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  )
const parametersOf = (state: StateDict) =>
  Object.keys(state).filter((name) => `optimizer.${name}.momentum_buffer` in state)
const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0))
const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => norm(Array.from(a).map((v, i) => v - b[i]!))

/** Gradient of every parameter at the weights of `state`: the momentum of SGD after its first step. */
async function gradientsAt(state: StateDict, views: Float32Array, options: TrainerOptions = {}) {
  const weights = { encoder: part(state, 'encoder.'), projector: part(state, 'projector.') }
  const trainer = await makeTrainer({ ...options, optimizer: optimizers.sgd({ momentum: 0.5 }) }, weights)
  const [, after] = await statesOf(trainer, [views], 1e-3)
  return (name: string) => after![`optimizer.${name}.momentum_buffer`]!.data
}

describe('67 train: learning-rate schedules', () => {
  // Oracle: closed form; the same numbers as LinearLR followed by CosineAnnealingLR of torch.optim.lr_scheduler.
  const at = (schedule: Schedule, step: number, total?: number) => learningRateAt(schedule, 2, step, total)

  it('constant is the rate of the optimizer at every step', () => {
    assert.deepEqual(
      [0, 1, 1e6].map((step) => at(schedules.constant(), step)),
      [2, 2, 2],
    )
  })

  it('cosine rises in equal parts, reaches the rate at the end of its warm-up and comes down by half a cosine', () => {
    const schedule = schedules.cosine({ warmupSteps: 4, floor: 0.1 })
    const rates = Array.from({ length: 14 }, (_, step) => at(schedule, step, 12))
    const close = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) <= 1e-12)
    for (let step = 0; step < 4; step++) close(rates[step]!, (2 * (step + 1)) / 4)
    close(rates[4]!, 2)
    close(rates[8]!, (2 * 1.1) / 2) // halfway
    close(rates[6]!, 2 * (0.1 + (0.9 * (1 + Math.SQRT1_2)) / 2)) // a quarter of the way
    close(rates[12]!, 0.2)
    close(rates[13]!, 0.2) // a training that goes on keeps the floor
  })

  it('cosine takes its own totalSteps before those of the training', () => {
    assert.equal(at(schedules.cosine({ totalSteps: 10 }), 5, 1000), 1)
  })

  it('a training follows its schedule, and a resumed one goes on in it', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [800, 800, 800, 800])
      const options = {
        architecture: SMALL,
        dataset,
        batchSize: 2,
        maxSteps: 4,
        optimizer: optimizers.adam({ lr: 1e-4 }),
        schedule: schedules.cosine({ warmupSteps: 1 }),
        runDirectory: `${folder}/run`,
      }
      const rates: number[] = []
      using first = await Trainer.create(options)
      for await (const { lr } of first.steps()) {
        rates.push(lr)
        if (rates.length === 2) break
      }
      using second = await Trainer.resume(`${folder}/run`)
      for await (const { lr } of second.steps()) rates.push(lr)
      assert.deepEqual(
        rates,
        [0, 1, 2, 3].map((step) => learningRateAt(options.schedule, 1e-4, step, 4)),
      )
    }))

  it('BAD CALL - a cosine without an end, or whose warm-up is longer than it', async () => {
    await assert.rejects(
      Trainer.create({ schedule: schedules.cosine() }),
      (error: unknown) => error instanceof ConfigError && /how many steps/.test(error.message),
    )
    assert.throws(() => schedules.cosine({ warmupSteps: 10, totalSteps: 10 }), ConfigError)
    assert.throws(() => schedules.cosine({ warmup: 10 } as object), /warmupSteps/)
  })
})

describe('67 train: LARS', () => {
  // Oracle: the formula in float64, from weights before and after, and from the gradients that SGD sees there:
  // g' = g + wd·w;  v ← m·v + lr·q·g', q = η‖w‖ / ‖g'‖;  w ← w − v. Biases and batch norm: q = 1, wd = 0.
  const [lr, momentum, weightDecay, trustCoefficient] = [0.2, 0.9, 1e-3, 2e-3]

  for (const excludeBiasAndNorm of [true, false])
    it(`moves by momentum over steps scaled to the weights, two steps, ${excludeBiasAndNorm ? 'biases and batch norm apart' : 'all alike'}`, async () => {
      const batches = [smallViews(0, 2), smallViews(1, 2)]
      const optimizer = optimizers.lars({ momentum, weightDecay, trustCoefficient, excludeBiasAndNorm })
      const states = await statesOf(await makeTrainer({ optimizer }), batches, lr)
      const velocity = new Map<string, number[]>()
      let scaled = 0
      for (const [step, views] of batches.entries()) {
        const gradient = await gradientsAt(states[step]!, views)
        for (const name of parametersOf(states[1]!)) {
          const { data: w, shape } = states[step]![name]!
          const plain = excludeBiasAndNorm && shape.length === 1
          const decayed = Array.from(gradient(name), (g, i) => g + (plain ? 0 : weightDecay * w[i]!))
          const [length, steepness] = [norm(w), norm(decayed)]
          const q = plain || length === 0 || steepness === 0 ? 1 : (trustCoefficient * length) / steepness
          if (q !== 1) scaled++
          const before = velocity.get(name) ?? decayed.map(() => 0)
          const after = decayed.map((g, i) => momentum * before[i]! + lr * q * g)
          velocity.set(name, after)
          const moved = Array.from(w, (v, i) => v - states[step + 1]![name]!.data[i]!)
          // the weights are float32: their last bit limits what can be seen of a small move
          const seen = 1e-5 * norm(after) + 1e-7 * (norm(w) + 1e-3)
          assert.ok(
            distance(moved, after) <= seen,
            `${name}, step ${step}: ${distance(moved, after)} > ${seen}`,
          )
        }
      }
      assert.ok(scaled >= (excludeBiasAndNorm ? 2 * 9 : 2 * 23), String(scaled))
    })
})

describe('67 train: clipping', () => {
  it('scales a longer gradient down to the limit and leaves a shorter one alone; reports the norm before', async () => {
    const views = smallViews(0, 2)
    const start = await (await makeTrainer({})).state()
    const whole = await gradientsAt(start.tensors, views)
    const names = parametersOf(
      (await statesOf(await makeTrainer({ optimizer: optimizers.sgd() }), [views], 1e-3))[1]!,
    )
    const length = norm(names.map((name) => norm(whole(name))))
    for (const limit of [length / 3, length * 2]) {
      const clipped = await gradientsAt(start.tensors, views, { clipGradientNorm: limit })
      // closed form, that of torch.nn.utils.clip_grad_norm_
      const scale = Math.min(1, limit / (length + 1e-6))
      for (const name of names) {
        const expected = Array.from(whole(name), (g) => g * scale)
        assert.ok(distance(clipped(name), expected) <= 1e-6 * norm(expected), name)
      }
    }
    using trainer = await Trainer.create({
      architecture: SMALL,
      clipGradientNorm: length / 3,
      optimizer: optimizers.sgd(),
    })
    const { gradientNorm } = await trainer.step(views)
    assert.ok(Math.abs(gradientNorm / length - 1) <= 1e-6, `${gradientNorm}, ${length}`)
  })
})
