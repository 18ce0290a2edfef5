import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError } from '#lib/errors.js'
import { readSafetensors, writeSafetensors } from '#lib/formats/safetensors.js'
import { toFileTensors } from '#lib/formats/state-dict.js'
import type { FileTensor } from '#lib/formats/tensor.js'
import { encoderTensors, sequentialLayers } from '#lib/model/architecture.js'
import { loadModelState, saveModelState } from '#lib/model/load-state.js'
import type { StateDict } from '#lib/native/binding.js'
import { goldenPath } from './helpers/golden.js'
import { encoderState, filledState, projectorState } from './helpers/sample-cnn-state.js'
import { withTempDir } from './helpers/temp-dir.js'

const plain = (state: StateDict | undefined) => (state ? { ...state } : state)

async function refused(path: string): Promise<CheckpointError> {
  const error = await loadModelState(path).then(
    () => assert.fail('was loaded'),
    (e) => e,
  )
  assert.ok(error instanceof CheckpointError, String(error))
  assert.equal(error.path, path)
  return error
}

describe('45 model: state', () => {
  it('the table of layers has 77 tensors and 2,368,512 parameters, as the reference counts them', () => {
    const tensors = encoderTensors()
    assert.equal(tensors.length, 77)
    const trained = tensors.filter(({ name }) => /\.(weight|bias)$/.test(name))
    assert.equal(
      trained.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      2_368_512,
    )
    assert.deepEqual(
      sequentialLayers().map(({ outputLength }) => outputLength),
      [19683, 6561, 2187, 729, 243, 81, 27, 9, 3, 1, 1],
    )
  })

  it('saves and loads encoder, projector, head and metadata bit for bit, in state-dict order', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'model.safetensors')
      const head = filledState([
        { name: '0.weight', shape: [50, 512] },
        { name: '0.bias', shape: [50] },
      ])
      const [encoder, projector] = [encoderState(), projectorState()]
      await saveModelState(path, { encoder, projector, head, metadata: { config: '{"epochs":3}' } })
      const loaded = await loadModelState(path)
      assert.deepEqual(plain(loaded.encoder), plain(encoder))
      assert.deepEqual(
        Object.keys(loaded.encoder),
        encoderTensors().map(({ name }) => name),
      )
      assert.deepEqual(plain(loaded.projector), plain(projector))
      assert.deepEqual(plain(loaded.head), plain(head))
      assert.equal(loaded.format, 'safetensors')
      assert.equal(loaded.sampleRate, 22050)
      assert.equal(loaded.metadata.config, '{"epochs":3}')
      assert.deepEqual(loaded.warnings, [])
      const { tensors } = await readSafetensors(path)
      assert.equal(tensors.get('encoder.sequential.0.1.num_batches_tracked')!.dtype, 'I64')
      assert.deepEqual(await readdir(folder), ['model.safetensors'])
    }))

  for (const prefix of ['model.encoder.', 'encoder.', 'module.encoder.', '', 'model.', 'something.else.'])
    it(`finds the encoder under ${JSON.stringify(`${prefix}sequential.`)}`, () =>
      withTempDir(async (folder) => {
        const path = join(folder, 'm.bin')
        const encoder = encoderState()
        await writeSafetensors(path, toFileTensors(encoder, prefix))
        const loaded = await loadModelState(path)
        assert.deepEqual(plain(loaded.encoder), plain(encoder))
        assert.equal(loaded.projector, undefined)
        assert.equal(loaded.head, undefined)
        assert.equal(loaded.sampleRate, undefined)
      }))

  async function withTensors(
    change: (tensors: Map<string, FileTensor>) => void,
    use: (path: string, folder: string) => Promise<void>,
  ) {
    await withTempDir(async (folder) => {
      const tensors = new Map(toFileTensors(encoderState(), 'encoder.'))
      change(tensors)
      const path = join(folder, 'm.safetensors')
      await writeSafetensors(path, tensors)
      await use(path, folder)
    })
  }

  const without = (isLeftOut: (name: string) => boolean) => (tensors: Map<string, FileTensor>) => {
    for (const name of [...tensors.keys()]) if (isLeftOut(name)) tensors.delete(name)
  }

  it('takes the fine-tuner head model.0.* and the fc of a supervised network, which becomes layer 0', async () => {
    const linear = filledState([
      { name: 'weight', shape: [10, 512] },
      { name: 'bias', shape: [10] },
    ])
    for (const prefix of ['model.0.', 'head.0.', 'fc.', 'encoder.fc.'])
      await withTensors(
        (tensors) => {
          for (const [name, tensor] of toFileTensors(linear, prefix)) tensors.set(name, tensor)
        },
        async (path) => {
          const { head } = await loadModelState(path)
          assert.deepEqual(plain(head), { '0.weight': linear.weight, '0.bias': linear.bias }, prefix)
        },
      )
  })

  it('loads a checkpoint that holds the same encoder twice, and refuses one with two different ones', async () => {
    await withTensors(
      (tensors) => {
        for (const [name, tensor] of [...tensors]) tensors.set(`model.${name}`, tensor)
      },
      async (path) => assert.deepEqual(plain((await loadModelState(path)).encoder), plain(encoderState())),
    )
    await withTensors(
      (tensors) => {
        for (const [name, tensor] of toFileTensors(encoderState(99), 'model.encoder.'))
          tensors.set(name, tensor)
      },
      async (path) => assert.match((await refused(path)).message, /two different encoders/),
    )
  })

  it('loads a checkpoint without batch counters, from before PyTorch had them', () =>
    withTensors(
      without((name) => name.endsWith('num_batches_tracked')),
      async (path) => {
        const { encoder } = await loadModelState(path)
        assert.deepEqual(encoder['sequential.0.1.num_batches_tracked'], {
          shape: [],
          data: Float32Array.of(0),
        })
      },
    ))

  it('names the first few missing tensors with their shapes', () =>
    withTensors(
      without((name) => name.includes('sequential.3.')),
      async (path) => {
        const { message } = await refused(path)
        assert.match(message, /missing: encoder\.sequential\.3\.0\.weight \[256, 128, 3\], .* and 3 more/)
      },
    ))

  it('names unexpected tensors and tensors of another shape', () =>
    withTensors(
      (tensors) => {
        const weight = tensors.get('encoder.sequential.0.0.weight')!
        tensors.set('encoder.sequential.0.0.weight', { ...weight, shape: [64, 2, 3] })
        tensors.set('encoder.sequential.11.0.weight', weight)
      },
      async (path) => {
        const { message } = await refused(path)
        assert.match(message, /unexpected: encoder\.sequential\.11\.0\.weight/)
        assert.match(message, /encoder\.sequential\.0\.0\.weight is \[64, 2, 3\] instead of \[128, 1, 3\]/)
      },
    ))

  it('refuses weights with NaN or infinity', async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      await withTempDir(async (folder) => {
        const path = join(folder, 'm.safetensors')
        const encoder = encoderState()
        encoder['sequential.4.0.bias']!.data[7] = value
        await saveModelState(path, { encoder })
        assert.match((await refused(path)).message, /encoder\.sequential\.4\.0\.bias holds NaN or infinity/)
      })
  })

  it('leaves out a projector of another build and says so', () =>
    withTensors(
      (tensors) => tensors.set('projector.0.bias', { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) }),
      async (path) => {
        const { projector, warnings } = await loadModelState(path)
        assert.equal(projector, undefined)
        assert.match(warnings[0]!, /projector\.0\.bias.*left out/)
      },
    ))

  it('reports a model that was trained at another sample rate', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'm.safetensors')
      await saveModelState(path, { encoder: encoderState(), metadata: { sampleRate: '16000' } })
      const { sampleRate, warnings } = await loadModelState(path)
      assert.equal(sampleRate, 16000)
      assert.match(warnings[0]!, /16000 Hz.*22050 Hz/)
    }))

  it('BAD CALL - a file without an encoder, an empty file, ONNX, an unknown format, no file', () =>
    withTempDir(async (folder) => {
      const file = async (name: string, bytes: Uint8Array) => {
        await writeFile(join(folder, name), bytes)
        return join(folder, name)
      }
      const other = join(folder, 'other.safetensors')
      await writeSafetensors(other, [['bert.weight', { dtype: 'U8', shape: [1], bytes: Uint8Array.of(1) }]])
      assert.match((await refused(other)).message, /no weights of a SampleCNN.*bert\.weight/)
      const none = join(folder, 'none.safetensors')
      await writeSafetensors(none, [])
      assert.match((await refused(none)).message, /no tensor at all/)
      assert.match((await refused(await file('empty.pt', new Uint8Array(0)))).message, /empty/)
      const onnx = Uint8Array.of(0x08, 0x08, 0x12, 0x07, ...new TextEncoder().encode('pytorch'))
      assert.match((await refused(await file('m.onnx', onnx))).message, /ONNX.*exported from/)
      assert.match((await refused(await file('onnx-by-content', onnx))).message, /ONNX/)
      assert.match(
        (await refused(await file('noise.pt', new Uint8Array(64).fill(0x41)))).message,
        /no known format/,
      )
      await assert.rejects(loadModelState(join(folder, 'no')), { code: 'ERR_IO', message: /ENOENT/ })
    }))

  it('BAD CALL - saving under an extension of no known format', () =>
    withTempDir(async (folder) => {
      const saving = saveModelState(join(folder, 'm.h5'), { encoder: encoderState() })
      await assert.rejects(saving, { code: 'ERR_ARGUMENT', message: /\.h5/ })
      assert.deepEqual(await readdir(folder), [])
    }))

  it('BAD CALL - what a download has left in the place of a model is named, whatever the name of the file', () =>
    withTempDir(async (folder) => {
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 98765\n`
      const whole = await readFile(goldenPath('checkpoints/finetuner-head.pt'))
      const cases: [string | Uint8Array, RegExp][] = [
        [pointer, /pointer of Git LFS.*git lfs pull/],
        [`\ufeff${pointer}`, /pointer of Git LFS/],
        ['../.git/annex/objects/xx/SHA256E-s1--1', /git-annex.*git annex get/],
        ['<!DOCTYPE html>\n<html lang="en"><title>Sign in</title>', /page of HTML.*in a browser/],
        ['\n  <HTML><body>', /page of HTML/],
        ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /answer of a server/],
        ['{"error":"Repository not found"}', /answer of a server.*Repository not found/],
        ['404 Not Found', /answer of a server/],
        [Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), /gzip archive.*Unpack it/],
        [whole.subarray(0, whole.length - 100), /its end is missing.*as a whole/],
        [whole.subarray(0, whole.length >> 1), /its end is missing/],
      ]
      for (const [i, [content, message]] of cases.entries())
        for (const name of [`${i}.pt`, `${i}.safetensors`, `${i}`]) {
          await writeFile(join(folder, name), content)
          await assert.rejects(loadModelState(join(folder, name)), { code: 'ERR_CHECKPOINT', message })
        }
    }))
})
