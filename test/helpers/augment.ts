import { type AppliedTransform, Augmenter, type AugmenterOptions, type Transform } from 'clmr'

/** One transform with p = 1, one view: what it makes of `samples`. */
export async function applyOne(
  transform: Transform,
  samples: Float32Array,
  options: AugmenterOptions = {},
): Promise<Float32Array> {
  const augmenter = new Augmenter({
    transforms: [transform],
    views: 1,
    clipLength: samples.length,
    ...options,
  })
  return (await augmenter.augment(samples)).data
}

/** All draws of one transform over n examples with one view each. */
export function drawMany(transform: Transform, n: number, seed = 7): AppliedTransform[] {
  const augmenter = new Augmenter({ transforms: [transform], views: 1, seed, clipLength: 100 })
  return augmenter.draw(n, { length: 1100 }).map((view) => view[0]!)
}

export function countNonFinite(samples: ArrayLike<number>): number {
  let count = 0
  for (let i = 0; i < samples.length; i++) if (!Number.isFinite(samples[i])) count++
  return count
}

/** Philox 4x32-10 (Salmon et al., SC 2011) in BigInt arithmetic: written apart from the native one. */
export function philox(counter: number[], key: number[]): number[] {
  const mask = 0xffffffffn
  let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint]
  let [k0, k1] = key.map(BigInt) as [bigint, bigint]
  for (let round = 0; round < 10; round++) {
    const left = 0xd2511f53n * a
    const right = 0xcd9e8d57n * c
    ;[a, b, c, d] = [(right >> 32n) ^ b ^ k0, right & mask, (left >> 32n) ^ d ^ k1, left & mask]
    k0 = (k0 + 0x9e3779b9n) & mask
    k1 = (k1 + 0xbb67ae85n) & mask
  }
  return [a, b, c, d].map(Number)
}
