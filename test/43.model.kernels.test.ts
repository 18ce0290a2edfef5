import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Encoder, getThreads, setThreads } from 'clmr'
import { readGolden, testClips } from './helpers/golden.js'
import { type Kernels, withKernels } from './helpers/with-kernels.js'

const CLIP = 59049
const checkpoint = fileURLToPath(new URL('golden/checkpoints/plain.pt', import.meta.url))

/** Clips that are more than a kernel takes at once, and no multiple of that. */
const COMPANY = 11

/** Embeddings of clips by these kernels: all in one batch, and each by itself. */
async function embedBothWays(kernels: Kernels, model: string, precision: 'float32' | 'bfloat16' = 'float32') {
  return withKernels(kernels, async () => {
    using encoder = await Encoder.load(model, { precision })
    const input = testClips(40, 50, COMPANY)
    const together = (await encoder.encode(input)).data
    const alone = new Float32Array(COMPANY * 512)
    for (let i = 0; i < COMPANY; i++)
      alone.set((await encoder.encode(input.subarray(i * CLIP, (i + 1) * CLIP))).data, i * 512)
    return { together, alone }
  })
}

/** Embeddings of the first golden clips by these kernels. */
const embedWith = (
  kernels: Kernels,
  precision: 'float32' | 'bfloat16' = 'float32',
  model = checkpoint,
  clips = 3,
): Promise<Float32Array> =>
  withKernels(kernels, async () => {
    using encoder = await Encoder.load(model, { precision })
    return (await encoder.encode(testClips(40, 50, clips))).data
  })

/** The same by a process of its own: what libtorch may use is settled when it is loaded. */
function embedInProcess(environment: Record<string, string>, precision: string): Float32Array {
  const script = fileURLToPath(new URL('helpers/embed-golden.ts', import.meta.url))
  const bytes = execFileSync(process.execPath, ['--import', 'tsx', script, checkpoint, '3', precision], {
    env: { ...process.env, ...environment },
    maxBuffer: 1e8,
  })
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

const cpuHas = (flag: string) =>
  process.platform === 'linux' && new RegExp(`\\b${flag}\\b`).test(readFileSync('/proc/cpuinfo', 'utf8'))

/** ‖a − b‖ / ‖b‖ */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, norm] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2
    norm += b[i]! ** 2
  }
  return Math.sqrt(difference / norm)
}

function leastCosine(a: Float32Array, b: Float32Array): number {
  let least = 1
  for (let i = 0; i < a.length; i += 512) {
    let [ab, aa, bb] = [0, 0, 0]
    for (let k = i; k < i + 512; k++) {
      ab += a[k]! * b[k]!
      aa += a[k]! ** 2
      bb += b[k]! ** 2
    }
    least = Math.min(least, ab / Math.sqrt(aa * bb))
  }
  return least
}

describe('43 model: the fused kernels', () => {
  // PyTorch in float64, eval mode
  const golden = Float64Array.from(readGolden('model.safetensors').embeddings!.data as ArrayLike<number>)

  const versions: Record<string, Kernels> = {
    'on this CPU': {},
    'capped to AVX2': { instructionSet: 'avx2' },
    'without AVX': { instructionSet: 'default' },
  }
  for (const [name, kernels] of Object.entries(versions))
    it(`float32 ${name} lies within 1e-5 of PyTorch in float64`, async () => {
      assert.ok(relativeError(await embedWith(kernels), golden) <= 1e-5)
    })

  it('the plain reference lies within 3e-6 of PyTorch in float64 too', async () => {
    assert.ok(relativeError(await embedWith({ kernels: 'plain' }), golden) <= 3e-6)
  })

  // Fresh weights: the error of nine is that of six there, and no batch norm blows differences up
  let fresh: string
  let plain: Float32Array
  let exact: Float32Array
  before(async () => {
    fresh = join(mkdtempSync(join(tmpdir(), 'clmr-kernels-')), 'fresh.safetensors')
    using encoder = await Encoder.create()
    await encoder.save(fresh)
    exact = (await encoder.encode(testClips(40, 50, COMPANY))).data
    plain = await embedWith({ kernels: 'plain' }, 'float32', fresh, COMPANY)
  })
  after(() => rmSync(dirname(fresh), { recursive: true }))

  for (const [name, kernels] of Object.entries(versions))
    it(`tiles of nine ${name} lie within 1e-6 of the plain reference, are not tiles of six, and have the same bits in any batch`, async () => {
      const { together: nine, alone } = await embedBothWays({ ...kernels, kernels: 'winograd-nine' }, fresh)
      const six = await embedWith({ ...kernels, kernels: 'winograd-six' }, 'float32', fresh, COMPANY)
      assert.ok(relativeError(nine, plain) <= 1e-6, `${relativeError(nine, plain)}`)
      assert.ok(relativeError(six, plain) <= 1e-6, `${relativeError(six, plain)}`)
      assert.notDeepEqual(nine, six)
      assert.deepEqual(alone, nine)
    })

  it('a network that tiles of nine would take too far from float64 runs in tiles of six (the golden one does)', async () => {
    assert.ok(relativeError(await embedWith({ kernels: 'winograd-nine' }), golden) > 1e-5)
    assert.deepEqual(await embedWith({}), await embedWith({ kernels: 'winograd-six' }))
  })

  it('a fresh network runs in tiles of nine', async () => {
    const of = (kernels: Kernels) => embedWith(kernels, 'float32', fresh, 1)
    assert.deepEqual(await of({}), await of({ kernels: 'winograd-nine' }))
  })

  it('plain bfloat16 keeps a cosine of 0.999 to float64', async () => {
    const plain = await embedWith({ kernels: 'plain' }, 'bfloat16')
    assert.ok(leastCosine(plain, Float32Array.from(golden)) >= 0.999)
  })

  it('a network that bfloat16 would take too far from float32 runs in float32 (the golden one does)', async () => {
    for (const way of ['bfloat16', 'bfloat16-winograd'])
      assert.ok(relativeError(await embedWith({ kernels: way }, 'bfloat16'), golden) <= 1e-5, way)
  })

  // What the CPU needs for it: oneDNN's GEMM AVX-512, ours dot products of pairs
  const halved: [name: string, way: string, flag: string][] = [
    ['direct convolution', 'bfloat16', 'avx512bw'],
    ['Winograd', 'bfloat16-winograd', 'avx512_bf16'],
  ]
  for (const [name, way, flag] of halved)
    it(`bfloat16 by ${name} keeps a cosine of 0.9998 to float32, is not float32, and the same bits in any batch`, async () => {
      const { together: half, alone } = await embedBothWays({ kernels: way }, fresh, 'bfloat16')
      assert.ok(leastCosine(half, exact) >= 0.9998)
      if (cpuHas(flag)) assert.ok(relativeError(half, exact) > 1e-5, 'it is float32')
      assert.deepEqual(alone, half)
    })

  it('bfloat16 by Winograd is float32 where the CPU has no dot products of pairs', async () => {
    const capped: Kernels = { kernels: 'bfloat16-winograd,winograd-nine', instructionSet: 'avx2' }
    const whole: Kernels = { kernels: 'winograd-nine', instructionSet: 'avx2' }
    assert.deepEqual(await embedWith(capped, 'bfloat16', fresh), await embedWith(whole, 'float32', fresh))
  })

  it('where the CPU has no bfloat16 GEMM, bfloat16 still computes the right thing', () => {
    const capped = {
      CLMR_KERNELS: 'bfloat16',
      CLMR_CPU_CAPABILITY: 'avx2',
      ATEN_CPU_CAPABILITY: 'avx2',
      ONEDNN_MAX_CPU_ISA: 'AVX2',
    }
    assert.ok(leastCosine(embedInProcess(capped, 'bfloat16'), Float32Array.from(golden)) >= 0.999)
  })

  for (const precision of ['float32', 'bfloat16'] as const)
    it(`${precision}: the bits of a clip do not depend on the batch around it or on the threads`, async () => {
      using encoder = await Encoder.create({ precision })
      const clips = testClips(40, 50, 11)
      const all = await encoder.encode(clips)
      const before = getThreads()
      for (const threads of [1, 2, 3])
        for (const n of [1, 2, 3, 5, 8, 9, 11]) {
          setThreads(threads)
          const some = await encoder.encode(clips.subarray((11 - n) * CLIP))
          assert.deepEqual(some.data, all.data.slice((11 - n) * 512), `${n} clips on ${threads} threads`)
        }
      setThreads(before)
    })

  it('a clip of silence and one of full-scale squares give finite embeddings', async () => {
    using encoder = await Encoder.load(checkpoint)
    const clips = new Float32Array(2 * CLIP)
    for (let i = CLIP; i < 2 * CLIP; i++) clips[i] = i % 200 < 100 ? 1 : -1
    assert.ok((await encoder.encode(clips)).data.every(Number.isFinite))
  })
})
