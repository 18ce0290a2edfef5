import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import type { EmbeddingRow } from '#lib/formats/embedding-row.js'
import { writeEmbeddings } from '#lib/formats/embeddings.js'
import { npyBytes } from '#lib/formats/npy.js'
import { crc32c, TensorBoardWriter } from '#lib/formats/tensorboard.js'
import { readNpy } from './helpers/npy.js'
import { withTempDir } from './helpers/temp-dir.js'

const ROWS: EmbeddingRow[] = [
  { path: 'ä/one.wav', time: 0, embedding: Float32Array.of(1, -2.5, 3e-20) },
  { path: 'two "x".mp3', time: 2.678, embedding: Float32Array.of(0.1, 0.2, 0.3) },
]

/** Fields of a protocol buffer message, decoded on their own: number → raw values. */
function decode(bytes: Buffer): Map<number, (bigint | Buffer)[]> {
  const fields = new Map<number, (bigint | Buffer)[]>()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const kind = key & 7
    const length = kind === 1 ? 8 : kind === 5 ? 4 : kind === 2 ? Number(varint()) : 0
    const value = kind === 0 ? varint() : bytes.subarray(at, at + length)
    at += length
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value])
  }
  return fields
}

/** CRC-32C bit by bit, without a table; then TensorFlow's mask. */
function slowMaskedCrc(bytes: Buffer): number {
  let crc = 0xffffffffn
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n
  }
  crc ^= 0xffffffffn
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn)
}

function records(file: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at))
    assert.equal(file.readUInt32LE(at + 8), slowMaskedCrc(file.subarray(at, at + 8)))
    const data = file.subarray(at + 12, at + 12 + length)
    assert.equal(file.readUInt32LE(at + 12 + length), slowMaskedCrc(data))
    found.push(data)
    at += 16 + length
  }
  return found
}

describe('49 formats: tables', () => {
  it('.npy has the bytes that numpy.save writes: oracle is the format by hand', () => {
    const bytes = Buffer.from(npyBytes(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3))
    assert.equal(bytes.toString('latin1', 0, 8), '\x93NUMPY\x01\x00')
    const end = 10 + bytes.readUInt16LE(8)
    assert.equal(end % 16, 0)
    const header = bytes.toString('latin1', 10, end)
    assert.match(header, /^\{'descr': ?'<f4', ?'fortran_order': ?False, ?'shape': ?\(2, ?3\),? ?\} *\n$/)
    assert.deepEqual(bytes.subarray(end), Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer))
  })

  it('BAD CALL - .npy: a wrong shape', () => {
    assert.throws(() => npyBytes(new Float32Array(3), 2, 2), { code: 'ERR_ARGUMENT' })
  })

  it('embeddings as .jsonl, .npy and .parquet say the same: oracle for Parquet is hyparquet', () =>
    withTempDir(async (folder) => {
      for (const name of ['e.jsonl', 'e.npy', 'e.parquet']) await writeEmbeddings(join(folder, name), ROWS)
      const expected = ROWS.map(({ embedding, ...rest }) => ({ ...rest, embedding: [...embedding] }))
      const lines = (await readFile(join(folder, 'e.jsonl'), 'utf8')).trim().split('\n')
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        expected,
      )
      const { data, shape } = await readNpy(join(folder, 'e.npy'))
      assert.deepEqual(shape, [2, 3])
      assert.deepEqual(
        [...(data as Float32Array)],
        expected.flatMap(({ embedding }) => embedding),
      )
      const names = JSON.parse(await readFile(join(folder, 'e.npy.json'), 'utf8'))
      assert.deepEqual(
        names,
        ROWS.map(({ path, time }) => ({ path, time })),
      )
      const parquet = await readFile(join(folder, 'e.parquet'))
      const file = new Uint8Array(parquet).buffer
      assert.deepEqual(await parquetReadObjects({ file }), expected)
      assert.deepEqual((await readdir(folder)).sort(), ['e.jsonl', 'e.npy', 'e.npy.json', 'e.parquet'])
    }))

  it('embeddings of whole tracks have no column time', () =>
    withTempDir(async (folder) => {
      const rows = ROWS.map(({ path, embedding }) => ({ path, embedding }))
      await writeEmbeddings(join(folder, 'e.parquet'), rows)
      const file = new Uint8Array(await readFile(join(folder, 'e.parquet'))).buffer
      assert.deepEqual(
        await parquetReadObjects({ file }),
        rows.map(({ path, embedding }) => ({ path, embedding: [...embedding] })),
      )
    }))

  it('BAD CALL - embeddings of different lengths, another extension, a folder that is not there', () =>
    withTempDir(async (folder) => {
      const odd = [...ROWS, { path: 'odd', embedding: Float32Array.of(1) }]
      await assert.rejects(writeEmbeddings(join(folder, 'e.npy'), odd), {
        code: 'ERR_ARGUMENT',
        message: /odd/,
      })
      await assert.rejects(writeEmbeddings(join(folder, 'e.csv'), ROWS), {
        code: 'ERR_ARGUMENT',
        message: /\.csv/,
      })
      await assert.rejects(writeEmbeddings(join(folder, 'no', 'e.jsonl'), ROWS), { code: 'ERR_IO' })
      assert.deepEqual(await readdir(folder), [])
    }))

  it('CRC-32C of "123456789" is 0xe3069283, the published check value', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  })

  it('TensorBoard events: checksums and fields hold for an independent decoder, also for large steps', () =>
    withTempDir(async (folder) => {
      const writer = await TensorBoardWriter.create(join(folder, 'logs'))
      await Promise.all([
        writer.writeScalars(1, { loss: 4.25, 'learning rate': 3e-4 }),
        writer.writeScalars(5_000_000_000, { loss: Number.NaN }),
      ])
      await writer.close()
      assert.match(writer.path, /events\.out\.tfevents\.\d{10}\./)
      const [version, first, second] = records(await readFile(writer.path)).map(decode)
      assert.equal(String(version!.get(3)![0]), 'brain.Event:2')
      const seconds = (first!.get(1)![0] as Buffer).readDoubleLE()
      assert.ok(Math.abs(seconds - Date.now() / 1000) < 60)
      assert.deepEqual([first!.get(2), second!.get(2)], [[1n], [5_000_000_000n]])
      const values = decode(first!.get(5)![0] as Buffer)
        .get(1)!
        .map((value) => decode(value as Buffer))
      assert.deepEqual(
        values.map((value) => [String(value.get(1)![0]), (value.get(2)![0] as Buffer).readFloatLE()]),
        [
          ['loss', 4.25],
          ['learning rate', Math.fround(3e-4)],
        ],
      )
    }))
})
