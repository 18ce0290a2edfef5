import assert from 'node:assert/strict'
import { type Optimizer, optimizers } from 'clmr'
import type { StateDict } from '#lib/native/binding.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import { forNetwork, parseTrainerOptions } from '#lib/train/options.js'
import { SMALL, smallViews } from './helpers/small-networks.js'

describe('The optimizers', () => {
  // Oracle: the formulas of torch.optim written out in float64, from the state before and after each of two steps.
  const NAMES = ['encoder.sequential.0.0.weight', 'encoder.sequential.5.1.bias', 'projector.2.weight']

  /** states of a parameter after 0, 1 and 2 steps */
  async function threeStates(optimizer: Optimizer): Promise<StateDict[]> {
    const { augmenter, ...config } = forNetwork(
      parseTrainerOptions({ architecture: SMALL, optimizer }, 'test'),
    )
    const trainer = await NativeTrainer.create(
      { ...config, augmenter: { ...augmenter, transforms: [] } },
      {},
      undefined,
    )
    const states = [(await trainer.state()).tensors]
    for (let i = 0; i < 2; i++) {
      const views = smallViews(i, 2)
      await trainer.enqueue(undefined, (abort) => trainer.stepOnViews(views, 4, optimizer.lr, abort))
      states.push((await trainer.state()).tensors)
    }
    trainer.dispose()
    return states
  }

  const close = (actual: number, expected: number, scale: number, what: string) =>
    assert.ok(
      Math.abs(actual - expected) <= 1e-6 * (Math.abs(expected) + scale),
      `${what}: ${actual}, formula ${expected}`,
    )

  it('sgd moves by lr·(g + μ·b), b = μ·b + g, with Nesterov momentum and weight decay', async () => {
    const [lr, momentum, weightDecay] = [1e-4, 0.9, 0.01]
    const states = await threeStates(optimizers.sgd({ lr, momentum, nesterov: true, weightDecay }))
    for (const name of NAMES) {
      const at = (step: number, what = '') => states[step]![what ? `optimizer.${name}.${what}` : name]!.data
      for (let i = 0; i < at(0).length; i += 7) {
        const [p0, p1, p2] = [at(0)[i]!, at(1)[i]!, at(2)[i]!]
        const [b1, b2] = [at(1, 'momentum_buffer')[i]!, at(2, 'momentum_buffer')[i]!]
        close(p1, p0 - lr * (b1 + momentum * b1), 1, `${name}[${i}] after step 1`)
        close(p2, p1 - lr * (b2 - momentum * b1 + momentum * b2), 1, `${name}[${i}] after step 2`)
      }
    }
  })

  it('sgd adds the weight decay to the gradient', async () => {
    const [plain, decayed] = [
      await threeStates(optimizers.sgd({ lr: 1e-4, momentum: 0.9 })),
      await threeStates(optimizers.sgd({ lr: 1e-4, momentum: 0.9, weightDecay: 0.5 })),
    ]
    const name = 'projector.2.weight'
    const gradient = (states: StateDict[]) => states[1]![`optimizer.${name}.momentum_buffer`]!.data
    const scale = Math.max(...gradient(plain).map(Math.abs))
    gradient(decayed).forEach((g, i) => {
      close(g, gradient(plain)[i]! + 0.5 * plain[0]![name]!.data[i]!, scale, `${name}[${i}]`)
    })
  })

  it('adam moves by lr·m̂/(√v̂ + ε), its averages corrected for their start', async () => {
    const { lr, betas, eps } = optimizers.adam({ lr: 1e-3 })
    const states = await threeStates(optimizers.adam({ lr }))
    for (const name of NAMES) {
      const at = (step: number, what = '') => states[step]![what ? `optimizer.${name}.${what}` : name]!.data
      assert.deepEqual([at(0, 'step')[0], at(1, 'step')[0], at(2, 'step')[0]], [0, 1, 2])
      const scale = Math.sqrt(Math.max(...at(2, 'exp_avg_sq')))
      for (let i = 0; i < at(0).length; i += 7) {
        const [m1, m2] = [at(1, 'exp_avg')[i]!, at(2, 'exp_avg')[i]!]
        const [v1, v2] = [at(1, 'exp_avg_sq')[i]!, at(2, 'exp_avg_sq')[i]!]
        const [g1, g2] = [m1 / (1 - betas[0]), (m2 - betas[0] * m1) / (1 - betas[0])]
        close(Math.sqrt(v1), Math.sqrt(1 - betas[1]) * Math.abs(g1), scale, `v of ${name}[${i}]`)
        close(Math.sqrt(v2), Math.sqrt(betas[1] * v1 + (1 - betas[1]) * g2 * g2), scale, `v of ${name}[${i}]`)
        for (const [step, m, v] of [
          [1, m1, v1],
          [2, m2, v2],
        ] as const) {
          const move = m / (1 - betas[0] ** step) / (Math.sqrt(v / (1 - betas[1] ** step)) + eps)
          close(at(step)[i]!, at(step - 1)[i]! - lr * move, 1, `${name}[${i}] after step ${step}`)
        }
      }
    }
  })
})
