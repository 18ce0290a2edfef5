import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { CheckpointError } from '#lib/errors.js'
import {
  readSafetensors,
  SafetensorsFile,
  safetensorsChunks,
  tensorSha256,
  writeSafetensors,
} from '#lib/formats/safetensors.js'
import { DTYPE_BYTES, type DType, type FileTensor, toFloat32 } from '#lib/formats/tensor.js'
import { withTempDir } from './helpers/temp-dir.js'

/** A file around a header text. `length` overrides what the first 8 bytes say. */
function fileWith(header: string | Uint8Array, dataBytes: number, length?: bigint): Uint8Array {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const file = new Uint8Array(8 + json.length + dataBytes)
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(json.length), true)
  file.set(json, 8)
  return file
}

const tensor = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`
const F4 = tensor('F32', '[4]', '[0,16]')

function little(dtype: DType, shape: number[], bytes: number[]): FileTensor {
  return { dtype, shape, bytes: Uint8Array.from(bytes) }
}

const join_ = (chunks: Uint8Array[]) => new Uint8Array(Buffer.concat(chunks))

describe('46 formats: safetensors', () => {
  it('writes the bytes that the format prescribes: oracle is the format by hand', () => {
    const chunks = safetensorsChunks([['a', little('U8', [2], [7, 9])]], { k: 'v' })
    const header = '{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}'
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8)
    assert.deepEqual(
      Buffer.concat(chunks),
      Buffer.from(fileWith(`${padded}\u0007\u0009`, 0, BigInt(padded.length))),
    )
  })

  it('reads back what it wrote: every element type, scalars, empty tensors, names such as __proto__ and 0', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'a.safetensors')
      const tensors = new Map<string, FileTensor>()
      for (const [i, dtype] of (Object.keys(DTYPE_BYTES) as DType[]).entries()) {
        const size = DTYPE_BYTES[dtype]
        tensors.set(dtype, {
          dtype,
          shape: [3, 1],
          bytes: new Uint8Array(3 * size).map((_, k) => k * 31 + i),
        })
        tensors.set(`${dtype} scalar`, { dtype, shape: [], bytes: new Uint8Array(size).fill(i) })
        tensors.set(`${dtype} empty`, { dtype, shape: [2, 0, 5], bytes: new Uint8Array(0) })
      }
      for (const name of ['__proto__', '0', 'constructor', 'a"\\\n\u0000ü😀'])
        tensors.set(name, little('U8', [1], [name.length]))
      await writeSafetensors(path, tensors, { note: 'ü "x"', __proto__x: '1' })
      const whole = await readSafetensors(path)
      assert.deepEqual(new Map([...whole.tensors].sort()), new Map([...tensors].sort()))
      assert.deepEqual(
        [...whole.metadata],
        [
          ['note', 'ü "x"'],
          ['__proto__x', '1'],
        ],
      )
      const file = await SafetensorsFile.open(path)
      for (const [name, expected] of tensors) assert.deepEqual(await file.read(name), expected)
      await assert.rejects(file.read('nobody'), { code: 'ERR_CHECKPOINT', message: /nobody/ })
      await file.close()
      const dataStart = 8 + Number((await readFile(path)).readBigUInt64LE(0))
      for (const [name, { dtype, begin }] of file.entries)
        assert.equal((dataStart + begin) % DTYPE_BYTES[dtype], 0, `${name} is not aligned`)
    }))

  it('turns every element type into float32: oracle is IEEE 754 by hand', () => {
    const cases: [DType, number[], number[]][] = [
      ['F32', [0, 0, 128, 63, 0, 0, 0, 192], [1, -2]],
      ['F64', [0, 0, 0, 0, 0, 0, 0xf0, 0x3f], [1]],
      [
        'F16',
        [0x00, 0x3c, 0x01, 0x00, 0xff, 0x7b, 0x00, 0xfc, 0x00, 0x80],
        [1, 2 ** -24, 65504, -Infinity, -0],
      ],
      ['BF16', [0x80, 0x3f, 0x20, 0xc1], [1, -10]],
      ['I64', [0xfe, 255, 255, 255, 255, 255, 255, 255], [-2]],
      ['U64', [0, 0, 0, 0, 1, 0, 0, 0], [2 ** 32]],
      ['I32', [0xff, 0xff, 0xff, 0xff], [-1]],
      ['U32', [0, 0, 0, 0x80], [2 ** 31]],
      ['I16', [0, 0x80], [-32768]],
      ['U16', [0xff, 0xff], [65535]],
      ['I8', [0x80], [-128]],
      ['U8', [200], [200]],
      ['BOOL', [0, 1, 1], [0, 1, 1]],
    ]
    for (const [dtype, bytes, expected] of cases) {
      const values = toFloat32(little(dtype, [expected.length], bytes))
      assert.deepEqual([...values], expected, dtype)
    }
    assert.ok(Number.isNaN(toFloat32(little('F16', [1], [1, 0x7c]))[0]))
  })

  it('reads a tensor that starts at an odd address, as the reference does', () =>
    withTempDir(async (folder) => {
      const file = fileWith(`{"a":${tensor('U8', '[1]', '[0,1]')},"b":${tensor('F32', '[1]', '[1,5]')}}`, 5)
      file.set([0, 0, 128, 63], file.length - 4)
      const path = join(folder, 'odd.safetensors')
      await writeFile(path, file)
      assert.deepEqual([...toFloat32((await readSafetensors(path)).tensors.get('b')!)], [1])
    }))

  it('hashes a tensor as sha256 of its bytes: oracle is the published digest of "abc"', () => {
    const digest = tensorSha256(little('U8', [3], [0x61, 0x62, 0x63]))
    assert.equal(digest, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    assert.equal(digest, createHash('sha256').update('abc').digest('hex'))
  })

  const refused: [title: string, file: Uint8Array, message: RegExp][] = [
    ['an empty file', new Uint8Array(0), /too few/],
    ['seven bytes', new Uint8Array(7), /too few/],
    ['a header of no bytes', fileWith('', 0), /"\{" was expected/],
    ['a header longer than the file', fileWith('{}', 0, 3n), /whole file/],
    ['a header length of 2^63', fileWith('{}', 0, 1n << 63n), /would have/],
    ['a header length of 2^64 − 1', fileWith('{}', 0, (1n << 64n) - 1n), /would have/],
    ['a header of more than 100 MB', fileWith('{}', 0, 100_000_001n), /would have 100000001/],
    [
      'more than 4,000 tensors',
      fileWith(
        `{${Array.from({ length: 4001 }, (_, i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`)}}`,
        0,
      ),
      /4001 tensors/,
    ],
    ['a header that is no UTF-8', fileWith(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 0), /./],
    ['a byte order mark', fileWith('\ufeff{}', 0), /"\{"/],
    ['a header that starts with a space', fileWith(' {}', 0), /"\{"/],
    ['an array as header', fileWith('[]', 0), /"\{"/],
    ['a header that breaks off', fileWith('{"a":', 0), /expected/],
    ['text behind the header', fileWith('{}x', 0), /after the closing brace/],
    ['a zero byte behind the header', fileWith('{}\u0000', 0), /after the closing brace/],
    ['a comma too many', fileWith(`{"a":${F4},}`, 16), /a string was expected/],
    ['a comment', fileWith(`{/**/"a":${F4}}`, 16), /a string was expected/],
    ['a control character in a name', fileWith(`{"a\n":${F4}}`, 16), /./],
    ['half a surrogate pair in a name', fileWith(`{"\\ud800":${F4}}`, 16), /surrogate/],
    ['a tensor that stands twice', fileWith(`{"a":${F4},"a":${F4}}`, 16), /twice/],
    ['a tensor that stands twice, once escaped', fileWith(`{"a":${F4},"\\u0061":${F4}}`, 16), /twice/],
    [
      'a shape that stands twice',
      fileWith('{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}', 1),
      /twice/,
    ],
    ['metadata that stands twice', fileWith('{"__metadata__":{},"__metadata__":{}}', 0), /twice/],
    ['a metadata key that stands twice', fileWith('{"__metadata__":{"a":"1","a":"2"}}', 0), /twice/],
    ['metadata that is a list', fileWith('{"__metadata__":[]}', 0), /__metadata__/],
    ['metadata with a number', fileWith('{"__metadata__":{"a":1}}', 0), /__metadata__/],
    ['an unknown element type', fileWith(`{"a":${tensor('F33', '[4]', '[0,16]')}}`, 16), /F33/],
    ['an element type in lower case', fileWith(`{"a":${tensor('f32', '[4]', '[0,16]')}}`, 16), /f32/],
    [
      'an element type named as a property of Object',
      fileWith(`{"a":${tensor('toString', '[]', '[0,0]')}}`, 0),
      /toString/,
    ],
    ['no element type', fileWith('{"a":{"shape":[1],"data_offsets":[0,1]}}', 1), /element type/],
    ['no shape', fileWith('{"a":{"dtype":"U8","data_offsets":[0,1]}}', 1), /shape/],
    ['no offsets', fileWith('{"a":{"dtype":"U8","shape":[1]}}', 1), /offsets/],
    [
      'an entry too many',
      fileWith('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}', 1),
      /besides/,
    ],
    ['a tensor that is a number', fileWith('{"a":1}', 0), /object/],
    ['a tensor that is null', fileWith('{"a":null}', 0), /expected/],
    ['a negative size', fileWith(`{"a":${tensor('F32', '[-4]', '[0,16]')}}`, 16), /whole number/],
    ['a fraction as size', fileWith(`{"a":${tensor('F32', '[4.0]', '[0,16]')}}`, 16), /whole number/],
    ['an exponent as size', fileWith(`{"a":${tensor('F32', '[4e0]', '[0,16]')}}`, 16), /whole number/],
    ['a leading zero', fileWith(`{"a":${tensor('F32', '[04]', '[0,16]')}}`, 16), /whole number/],
    ['a string as size', fileWith(`{"a":${tensor('F32', '["4"]', '[0,16]')}}`, 16), /shape/],
    ['a nested shape', fileWith(`{"a":${tensor('F32', '[[4]]', '[0,16]')}}`, 16), /shape/],
    ['nesting without end', fileWith(`{"a":${'['.repeat(100_000)}`, 0), /deeply/],
    [
      'a size beyond 2^64',
      fileWith(`{"a":${tensor('F32', '[99999999999999999999]', '[0,16]')}}`, 16),
      /whole number/,
    ],
    [
      'sizes whose product wraps to 4 in 64 bits',
      fileWith(`{"a":${tensor('F32', '[4,4611686018427387905]', '[0,16]')}}`, 16),
      /./,
    ],
    [
      'sizes whose product wraps to 0 in 64 bits',
      fileWith(`{"a":${tensor('F32', '[4294967296,4294967296]', '[0,0]')}}`, 0),
      /2\^53/,
    ],
    ['bytes beyond 2^53', fileWith(`{"a":${tensor('F64', '[4503599627370496]', '[0,16]')}}`, 16), /2\^53/],
    [
      'a shape that needs more bytes',
      fileWith(`{"a":${tensor('F32', '[5]', '[0,16]')}}`, 16),
      /16 bytes.*20/,
    ],
    [
      'a shape that needs fewer bytes',
      fileWith(`{"a":${tensor('F32', '[3]', '[0,16]')}}`, 16),
      /16 bytes.*12/,
    ],
    ['an end before the begin', fileWith(`{"a":${tensor('F32', '[4]', '[16,0]')}}`, 16), /before it begins/],
    ['three offsets', fileWith(`{"a":${tensor('F32', '[4]', '[0,16,16]')}}`, 16), /pair/],
    ['one offset', fileWith(`{"a":${tensor('F32', '[4]', '[0]')}}`, 16), /pair/],
    ['an end behind the file', fileWith(`{"a":${F4}}`, 15), /need 16 bytes.*15/],
    ['a byte that belongs to nobody at the end', fileWith(`{"a":${F4}}`, 17), /1 bytes after/],
    [
      'a byte that belongs to nobody at the start',
      fileWith(`{"a":${tensor('F32', '[4]', '[1,17]')}}`, 17),
      /1 bytes before/,
    ],
    ['a hole', fileWith(`{"a":${F4},"b":${tensor('U8', '[1]', '[17,18]')}}`, 18), /1 bytes before/],
    ['an overlap', fileWith(`{"a":${F4},"b":${tensor('U8', '[2]', '[15,17]')}}`, 17), /overlaps/],
    ['two tensors on the same bytes', fileWith(`{"a":${F4},"b":${F4}}`, 16), /overlaps/],
    ['data without a tensor', fileWith('{}', 8), /after the last/],
  ]
  for (const [title, file, message] of refused)
    it(`refuses ${title}`, () =>
      withTempDir(async (folder) => {
        const path = join(folder, 'x.safetensors')
        await writeFile(path, file)
        await assert.rejects(SafetensorsFile.open(path), (error) => {
          assert.ok(error instanceof CheckpointError, String(error))
          assert.match(error.message, message)
          assert.equal(error.path, path)
          return true
        })
      }))

  it('refuses a sparse file that claims a header of 100 MB', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'x.safetensors')
      await writeFile(path, fileWith('{"', 0, 100_000_000n))
      await truncate(path, 100_000_100)
      await assert.rejects(SafetensorsFile.open(path), { code: 'ERR_CHECKPOINT', path })
    }))

  it('BAD CALL - a missing file and a folder are IoErrors', () =>
    withTempDir(async (folder) => {
      await assert.rejects(readSafetensors(join(folder, 'no')), { code: 'ERR_IO', message: /ENOENT/ })
      await mkdir(join(folder, 'dir'))
      await assert.rejects(readSafetensors(join(folder, 'dir')), { code: 'ERR_IO', message: /EISDIR/ })
    }))

  it('reads or refuses 3,000 mutants of a good file, and throws nothing else than CheckpointError', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'mutant.safetensors')
      const good = join_(
        safetensorsChunks(
          [
            ['encoder.weight', little('F32', [2, 2], Array(16).fill(1))],
            ['steps', little('I64', [], Array(8).fill(0))],
            ['half', little('F16', [3], Array(6).fill(2))],
          ],
          { sampleRate: '22050' },
        ),
      )
      const edit = fc.record({
        at: fc.nat(good.length - 1),
        byte: fc.nat(255),
        cut: fc.nat(40),
        grow: fc.nat(3),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
          let file = good.slice()
          for (const { at, byte, cut, grow } of edits) {
            file[at % file.length] = byte
            if (cut === 7) file = file.slice(0, at)
            if (grow === 3) file = new Uint8Array([...file, byte])
            if (file.length === 0) break
          }
          await writeFile(path, file)
          try {
            for (const t of (await readSafetensors(path)).tensors.values())
              assert.equal(
                toFloat32(t).length,
                t.shape.reduce((a, b) => a * b, 1),
              )
          } catch (error) {
            assert.ok(error instanceof CheckpointError, String(error))
          }
        }),
        { numRuns: 3000, seed: 42 },
      )
    }))
})
