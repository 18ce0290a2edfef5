import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { unzipSync } from 'fflate'
import { pytorchChunks } from '#lib/formats/pytorch/writer.js'
import { type FileTensor, toFloat32 } from '#lib/formats/tensor.js'
import { openTensorFile } from '#lib/formats/tensor-file.js'
import { loadModelState, saveModelState } from '#lib/model/load-state.js'
import { selectHead } from '#lib/model/select-weights.js'
import type { NamedTensor } from '#lib/native/binding.js'
import * as py from './helpers/pickles.js'
import { encoderState, projectorState } from './helpers/sample-cnn-state.js'
import { withTempDir } from './helpers/temp-dir.js'

const GOLDEN = new URL('./golden/', import.meta.url)
const golden = (name: string) => new URL(`checkpoints/${name}`, GOLDEN).pathname

interface Summary {
  dtype: string
  shape: number[]
  sum: number
  sumOfSquares: number
  first: number
  last: number
}
interface Contents {
  files: Record<string, Record<string, string>>
  sets: Record<string, Record<string, Summary>>
}
const DTYPES: Record<string, string> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16', int64: 'I64' }

function assertSummary(label: string, data: Float32Array, expected: Summary): void {
  let [sum, squares] = [0, 0]
  for (const value of data) {
    sum += value
    squares += value * value
  }
  const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, data.length)
  assert.ok(near(sum, expected.sum), `${label}: sum ${sum}, expected ${expected.sum}`)
  assert.ok(near(squares, expected.sumOfSquares), `${label}: sum of squares ${squares}`)
  assert.equal(data[0], expected.first, label)
  assert.equal(data.at(-1), expected.last, label)
}

async function opened(file: Uint8Array): Promise<Map<string, number[]>> {
  return withTempDir(async (folder) => {
    const path = join(folder, 'm.pt')
    await writeFile(path, file)
    const source = await openTensorFile(path)
    try {
      const values = new Map<string, number[]>()
      for (const name of source.entries.keys()) values.set(name, [...toFloat32(await source.read(name))])
      return values
    } finally {
      await source.close()
    }
  })
}

describe('47 formats: PyTorch files', () => {
  let contents: Contents
  before(async () => {
    contents = JSON.parse(await readFile(new URL('checkpoints.json', GOLDEN), 'utf8'))
  })

  for (const name of [
    'lightning.ckpt',
    'lightning-1.2-expanded.ckpt',
    'plain.pt',
    'legacy.pt',
    'bare.pt',
    'bare-float16.pt',
    'bare-bfloat16.pt',
    'finetuner-head.pt',
    'finetuner-head.ckpt',
  ])
    it(`reads every tensor of ${name}: oracle is PyTorch's own sums of the file that torch.save wrote`, async () => {
      const file = await openTensorFile(golden(name))
      let checked = 0
      for (const [prefix, set] of Object.entries(contents.files[name]!))
        for (const [key, expected] of Object.entries(contents.sets[set]!)) {
          const tensor = await file.read(prefix + key)
          assert.equal(tensor.dtype, DTYPES[expected.dtype], prefix + key)
          assert.deepEqual(tensor.shape, expected.shape, prefix + key)
          assertSummary(prefix + key, toFloat32(tensor), expected)
          checked++
        }
      assert.equal(checked, file.entries.size)
      await file.close()
    })

  it('loads encoder and projector from each kind of checkpoint, with what the file says about its training', async () => {
    for (const name of ['lightning.ckpt', 'plain.pt', 'legacy.pt']) {
      const { encoder, projector, head, format } = await loadModelState(golden(name))
      const sets = { encoder: contents.sets.encoder!, projector: contents.sets.projector! }
      for (const [part, state] of [
        ['encoder', encoder],
        ['projector', projector!],
      ] as const)
        for (const [key, expected] of Object.entries(sets[part]))
          assertSummary(key, state[key]!.data, expected)
      assert.equal(head === undefined, name !== 'legacy.pt')
      assert.equal(format, name === 'legacy.pt' ? 'pytorch-legacy' : 'pytorch')
    }
    const { metadata, sampleRate, warnings } = await loadModelState(golden('lightning.ckpt'))
    assert.equal(metadata['pytorch-lightning_version'], '1.6.5')
    assert.equal(metadata['hyper_parameters.temperature'], '0.5')
    assert.equal(sampleRate, 22050)
    assert.deepEqual(warnings, [])
  })

  it('loads the head of a supervised network and of a fine-tuner', async () => {
    const check = (
      state: Record<string, NamedTensor> | undefined,
      expected: Record<string, Summary>,
      cut: string,
    ) => {
      for (const [key, summary] of Object.entries(expected)) {
        const tensor = state![key.startsWith(cut) ? key.slice(cut.length) : `0.${key}`]!
        assertSummary(key, tensor.data, summary)
      }
    }
    check((await loadModelState(golden('legacy.pt'))).head, contents.sets.fc!, 'none.')
    for (const name of ['finetuner-head.pt', 'finetuner-head.ckpt']) {
      const file = await openTensorFile(golden(name))
      check((await selectHead(file)).state, contents.sets.head!, 'model.')
      await file.close()
    }
    await assert.rejects(loadModelState(golden('finetuner-head.pt')), {
      code: 'ERR_CHECKPOINT',
      message: /no weights/,
    })
  })

  it('lists classes outside the weights as inert names', async () => {
    const lightning = await openTensorFile(golden('lightning.ckpt'))
    assert.deepEqual(lightning.inert, ['argparse.Namespace'])
    await lightning.close()
    const old = await openTensorFile(golden('lightning-1.2-expanded.ckpt'))
    assert.deepEqual(old.inert, [
      'argparse.Namespace',
      'pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint',
    ])
    await old.close()
  })

  it('gathers strides and offsets: oracle is torch.as_strided by hand', async () => {
    const sd = py.dict(
      [py.text('t'), py.tensor({ size: [2, 2], stride: [1, 2] })],
      [py.text('tail'), py.tensor({ size: [2], stride: [1], offset: 2 })],
      [py.text('repeat'), py.tensor({ size: [2, 3], stride: [0, 1], offset: 1 })],
      [py.text('scalar'), py.tensor({ size: [], stride: [], offset: 3 })],
      [py.text('empty'), py.tensor({ size: [0, 5], stride: [5, 1] })],
      [py.text('odd'), py.tensor({ size: [1, 4, 1], stride: [99, 1, 7] })],
    )
    const expected = {
      t: [1, 3, 2, 4],
      tail: [3, 4],
      repeat: [2, 3, 4, 2, 3, 4],
      scalar: [4],
      empty: [],
      odd: [1, 2, 3, 4],
    }
    assert.deepEqual(Object.fromEntries(await opened(py.torchZip(py.pickle(sd)))), expected)
    assert.deepEqual(Object.fromEntries(await opened(py.torchLegacy(py.pickle(sd)))), expected)
  })

  it('reads big-endian files of both formats', async () => {
    const swapped = new Uint8Array(Buffer.from(py.FOUR).swap32())
    const sd = py.pickle(py.dict([py.text('a'), py.tensor()]))
    const zip = py.torchZip(sd, { 'm/byteorder': new TextEncoder().encode('big'), 'm/data/0': swapped })
    assert.deepEqual((await opened(zip)).get('a'), [1, 2, 3, 4])
    assert.deepEqual(
      (await opened(py.torchLegacy(sd, { little: false, rest: swapped }))).get('a'),
      [1, 2, 3, 4],
    )
  })

  it('reads a legacy view of a storage', async () => {
    const view = py.tuple(py.text('v'), py.whole(1), py.whole(3))
    const reference = py.concat(
      py.tuple(
        py.text('storage'),
        py.global('torch.FloatStorage'),
        py.text('0'),
        py.text('cpu'),
        py.whole(4),
        view,
      ),
      'Q',
    )
    const t = py.call(
      'torch._utils._rebuild_tensor',
      reference,
      py.whole(1),
      py.tuple(py.whole(2)),
      py.tuple(py.whole(1)),
    )
    assert.deepEqual((await opened(py.torchLegacy(py.pickle(py.dict([py.text('a'), t]))))).get('a'), [3, 4])
  })

  it('takes parameters, torch.Size, attributes of an OrderedDict, and a key named __proto__', async () => {
    const parameter = py.call(
      'torch._utils._rebuild_parameter',
      py.tensor(),
      py.concat([0x88]),
      py.call('collections.OrderedDict'),
    )
    const ordered = py.concat(
      py.call('collections.OrderedDict'),
      '(',
      py.text('__proto__'),
      parameter,
      py.text('size'),
      py.call('torch.Size', py.tuple(py.whole(3))),
      'u',
      py.dict([py.text('_metadata'), py.call('collections.OrderedDict')]),
      'b',
    )
    const values = await opened(py.torchZip(py.pickle(ordered)))
    assert.deepEqual([...values], [['__proto__', [1, 2, 3, 4]]])
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
  })

  it('writes an archive that an independent zip reader opens, data aligned to 64 bytes, the same bytes every time', () => {
    const tensors: [string, FileTensor][] = [
      ['a', { dtype: 'F32', shape: [4], bytes: py.FOUR }],
      ['b', { dtype: 'I64', shape: [], bytes: new Uint8Array(8).fill(1) }],
      ['c', { dtype: 'BF16', shape: [0], bytes: new Uint8Array(0) }],
    ]
    const file = Buffer.concat(pytorchChunks(tensors, { k: 'v' }))
    const members = unzipSync(new Uint8Array(file))
    assert.deepEqual(Object.keys(members), [
      'model/data.pkl',
      'model/byteorder',
      'model/data/0',
      'model/data/1',
      'model/data/2',
      'model/version',
    ])
    assert.deepEqual(members['model/data/0'], py.FOUR)
    assert.equal(Buffer.from(members['model/version']!).toString(), '3\n')
    assert.equal(file.indexOf(py.FOUR) % 64, 0)
    assert.equal(file.readUInt32LE(14), crc32(members['model/data.pkl']!))
    assert.deepEqual(Buffer.concat(pytorchChunks(tensors, { k: 'v' })), file)
  })

  it('BAD CALL - writing an element type that older PyTorch has not, or more than a plain zip holds', () => {
    const u16: FileTensor = { dtype: 'U16', shape: [1], bytes: new Uint8Array(2) }
    assert.throws(() => pytorchChunks([['a', u16]]), { code: 'ERR_ARGUMENT', message: /a of type U16/ })
    const byte: FileTensor = { dtype: 'U8', shape: [1], bytes: new Uint8Array(1) }
    const many = Array.from({ length: 65_001 }, (_, i): [string, FileTensor] => [`${i}`, byte])
    assert.throws(() => pytorchChunks(many), { code: 'ERR_ARGUMENT', message: /65001 tensors/ })
  })

  it('saves a model as .pt and loads it bit for bit, with its metadata', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'm.pt')
      const [encoder, projector] = [encoderState(), projectorState()]
      await saveModelState(path, { encoder, projector, metadata: { note: 'ü' } })
      const loaded = await loadModelState(path)
      assert.deepEqual({ ...loaded.encoder }, { ...encoder })
      assert.deepEqual({ ...loaded.projector }, { ...projector })
      assert.equal(loaded.metadata.note, 'ü')
      assert.equal(loaded.sampleRate, 22050)
      assert.equal(loaded.format, 'pytorch')
    }))
})
