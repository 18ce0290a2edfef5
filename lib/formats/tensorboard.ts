/**
 * TensorBoard's event files, scalars only: TFRecords (length, masked CRC-32C, data, masked CRC-32C) of the protocol
 * buffer Event { wall_time = 1 double, step = 2 int64, file_version = 3 string, summary = 5 { value = 1 { tag = 1,
 * simple_value = 2 float } } }. Formats: tensorflow/core/lib/io/record_writer.cc and tensorflow/core/util/event.proto.
 */

import { type FileHandle, open, readdir, readFile, truncate } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ioError } from '../errors.js'
import { makeFolder } from '../files/make-folder.js'

/** How the names of event files begin. */
const PREFIX = 'events.out.tfevents.'

/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) of every byte */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc >>> 0
})

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

/** Rotated and shifted, so that a checksum of data that hold checksums does not degenerate. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function record(data: Uint8Array): Buffer {
  const out = Buffer.alloc(16 + data.length)
  out.writeBigUInt64LE(BigInt(data.length), 0)
  out.writeUInt32LE(maskedCrc(out.subarray(0, 8)), 8)
  out.set(data, 12)
  out.writeUInt32LE(maskedCrc(data), 12 + data.length)
  return out
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return [...bytes, rest]
}

/** A field of bytes: (number << 3 | 2), length, bytes. */
function lengthDelimited(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes])
}

function event(seconds: number, step: number, content: Buffer): Buffer {
  const time = Buffer.alloc(9)
  time[0] = (1 << 3) | 1
  time.writeDoubleLE(seconds, 1)
  return Buffer.concat([time, Buffer.from([2 << 3, ...varint(step)]), content])
}

function scalar(tag: string, value: number): Buffer {
  const simple = Buffer.alloc(5)
  simple[0] = (2 << 3) | 5
  simple.writeFloatLE(value, 1)
  return lengthDelimited(1, Buffer.concat([lengthDelimited(1, Buffer.from(tag)), simple]))
}

/** The first record of every file. */
export function versionRecord(seconds: number): Buffer {
  return record(event(seconds, 0, lengthDelimited(3, Buffer.from('brain.Event:2'))))
}

/** Scalars of one step as a record. @param seconds since 1970 */
export function scalarRecord(seconds: number, step: number, scalars: Record<string, number>): Buffer {
  const values = Object.entries(scalars).map(([tag, value]) => scalar(tag, value))
  return record(event(seconds, step, lengthDelimited(5, Buffer.concat(values))))
}

/** What a record begins with (length and its checksum), and what stands around its data. */
const HEAD_BYTES = 12
const FRAME_BYTES = 16
/** Fields of Event in the order in which they are written here: wall_time, then step. */
const STEP_AT = 9

function readVarint(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let scale = 1; at < bytes.length; scale *= 128) {
    const byte = bytes[at++]!
    value += (byte & 127) * scale
    if (byte < 128) return value
  }
  return Number.NaN
}

/** The step of an event; undefined if it does not begin as ours do. */
function stepOf(data: Uint8Array): number | undefined {
  if (data[0] !== ((1 << 3) | 1) || data[STEP_AT] !== 2 << 3) return undefined
  const step = readVarint(data, STEP_AT + 1)
  return Number.isFinite(step) ? step : undefined
}

/** How many bytes of an event file hold whole records of steps up to `step`; all of them in a file that is not ours. */
function lengthUpTo(file: Buffer, step: number): number {
  let at = 0
  let known = false
  while (at + FRAME_BYTES <= file.length) {
    const size = Number(file.readBigUInt64LE(at))
    if (file.readUInt32LE(at + 8) !== maskedCrc(file.subarray(at, at + 8))) break
    if (at + FRAME_BYTES + size > file.length) break
    const found = stepOf(file.subarray(at + HEAD_BYTES, at + HEAD_BYTES + size))
    if (found === undefined) return file.length
    if (found > step) break
    known = true
    at += FRAME_BYTES + size
  }
  return known ? at : file.length
}

/**
 * Cuts the event files of a run that goes on from an earlier step: what follows that step will be written again, and
 * TensorBoard would draw it twice. A record that a crash cut off goes too. @throws IoError
 */
export async function cutEventFiles(folder: string, step: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PREFIX)) continue
    const path = join(folder, name)
    try {
      const file = await readFile(path)
      const keep = lengthUpTo(file, step)
      if (keep < file.length) await truncate(path, keep)
    } catch (error) {
      throw ioError(error, path, 'shorten')
    }
  }
}

/** An event file that grows while a run trains. Close it. */
export class TensorBoardWriter {
  private queue: Promise<void> = Promise.resolve()

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** Starts a new event file in a folder, which is made if it is not there. @throws IoError */
  static async create(folder: string): Promise<TensorBoardWriter> {
    const seconds = Date.now() / 1000
    const name = `${PREFIX}${String(Math.floor(seconds)).padStart(10, '0')}.${hostname()}.${process.pid}`
    const path = join(folder, name)
    try {
      await makeFolder(folder)
      const writer = new TensorBoardWriter(path, await open(path, 'a'))
      await writer.append(versionRecord(seconds))
      return writer
    } catch (error) {
      throw (error as NodeJS.ErrnoException).syscall ? ioError(error, path, 'write') : error
    }
  }

  private append(bytes: Buffer): Promise<void> {
    const written = this.queue
      .then(() => this.file.appendFile(bytes))
      .catch((error) => {
        throw ioError(error, this.path, 'append to')
      })
    this.queue = written.catch(() => undefined)
    return written
  }

  /** @throws IoError */
  writeScalars(step: number, scalars: Record<string, number>): Promise<void> {
    return this.append(scalarRecord(Date.now() / 1000, step, scalars))
  }

  async close(): Promise<void> {
    await this.queue
    await this.file.close()
  }
}
