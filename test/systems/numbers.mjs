// Run as a process of its own, on whatever processor it is given: one embedding, a chain of augmentations, a training
// step, and what they ran on, as JSON.   node numbers.mjs [embedding: that alone]
import { fileURLToPath } from 'node:url'
import { Augmenter, Encoder, ntXent, optimizers, Trainer, transforms } from 'clmr'
import { native } from '#lib/native/load.js'

const T = 59049
const model = fileURLToPath(new URL('../golden/checkpoints/plain.pt', import.meta.url))

/** The same clips as testClip of test/helpers/golden.ts, which is TypeScript. */
function clip(toneSeed, noiseSeed) {
  const mix32 = (x) => {
    let h = x >>> 0
    h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
    h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
    return (h ^ (h >>> 15)) >>> 0
  }
  const uniform = (seed, i) => (mix32(Math.imul(i, 0x9e3779b9) + mix32(seed)) >>> 8) / 2 ** 23 - 1
  const frequencies = [0, 1, 2].map((i) => 110 + 1100 * (Math.fround(uniform(toneSeed, i)) + 1))
  return Float32Array.from({ length: T }, (_, i) => {
    const tone = frequencies.reduce((sum, f) => sum + Math.sin((2 * Math.PI * f * i) / 22050), 0) / 3
    return 0.6 * Math.fround(tone) + 0.1 * Math.fround(uniform(noiseSeed, i))
  })
}
const join = (...clips) => {
  const all = new Float32Array(clips.length * T)
  clips.forEach((samples, i) => {
    all.set(samples, i * T)
  })
  return all
}

async function embed() {
  const encoder = await Encoder.load(model)
  const { data } = await encoder.encode(clip(40, 50))
  encoder.dispose()
  return { embedding: Array.from(data) }
}

async function augment() {
  const each = { p: 1 }
  const chain = [
    transforms.polarityInversion,
    transforms.noise,
    transforms.gain,
    transforms.lowPass,
    transforms.highPass,
    transforms.delay,
    transforms.pitchShift,
    transforms.reverb,
  ].map((make) => make(each))
  const augmenter = new Augmenter({ transforms: chain, views: 1, seed: 5 })
  const { data } = await augmenter.augment(clip(41, 51))
  return { views: Array.from(data.filter((_, i) => i % 16 === 0)) }
}

async function train() {
  const trainer = await Trainer.create({
    initFrom: model,
    optimizer: optimizers.adam({ lr: 1e-5 }),
    objective: ntXent({ temperature: 0.5 }),
    kernels: process.env.CLMR_KERNELS === 'plain' ? 'plain' : 'fused',
  })
  const { loss, gradientNorm } = await trainer.step(join(clip(1, 2), clip(1, 3), clip(4, 5), clip(4, 6)))
  trainer.dispose?.()
  return { loss, gradientNorm }
}

const rest = process.argv[2] === 'embedding' ? {} : { ...(await augment()), ...(await train()) }
const numbers = { ...(await embed()), ...rest }
const { cpuCapability, instructionSet, threads } = native().info()
process.stdout.write(JSON.stringify({ cpuCapability, instructionSet, threads, ...numbers }))
