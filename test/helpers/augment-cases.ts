import * as clmr from 'clmr'
import { testClip } from './golden.js'

export interface Case {
  name: string
  transform: clmr.Transform
  samples: Float32Array
  sampleRate?: number
}

const fixed = (value: number): [number, number] => [value, value]
const square = (n: number) => Float32Array.from({ length: n }, (_, i) => (Math.floor(i / 37) % 2 ? 1 : -1))
const clicks = (n: number) => Float32Array.from({ length: n }, (_, i) => (i % 997 === 5 ? 1 : 0))

function damaged(n: number): Float32Array {
  const x = testClip(3, 4, n)
  x.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], n >> 1)
  return x
}

/** Lengths around vectors, tiles and FFT blocks; loud, quiet and damaged clips. */
export function listCases(): Case[] {
  const transforms: Record<string, clmr.Transform> = {
    polarity: clmr.transforms.polarityInversion(),
    gain: clmr.transforms.gain({ db: fixed(-7.3) }),
    noise: clmr.transforms.noise({ ratio: [0.3, 0.3] }),
    delay: clmr.transforms.delay({ ms: fixed(3.3), volume: 0.3 }),
    reverse: clmr.transforms.reverse(),
    'low 40': clmr.transforms.lowPass({ cutoff: fixed(40) }),
    'low 700': clmr.transforms.lowPass({ cutoff: fixed(700) }),
    'low 2200': clmr.transforms.lowPass({ cutoff: fixed(2200) }),
    'low 9000': clmr.transforms.lowPass({ cutoff: fixed(9000) }),
    'high 200': clmr.transforms.highPass({ cutoff: fixed(200) }),
    'high 1200': clmr.transforms.highPass({ cutoff: fixed(1200) }),
    'reverb short': clmr.transforms.reverb({
      reverberance: fixed(20),
      damping: fixed(100),
      roomSize: fixed(0),
    }),
    'reverb long': clmr.transforms.reverb({
      reverberance: fixed(100),
      damping: fixed(0),
      roomSize: fixed(100),
    }),
  }
  const clips: Record<string, Float32Array> = {
    damaged: damaged(5001),
    square: square(4000),
    clicks: clicks(6000),
    'far too loud': testClip(5, 6, 3000).map((v) => v * 1e35),
  }
  for (const n of [1, 2, 15, 16, 17, 31, 129, 1000, 4097, 59049]) clips[`${n} samples`] = testClip(1, 2, n)
  const cases: Case[] = []
  for (const [name, transform] of Object.entries(transforms))
    for (const [clip, samples] of Object.entries(clips))
      cases.push({ name: `${name}, ${clip}`, transform, samples })
  for (const cents of [-1200, -700, -33, 1, 250, 700, 1200])
    for (const clip of ['damaged', '1 samples', '1000 samples', '4097 samples', '59049 samples'])
      cases.push({
        name: `pitch ${cents}, ${clip}`,
        transform: clmr.transforms.pitchShift({ cents: fixed(cents) }),
        samples: clips[clip]!,
      })
  for (const sampleRate of [1000, 6000, 48000, 192000]) {
    cases.push({
      name: `reverb at ${sampleRate} Hz`,
      transform: clmr.transforms.reverb(),
      samples: clips.damaged!,
      sampleRate,
    })
    cases.push({
      name: `pitch at ${sampleRate} Hz`,
      transform: clmr.transforms.pitchShift({ cents: fixed(400) }),
      samples: clips['4097 samples']!,
      sampleRate,
    })
  }
  return cases
}
