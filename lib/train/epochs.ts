/** The loop of `fit`: what is told after every step and every epoch. */
import type { EpochResult, StepResult } from './types.js'

interface Told {
  stepsPerEpoch: number
  onStep?: ((step: StepResult) => void | Promise<void>) | undefined
  onEpoch?: ((epoch: EpochResult) => void | Promise<void>) | undefined
}

/** @returns the loss of the last step; NaN if there was none */
export async function runEpochs(
  steps: AsyncIterable<StepResult>,
  { stepsPerEpoch, onStep, onEpoch }: Told,
): Promise<number> {
  let started = performance.now()
  let losses: number[] = []
  let finalLoss = Number.NaN
  for await (const step of steps) {
    finalLoss = step.loss
    losses.push(step.loss)
    await onStep?.(step)
    if (step.step % stepsPerEpoch !== 0) continue
    const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length
    const seconds = (performance.now() - started) / 1000
    const { epoch, validLoss, monitor } = step
    await onEpoch?.({ epoch, step: step.step, loss, validLoss, monitor, seconds })
    started = performance.now()
    losses = []
  }
  return finalLoss
}
