import assert from 'node:assert/strict'
import { Augmenter, type ClmrError, DeviceError, Encoder, ntXentLoss, Trainer } from 'clmr'
import { fromNativeError } from '#lib/native/call.js'
import { native } from '#lib/native/load.js'

const missing = `cuda:${native().info().cudaDevices}` as const

/** What a call of the native side that failed with these words rejects with. */
const failure = (message: string, code = 'ERR_INTERNAL') =>
  fromNativeError(Object.assign(new Error(message), { code })) as ClmrError

describe('402 model: devices', () => {
  it('BAD CALL - a CUDA device that is not there is a DeviceError with a remedy, whatever is to be computed on it', async () => {
    const z = new Float32Array(8).fill(1)
    const calls: Record<string, () => unknown> = {
      Encoder: () => Encoder.create({ device: missing }),
      Augmenter: () => new Augmenter({ device: missing }),
      ntXentLoss: () => ntXentLoss(z, { dim: 2, device: missing }),
      Trainer: () => Trainer.create({ device: missing, precision: 'auto', tf32: true }),
    }
    for (const [name, call] of Object.entries(calls))
      await assert.rejects(
        async () => call(),
        (error: DeviceError) => {
          assert.ok(error instanceof DeviceError, name)
          assert.equal(error.code, 'ERR_DEVICE')
          assert.match(error.message, /is not there.*Use the device 'cpu'/)
          return true
        },
      )
  })

  it('the message says which devices CUDA_VISIBLE_DEVICES leaves', async () => {
    const before = process.env.CUDA_VISIBLE_DEVICES
    process.env.CUDA_VISIBLE_DEVICES = '1'
    try {
      await assert.rejects(Encoder.create({ device: missing }), /CUDA_VISIBLE_DEVICES is "1", which hides/)
    } finally {
      if (before === undefined) delete process.env.CUDA_VISIBLE_DEVICES
      else process.env.CUDA_VISIBLE_DEVICES = before
    }
  })

  const messages: [string, RegExp, string?][] = [
    [
      'CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 GiB of which 4.12 MiB is free.',
      /memory of the device is full.*smaller batch/,
      'ERR_MEMORY',
    ],
    [
      'CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`',
      /memory of the device is full/,
    ],
    [
      'The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver',
      /driver is too old.*CUDA 13/,
    ],
    ['CUDA error: CUDA driver version is insufficient for CUDA runtime version', /driver is too old/],
    [
      'Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU',
      /driver is not there/,
    ],
    [
      'CUDA error: all CUDA-capable devices are busy or unavailable\nCUDA kernel errors might be asynchronously reported',
      /taken by another process.*nvidia-smi/,
    ],
    ['CUDA error: invalid device ordinal\nGPU device may be out of range', /device is not there/],
    ['No CUDA GPUs are available', /device is not there/],
    [
      'CUDA error: no kernel image is available for execution on the device',
      /no code for a device of this kind/,
    ],
    [
      'Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cuda:1!',
      /tensors of two devices/,
    ],
    ['CUDA error: unspecified launch failure', /device is gone.*last checkpoint/],
    ['CUDA error: an illegal memory access was encountered', /device is gone/],
    ['CUDA error: uncorrectable ECC error encountered', /device is gone/],
    ['cuDNN error: CUDNN_STATUS_EXECUTION_FAILED', /device has failed/],
  ]
  for (const [message, told, code] of messages)
    it(`libtorch's "${message.slice(0, 48)}…" is a DeviceError that says what to do`, () => {
      const error = failure(message, code)
      assert.ok(error instanceof DeviceError)
      assert.equal(error.code, 'ERR_DEVICE')
      assert.match(error.message, told)
      assert.ok(error.message.includes(message.split('\n')[0]!))
      assert.equal((error.cause as Error).message, message)
    })

  it('the precision auto is float32 where the plain kernels compute', async () => {
    using trainer = await Trainer.create({ kernels: 'plain', precision: 'auto', device: 'cpu' })
    assert.equal(trainer.config.precision, 'float32')
  })

  it('what is not about a device stays what it is', () => {
    assert.equal(failure('mat1 and mat2 shapes cannot be multiplied').code, 'ERR_INTERNAL')
    assert.equal(failure('DefaultCPUAllocator: not enough memory', 'ERR_MEMORY').code, 'ERR_MEMORY')
    assert.equal(failure('CUDA out of memory', 'ERR_CONFIG').code, 'ERR_CONFIG')
  })

  it("on the CPU the device 'cpu' is 'auto', bit for bit: views, loss, embedding", async () => {
    const clip = Float32Array.from({ length: 59_049 }, (_, i) => Math.sin(i / 20) / 2)
    const outcomes = await Promise.all(
      (['auto', 'cpu'] as const).map(async (device) => {
        const views = await new Augmenter({ device }).augment(clip)
        const { loss, gradient } = await ntXentLoss(views.data.slice(0, 64), { dim: 8, device })
        using encoder = await Encoder.create({ device, tf32: true })
        return {
          views: views.data,
          loss,
          gradient: gradient.data,
          embedding: (await encoder.encode(clip)).data,
        }
      }),
    )
    if (native().info().cudaDevices === 0) assert.deepEqual(outcomes[0], outcomes[1])
  })

  it("precision 'auto' is one of the two, and a Trainer records which", async () => {
    using encoder = await Encoder.create({ device: 'cpu', precision: 'auto' })
    assert.equal((await encoder.encode(new Float32Array(59_049))).rows, 1)
    using trainer = await Trainer.create({ device: 'cpu', precision: 'auto' })
    assert.match(trainer.config.precision, /^(float32|bfloat16)$/)
  })
})
