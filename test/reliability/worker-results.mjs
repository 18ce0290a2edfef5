// The same work for every thread.
import { Augmenter, Encoder, ntXentLoss } from 'clmr'

export const T = 59049
export const noise = (length, seed = 1) => Float32Array.from({ length }, (_, i) => Math.sin(i * i + seed) / 2)

/** @returns results that have to be the same bits in every thread */
export async function workerResults(seed) {
  const encoder = await Encoder.create({ seed })
  const { data } = await encoder.encode(noise(3 * T, seed))
  const { data: views } = await new Augmenter({ seed }).augment(noise(2 * T, seed))
  const { loss, gradient } = await ntXentLoss(noise(64 * 64, seed), { dim: 64 })
  encoder.dispose()
  return [
    Float32Array.from(data),
    Float32Array.from(views.subarray(0, 4096)),
    loss,
    Float32Array.from(gradient.data),
  ]
}
