/**
 * Writes state dicts as PyTorch 1.6 and later read them, with `torch.load(weights_only=True)` too: an OrderedDict
 * of tensors in a pickle of protocol 2, each tensor's bytes in a member of a zip archive that stores them, aligned
 * to 64 bytes so that they can be mapped. Layout as in PyTorch's `caffe2/serialize/inline_container.cc`.
 */
import { crc32 } from 'node:zlib'
import { ArgumentError } from '../../errors.js'
import { writeAtomically } from '../../files/atomic-file.js'
import type { FileOperations } from '../../files/durable.js'
import type { NamedFileTensors } from '../safetensors.js'
import { DTYPE_BYTES, type DType, type FileTensor } from '../tensor.js'

const STORAGES: Partial<Record<DType, string>> = {
  F32: 'FloatStorage',
  F64: 'DoubleStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  I64: 'LongStorage',
  I32: 'IntStorage',
  I16: 'ShortStorage',
  I8: 'CharStorage',
  U8: 'ByteStorage',
  BOOL: 'BoolStorage',
}

/** Opcodes of protocol 2, each a line. */
class PickleWriter {
  private readonly parts: Buffer[] = [Buffer.from([0x80, 2])]

  private op(...bytes: (number | string)[]): this {
    for (const part of bytes)
      this.parts.push(typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))
    return this
  }

  private u32(opcode: string, value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    this.parts.push(Buffer.from(opcode), bytes)
    return this
  }

  global(module: string, name: string): this {
    return this.op(`c${module}\n${name}\n`)
  }

  text(value: string): this {
    const utf8 = Buffer.from(value)
    this.u32('X', utf8.length).parts.push(utf8)
    return this
  }

  whole(value: number): this {
    if (value < 2 ** 31) return this.u32('J', value)
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    this.op(0x8a, 8).parts.push(bytes)
    return this
  }

  tuple(values: readonly number[]): this {
    this.op('(')
    for (const value of values) this.whole(value)
    return this.op('t')
  }

  orderedDict(): this {
    return this.global('collections', 'OrderedDict').op(')R')
  }

  tensor(key: string, { dtype, shape, bytes }: FileTensor): this {
    const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * Math.max(b, 1), 1))
    this.global('torch._utils', '_rebuild_tensor_v2').op('((').text('storage')
    this.global('torch', STORAGES[dtype]!)
      .text(key)
      .text('cpu')
      .whole(bytes.byteLength / DTYPE_BYTES[dtype])
    return this.op('tQ').whole(0).tuple(shape).tuple(strides).op(0x89).orderedDict().op('tR')
  }

  open(): this {
    return this.op('(')
  }

  /** key-value pairs since `open` → the dict below them */
  setItems(): this {
    return this.op('u')
  }

  strings(entries: Record<string, string>): this {
    this.op('}(')
    for (const [key, value] of Object.entries(entries)) this.text(key).text(value)
    return this.setItems()
  }

  /** `clmr` = metadata, set as an attribute of the OrderedDict: load_state_dict does not look at it */
  attribute(name: string, entries: Record<string, string>): this {
    return this.op('}').text(name).strings(entries).op('sb')
  }

  end(): Buffer {
    return Buffer.concat([...this.op('.').parts])
  }
}

function pickleOf(
  tensors: readonly (readonly [string, FileTensor])[],
  metadata: Record<string, string>,
): Buffer {
  const pickle = new PickleWriter().orderedDict().open()
  tensors.forEach(([name, tensor], i) => {
    pickle.text(name).tensor(`${i}`, tensor)
  })
  return pickle.setItems().attribute('clmr', metadata).end()
}

const ROOT = 'model/'
const ALIGNMENT = 64
/** 1 January 1980, the first day that a zip file knows: the same weights give the same file */
const DATE = 0x0021

/** What both headers of a member say of it, in the same order: date, checksum, sizes (stored, whole), length of the name. */
function describeMember(header: Buffer, at: number, name: Buffer, bytes: Uint8Array, crc: number): void {
  header.writeUInt16LE(DATE, at)
  header.writeUInt32LE(crc, at + 2)
  header.writeUInt32LE(bytes.byteLength, at + 6)
  header.writeUInt32LE(bytes.byteLength, at + 10)
  header.writeUInt16LE(name.length, at + 14)
}

function localHeader(name: Buffer, bytes: Uint8Array, crc: number, at: number): Buffer {
  const unpadded = at + 30 + name.length + 4
  const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT
  const header = Buffer.alloc(34 + name.length + padding)
  header.writeUInt32LE(0x04034b50, 0)
  describeMember(header, 12, name, bytes, crc)
  header.writeUInt16LE(4 + padding, 28)
  name.copy(header, 30)
  // an extra field 'FB' of zeros, as PyTorch pads with
  header.write('FB', 30 + name.length, 'latin1')
  header.writeUInt16LE(padding, 32 + name.length)
  return header
}

function centralHeader(name: Buffer, bytes: Uint8Array, crc: number, at: number): Buffer {
  const header = Buffer.alloc(46 + name.length)
  header.writeUInt32LE(0x02014b50, 0)
  describeMember(header, 14, name, bytes, crc)
  header.writeUInt32LE(at, 42)
  name.copy(header, 46)
  return header
}

function endRecord(members: number, directoryBytes: number, directoryAt: number): Buffer {
  const record = Buffer.alloc(22)
  record.writeUInt32LE(0x06054b50, 0)
  record.writeUInt16LE(members, 8)
  record.writeUInt16LE(members, 10)
  record.writeUInt32LE(directoryBytes, 12)
  record.writeUInt32LE(directoryAt, 16)
  return record
}

/** Stored members → the chunks of a zip archive. */
function zipChunks(members: readonly (readonly [string, Uint8Array])[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [member, bytes] of members) {
    const name = Buffer.from(ROOT + member)
    const crc = crc32(bytes)
    const header = localHeader(name, bytes, crc, at)
    directory.push(centralHeader(name, bytes, crc, at))
    chunks.push(header, bytes)
    at += header.length + bytes.byteLength
  }
  const directoryBytes = directory.reduce((sum, entry) => sum + entry.length, 0)
  return [...chunks, ...directory, endRecord(members.length, directoryBytes, at)]
}

/** Without the 64-bit records of the zip format. */
const MAX_BYTES = 2 ** 32 - 2 ** 24
const MAX_TENSORS = 65_000

/** Tensors and metadata → the chunks of a file of torch.save. @throws ArgumentError for what does not fit it */
export function pytorchChunks(named: NamedFileTensors, metadata: Record<string, string> = {}): Uint8Array[] {
  const tensors = [...named]
  const bytes = tensors.reduce((sum, [, tensor]) => sum + tensor.bytes.byteLength, 0)
  const odd = tensors.find(([, { dtype }]) => !STORAGES[dtype])
  if (odd || bytes > MAX_BYTES || tensors.length > MAX_TENSORS)
    throw new ArgumentError({
      what: 'these tensors cannot be written as .pt',
      given: odd ? `${odd[0]} of type ${odd[1].dtype}` : `${tensors.length} tensors of ${bytes} bytes`,
      expected: `at most ${MAX_TENSORS} tensors and ${MAX_BYTES} bytes, of types that every PyTorch has`,
      remedy: 'Save as .safetensors',
    })
  return zipChunks([
    ['data.pkl', pickleOf(tensors, metadata)],
    ['byteorder', Buffer.from('little')],
    ...tensors.map(([, tensor], i) => [`data/${i}`, tensor.bytes] as const),
    ['version', Buffer.from('3\n')],
  ])
}

/** Replaces a .pt file as a whole. @throws IoError, ArgumentError */
export async function writePyTorch(
  path: string,
  tensors: NamedFileTensors,
  metadata: Record<string, string> = {},
  files?: FileOperations,
): Promise<void> {
  await writeAtomically(path, pytorchChunks(tensors, metadata), files)
}
