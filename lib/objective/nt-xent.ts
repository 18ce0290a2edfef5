/** NT-Xent, the loss of SimCLR and CLMR. */
import { z } from 'zod'
import { type Matrix, matrix } from '../matrix.js'
import { checkRows } from '../native/buffers.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { deviceOption, parseOptions, signalOption } from '../options.js'
import { type ObjectiveDescriptor, positiveOption } from './objective.js'
import type { NtXent, NtXentLossOptions, NtXentOptions } from './option-types.js'

const temperature = positiveOption(0.5, 'Temperature τ, which divides the similarities.')

/** @internal The options of the objective. */
export const ntXentOptions = z.strictObject({
  temperature,
  learnTemperature: z
    .boolean()
    .optional()
    .describe(
      'Whether to learn the temperature, starting at `temperature` and never below 0.01, as in CLIP. Default: false.',
    ),
})
/** @internal The options of `ntXentLoss`. */
export const ntXentLossOptions = z.strictObject({
  dim: z.number().int().min(1).describe('Values per projection.'),
  views: z.number().int().min(2).default(2).describe('Views per example.'),
  temperature,
  device: deviceOption(
    "Where to compute. 'auto' is CUDA if clmr's own CUDA kernels are available, otherwise the CPU.",
  ),
  signal: signalOption,
})

/**
 * The objective NT-Xent for `Trainer.create`: views of one example attract, all other views of the batch repel.
 * @param options temperature (0.5), learnTemperature (false)
 * @throws ConfigError
 */
export function ntXent(options: NtXentOptions = {}): NtXent {
  return { name: 'ntXent', ...parseOptions(ntXentOptions, options, 'ntXent') }
}

const clmr = {
  objective: ntXent({ temperature: 0.5 }),
  projection: { hidden: 512, out: 64 },
  viewNorm: 'separate',
} as const

/** @internal */
export const ntXentObjective = {
  name: 'ntXent',
  table: ntXentOptions.extend({ name: z.literal('ntXent') }),
  views: [2, Number.POSITIVE_INFINITY],
  labels: false,
  classifier: false,
  projector: 'simclr',
  presets: {
    /** CLMR's code: NT-Xent, batch 48, one pass per view. */
    clmr,
    /** The best results of its paper: batch 96. */
    'clmr-paper': { ...clmr, batchSize: 96 },
  },
} as const satisfies ObjectiveDescriptor

/** What `ntXentLoss` returns. */
export interface NtXentValue {
  /** mean over all rows */
  loss: number
  /** d loss / d z [N, dim] */
  gradient: Matrix
  /** d loss / d τ */
  temperatureGradient: number
}

/**
 * NT-Xent and its gradients: the mean, over anchors i and their positives j (the other views of the same example), of
 * −sim(i, j)/τ + log Σ_{k≠i} exp(sim(i, k)/τ), where sim is the cosine similarity.
 *
 * Source: Chen et al., "A simple framework for contrastive learning of visual representations" (2020).
 * @param z [N, dim], row = example·views + view; must not change until the promise settles
 * @returns the loss, d loss / d z [N, dim], and d loss / d τ. Memory grows linearly with N
 * @throws ShapeError, ArgumentError, ConfigError, DeviceError, NonFiniteError, or the signal's reason
 */
export async function ntXentLoss(z: Float32Array, options: NtXentLossOptions): Promise<NtXentValue> {
  const { dim, views, temperature, device, signal } = parseOptions(ntXentLossOptions, options, 'ntXentLoss')
  const rows = checkRows(z, dim, 'z')
  const given = signal ? z.slice() : z // an abort gives z back at once, while the native side winds down
  const { loss, gradient, temperatureGradient } = await callNative(
    signal,
    (abort) => native().ntXentLoss(given, dim, views, temperature, device, abort),
    { detach: true },
  )
  return { loss, gradient: matrix(gradient, rows, dim), temperatureGradient }
}
