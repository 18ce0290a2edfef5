import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ArgumentError,
  allocateClips,
  CheckpointError,
  ConfigError,
  DeviceError,
  DisposedError,
  Encoder,
  ShapeError,
} from 'clmr'
import { CLMR_ARCHITECTURE, nativeArchitecture, sequentialLayers } from '#lib/model/architecture.js'
import { stateOfEncoder } from '#lib/model/encoder.js'
import { native } from '#lib/native/load.js'
import { goldenPath, readGolden, relativeError, testClip, testClips } from './helpers/golden.js'
import { withTempDir } from './helpers/temp-dir.js'

const T = 59049
const E = 512
const golden = readGolden('model.safetensors')
const goldenClips = testClips(40, 50, 3)
const load = (name: string, options = {}) => Encoder.load(goldenPath(`checkpoints/${name}`), options)

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!
    aa += a[i]! ** 2
    bb += b[i]! ** 2
  }
  return ab / Math.sqrt(aa * bb)
}

describe('Encoder', () => {
  let encoder: Encoder
  before(async () => {
    encoder = await load('plain.pt')
  })
  after(() => encoder.dispose())

  it('says what it takes and gives', async () => {
    assert.deepEqual(
      [encoder.sampleRate, encoder.clipLength, encoder.dim, encoder.disposed, encoder.device],
      [22050, 59049, 512, false, 'cpu'],
    )
  })

  for (const [file, tensor] of Object.entries({
    'lightning.ckpt': 'embeddings',
    'plain.pt': 'embeddings',
    'legacy.pt': 'embeddings',
    'bare.pt': 'embeddings',
    'bare-float16.pt': 'embeddings_float16_weights',
    'bare-bfloat16.pt': 'embeddings_bfloat16_weights',
  }))
    it(`embeds as PyTorch does in float64 with the weights of ${file}`, async () => {
      using loaded = await load(file)
      const { data, rows, cols } = await loaded.encode(goldenClips)
      assert.deepEqual([rows, cols], [3, E])
      const error = relativeError(data, golden[tensor]!.data)
      assert.ok(error <= 1e-5, `relative error ${error}`)
    })

  it('gives the same bits after save and load, as .safetensors, without extension and as .pt', () =>
    withTempDir(async (folder) => {
      const before = await encoder.encode(goldenClips)
      for (const name of ['model.safetensors', 'model', 'model.pt']) {
        await encoder.save(join(folder, name))
        using again = await Encoder.load(join(folder, name))
        assert.deepEqual((await again.encode(goldenClips)).data, before.data, name)
        assert.deepEqual(stateOfEncoder(again), stateOfEncoder(encoder), name)
      }
      await assert.rejects(encoder.save(join(folder, 'model.xyz')), ArgumentError)
    }))

  it('embeds a clip to the same bits alone and in any batch', async () => {
    const clips = testClips(70, 80, 5)
    const batch = await encoder.encode(clips)
    for (let i = 0; i < 5; i++) {
      const alone = await encoder.encode(clips.subarray(i * T, (i + 1) * T))
      assert.equal(alone.rows, 1)
      assert.deepEqual(alone.row(0), batch.row(i))
    }
    assert.deepEqual(encoder.encodeSync(clips).data, batch.data)
  })

  // Steps of the first convolution from 9,999 on: every place in a tile of nine and in one of six
  it('keeps NaN and infinity to the clip that holds them, and shows them there, wherever they are', async () => {
    using fresh = await Encoder.create()
    const clips = testClips(40, 50, 4)
    for (const model of [encoder, fresh]) {
      clips.set(testClips(41, 51, 2), T)
      const clean = await model.encode(clips)
      for (let step = 9999; step < 9999 + 18; step++) {
        clips.set(testClips(41, 51, 2), T)
        clips[T + 3 * step] = Number.NaN
        clips[2 * T + 3 * step] = Number.POSITIVE_INFINITY
        const result = await model.encode(clips)
        for (const whole of [0, 3]) assert.deepEqual(result.row(whole), clean.row(whole))
        for (const bad of [1, 2])
          assert.ok(
            !result.row(bad).every(Number.isFinite),
            `${bad === 1 ? 'NaN' : 'Infinity'} at step ${step}`,
          )
      }
    }
  })

  it('reads views, shared memory and its own allocation in place, and fills `out`', async () => {
    const clip = testClip(40, 50)
    const expected = golden.embeddings!.data.slice(0, E)
    const shifted = new Float32Array(T + 3)
    shifted.set(clip, 3)
    const shared = new Float32Array(new SharedArrayBuffer(T * 4))
    shared.set(clip)
    const own = allocateClips(1)
    assert.deepEqual([own.length, own[0], own[T - 1]], [T, 0, 0])
    own.set(clip)
    for (const clips of [shifted.subarray(3), shared, own]) {
      const larger = new Float32Array(E + 2).fill(7)
      const out = larger.subarray(1, E + 1)
      const result = await encoder.encode(clips, { out })
      assert.equal(result.data, out)
      assert.ok(relativeError(out, expected) <= 1e-5)
      assert.deepEqual([larger[0], larger[E + 1]], [7, 7])
      assert.equal(encoder.encodeSync(clips, { out }).data, out)
    }
  })

  it('draws new weights from the seed as PyTorch does: uniform within ±1/√fan-in, batch norm 1 and 0', async () => {
    using a = await Encoder.create({ seed: 7 })
    using b = await Encoder.create({ seed: 7 })
    using c = await Encoder.create({ seed: 8 })
    const state = stateOfEncoder(a)
    assert.deepEqual(state, stateOfEncoder(b))
    assert.notDeepEqual(state['sequential.3.0.weight'], stateOfEncoder(c)['sequential.3.0.weight'])
    for (const { index, inChannels, kernel } of sequentialLayers()) {
      const bound = 1 / Math.sqrt(inChannels * kernel)
      const weight = state[`sequential.${index}.0.weight`]!.data
      const largest = weight.reduce((m, w) => Math.max(m, Math.abs(w)), 0)
      assert.ok(
        largest <= bound * (1 + 1e-6) && largest > bound * 0.97,
        `layer ${index}: ${largest} of ${bound}`,
      )
      // uniform: variance bound²/3; 5 standard deviations of its estimate
      const variance = weight.reduce((sum, w) => sum + w * w, 0) / weight.length / (bound ** 2 / 3)
      assert.ok(Math.abs(variance - 1) < 5 * Math.sqrt(0.8 / weight.length), `layer ${index}: ${variance}`)
      assert.ok(state[`sequential.${index}.1.weight`]!.data.every((v) => v === 1))
      assert.ok(state[`sequential.${index}.1.bias`]!.data.every((v) => v === 0))
      assert.ok(state[`sequential.${index}.1.running_var`]!.data.every((v) => v === 1))
      assert.deepEqual([...state[`sequential.${index}.1.num_batches_tracked`]!.data], [0])
    }
  })

  it('in bfloat16 keeps a cosine of 0.999 to float64', async () => {
    using half = await load('plain.pt', { precision: 'bfloat16' })
    const { data } = await half.encode(goldenClips)
    for (let i = 0; i < 3; i++) {
      const exact = golden.embeddings!.data.slice(i * E, (i + 1) * E)
      assert.ok(cosine(data.subarray(i * E, (i + 1) * E), exact) >= 0.999)
    }
  })

  it('BAD CALL - clips of the wrong length, type or memory', async () => {
    await assert.rejects(encoder.encode(new Float32Array(T + 1)), ShapeError)
    await assert.rejects(encoder.encode(new Float32Array(0)), ShapeError)
    await assert.rejects(encoder.encode(new Float64Array(T) as never), ArgumentError)
    await assert.rejects(encoder.encode([0, 0] as never), ArgumentError)
    await assert.rejects(encoder.encode(undefined as never), ArgumentError)
    const resizable = new (ArrayBuffer as never as new (n: number, o: object) => ArrayBuffer)(T * 4, {
      maxByteLength: T * 8,
    })
    await assert.rejects(encoder.encode(new Float32Array(resizable)), ArgumentError)
    const detached = new Float32Array(T)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    await assert.rejects(encoder.encode(detached), ShapeError)
    assert.throws(() => encoder.encodeSync(new Float32Array(T - 1)), ShapeError)
  })

  it('BAD CALL - out of the wrong length, or over the clips', async () => {
    const clips = new Float32Array(T)
    await assert.rejects(encoder.encode(clips, { out: new Float32Array(511) }), ShapeError)
    await assert.rejects(encoder.encode(clips, { out: clips.subarray(0, E) }), ArgumentError)
    const both = new Float32Array(T + E)
    const result = await encoder.encode(both.subarray(0, T), { out: both.subarray(T) })
    assert.equal(result.rows, 1)
  })

  it('BAD CALL - options that are unknown or out of range name the right one', async () => {
    await assert.rejects(Encoder.create({ sed: 1 } as never), (e: ConfigError) => {
      assert.ok(e instanceof ConfigError)
      assert.match(e.message, /"seed"/)
      return true
    })
    await assert.rejects(Encoder.create({ seed: -1 }), ConfigError)
    await assert.rejects(Encoder.create({ device: 'tpu' as never }), ConfigError)
    await assert.rejects(Encoder.create({ precision: 'float16' as never }), ConfigError)
    await assert.rejects(load('plain.pt', { seed: 1 }), ConfigError)
    await assert.rejects(encoder.encode(goldenClips, { ouy: 1 } as never), ConfigError)
    assert.throws(() => allocateClips(0), ArgumentError)
    assert.throws(() => allocateClips(1.5), ArgumentError)
  })

  it('BAD CALL - a CUDA device that is not there is a DeviceError with a remedy', async () => {
    const missing = native().info().cudaDevices
    await assert.rejects(Encoder.create({ device: `cuda:${missing}` }), (e: DeviceError) => {
      assert.ok(e instanceof DeviceError)
      assert.equal(e.code, 'ERR_DEVICE')
      assert.match(e.remedy, /cpu/)
      return true
    })
  })

  it('BAD CALL - weights that lack a tensor, have one too many or one of another shape', async () => {
    const architecture = nativeArchitecture(CLMR_ARCHITECTURE)
    const options = { architecture, device: 'cpu', precision: 'float32' } as const
    const state = stateOfEncoder(encoder)
    const { 'sequential.4.1.bias': _, ...lacking } = state
    const wrong = { ...state, 'sequential.2.0.bias': { shape: [4], data: new Float32Array(4) } }
    const extra = { ...state, 'fc.bias': { shape: [1], data: new Float32Array(1) } }
    for (const [broken, pattern] of [
      [lacking, /lack sequential\.4\.1\.bias/],
      [wrong, /sequential\.2\.0\.bias of shape \[4\], expected \[128\]/],
      [extra, /fc\.bias/],
    ] as const)
      await assert.rejects(native().encoderFromState(broken, options), (e: Error & { code: string }) => {
        assert.equal(e.code, 'ERR_CHECKPOINT')
        assert.match(e.message, pattern)
        return true
      })
    await withTempDir(async (folder) => {
      const path = join(folder, 'nothing.safetensors')
      await writeFile(path, 'this is no model')
      await assert.rejects(Encoder.load(path), CheckpointError)
    })
  })

  it('after dispose throws DisposedError; what was in flight still settles', async () => {
    const other = await load('plain.pt')
    const running = other.encode(goldenClips)
    other.dispose()
    other.dispose()
    assert.equal(other.disposed, true)
    const { data } = await running
    assert.ok(relativeError(data, golden.embeddings!.data) <= 1e-5)
    await assert.rejects(other.encode(goldenClips), DisposedError)
    assert.throws(() => other.encodeSync(goldenClips), DisposedError)
    await assert.rejects(other.encodeTrack(goldenClips), DisposedError)
    await assert.rejects(other.encodeFile('x.wav'), DisposedError)
    await assert.rejects(other.encodeFiles(['x.wav']).next(), DisposedError)
    await assert.rejects(other.save('x.safetensors'), DisposedError)
    assert.throws(() => other.device, DisposedError)
  })
})
