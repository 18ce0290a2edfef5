/**
 * The zip archives of torch.save, read strictly: members are stored, never compressed, so nothing can grow; every
 * member is described twice (central directory, local header) and both descriptions have to agree, so no two
 * readers can see different files. Format: PKWARE APPNOTE 6.3, sections 4.3 to 4.5.
 */
import { crc32 } from 'node:zlib'
import type { RandomAccess } from '../../files/input.js'
import { MAX_TENSORS } from '../tensor.js'

const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
/** the tensors and the few records around them */
const MAX_MEMBERS = MAX_TENSORS + 100
const MAX_DIRECTORY_BYTES = 64 << 20

/** What is there is right as far as it goes: the rest is missing. */
export class CutOff extends Error {}

export interface ZipMember {
  name: string
  size: number
  crc: number
  /** of the local header */
  headerAt: number
}

export class ByteSource {
  readonly size: number

  constructor(private readonly file: RandomAccess) {
    this.size = file.size
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    if (position < 0 || length < 0 || position + length > this.size) throw new CutOff('it breaks off')
    const bytes = new Uint8Array(length)
    let at = 0
    while (at < length) {
      const { bytesRead } = await this.file.read(bytes, at, Math.min(length - at, 1 << 28), position + at)
      if (bytesRead === 0) throw new CutOff('it became shorter while it was read')
      at += bytesRead
    }
    return bytes
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function u64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error('its zip directory has a number beyond 2^53')
  return Number(value)
}

interface Directory {
  at: number
  bytes: number
  members: number
  /** where the records behind the directory start */
  end: number
}

/** The 64-bit end record, if its locator precedes the end record. */
async function directory64(source: ByteSource, endAt: number): Promise<Directory | undefined> {
  if (endAt < 20) return undefined
  const locator = viewOf(await source.read(endAt - 20, 20))
  if (locator.getUint32(0, true) !== LOCATOR_64) return undefined
  const at = u64(locator, 8)
  if (at + 56 > endAt - 20) throw new Error('its zip64 record lies outside the file')
  const record = viewOf(await source.read(at, 56))
  if (record.getUint32(0, true) !== END_64) throw new Error('its zip64 record is not where it should be')
  return { at: u64(record, 48), bytes: u64(record, 40), members: u64(record, 32), end: at }
}

async function findDirectory(source: ByteSource): Promise<Directory> {
  const tailBytes = Math.min(source.size, 22 + 65535)
  const tailAt = source.size - tailBytes
  const tail = viewOf(await source.read(tailAt, tailBytes))
  for (let at = tailBytes - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END || tail.getUint16(at + 20, true) !== tailBytes - at - 22) continue
    const in64 = await directory64(source, tailAt + at)
    const narrow = {
      at: tail.getUint32(at + 16, true),
      bytes: tail.getUint32(at + 12, true),
      members: tail.getUint16(at + 10, true),
      end: tailAt + at,
    }
    const agrees = (field: 'at' | 'bytes' | 'members', limit: number) =>
      narrow[field] === limit || narrow[field] === in64?.[field]
    if (in64 && !(agrees('at', 0xffffffff) && agrees('bytes', 0xffffffff) && agrees('members', 0xffff)))
      throw new Error('its two zip directories disagree')
    return in64 ?? narrow
  }
  throw new CutOff('it has no zip directory at its end: it is incomplete')
}

/** Sizes and offset that do not fit 32 bits are in the extra field 1, in this order. */
function widen(extra: Uint8Array, size: number, stored: number, headerAt: number): [number, number, number] {
  const values: [number, number, number] = [size, stored, headerAt]
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    if (at + 4 + length > extra.length) throw new Error('a zip member has a malformed extra field')
    if (id === 1) {
      let from = at + 4
      for (let i = 0; i < 3; i++)
        if (values[i] === 0xffffffff) {
          if (from + 8 > at + 4 + length) throw new Error('a zip member has a malformed zip64 field')
          values[i] = u64(view, from)
          from += 8
        }
    }
    at += 4 + length
  }
  return values
}

function checkName(name: string): void {
  const parts = name.split('/')
  if (name === '' || name.includes('\\') || name.includes('\0') || name.startsWith('/'))
    throw new Error(`a zip member has the name ${JSON.stringify(name.slice(0, 80))}`)
  if (parts.some((part) => part === '..' || part === '.' || part === ''))
    throw new Error(`a zip member has the name ${JSON.stringify(name.slice(0, 80))}`)
}

function readEntry(directory: Uint8Array, view: DataView, at: number): { member: ZipMember; next: number } {
  if (at + 46 > directory.length || view.getUint32(at, true) !== CENTRAL)
    throw new Error('its zip directory is damaged')
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((o) => view.getUint16(at + o, true))
  const next = at + 46 + nameBytes! + extraBytes! + commentBytes!
  if (next > directory.length) throw new Error('its zip directory is damaged')
  const nameAt = at + 46
  const name = new TextDecoder('utf-8', { fatal: true }).decode(
    directory.subarray(nameAt, nameAt + nameBytes!),
  )
  checkName(name)
  const label = JSON.stringify(name.slice(0, 80))
  if (view.getUint16(at + 8, true) & 0x2041) throw new Error(`the zip member ${label} is encrypted`)
  if (view.getUint16(at + 10, true) !== 0)
    throw new Error(`the zip member ${label} is compressed, which torch.save never does`)
  const extra = directory.subarray(nameAt + nameBytes!, nameAt + nameBytes! + extraBytes!)
  const narrow = [24, 20, 42].map((o) => view.getUint32(at + o, true)) as [number, number, number]
  const [size, stored, headerAt] = widen(extra, ...narrow)
  if (size !== stored) throw new Error(`the zip member ${label} has two different sizes`)
  return { member: { name, size, headerAt, crc: view.getUint32(at + 16, true) }, next }
}

/** @throws Error in words, without the path */
export async function readZipDirectory(source: ByteSource): Promise<Map<string, ZipMember>> {
  const { at, bytes, members, end } = await findDirectory(source)
  if (members > MAX_MEMBERS) throw new Error(`its zip directory lists ${members} members`)
  if (bytes > MAX_DIRECTORY_BYTES || at + bytes !== end) throw new Error('its zip directory is damaged')
  const directory = await source.read(at, bytes)
  const view = viewOf(directory)
  const found = new Map<string, ZipMember>()
  let next = 0
  for (let i = 0; i < members; i++) {
    const entry = readEntry(directory, view, next)
    if (found.has(entry.member.name))
      throw new Error(`it holds two members ${JSON.stringify(entry.member.name)}`)
    found.set(entry.member.name, entry.member)
    next = entry.next
  }
  if (next !== bytes) throw new Error('its zip directory is damaged')
  checkOverlap(found, at)
  return found
}

/** Members may overlap neither each other nor the directory. Each takes 30 bytes of header or more, its name and its data. */
function checkOverlap(members: Map<string, ZipMember>, directoryAt: number): void {
  let free = 0
  for (const { name, headerAt, size } of [...members.values()].sort((a, b) => a.headerAt - b.headerAt)) {
    if (headerAt < free) throw new Error(`the zip member ${JSON.stringify(name)} overlaps the one before it`)
    free = headerAt + 30 + Buffer.byteLength(name) + size
  }
  if (free > directoryAt) throw new Error('a zip member lies outside the file')
}

/** Where the data of a member start. Its local header must agree with the directory. */
export async function locate(source: ByteSource, member: ZipMember): Promise<number> {
  const label = JSON.stringify(member.name)
  const nameLength = Buffer.byteLength(member.name)
  const header = await source.read(member.headerAt, 30 + nameLength)
  const view = viewOf(header)
  if (view.getUint32(0, true) !== LOCAL) throw new Error(`the zip member ${label} has no header`)
  const [flags, method] = [view.getUint16(6, true), view.getUint16(8, true)]
  const [crc, stored, size] = [14, 18, 22].map((at) => view.getUint32(at, true))
  const extraBytes = view.getUint16(28, true)
  const sameName =
    view.getUint16(26, true) === nameLength && Buffer.from(header.subarray(30)).toString() === member.name
  const sizes = [stored, size].every((n) => n === member.size || n === 0xffffffff)
  // With flag 3 the numbers follow the data, and these fields are zero.
  const later = (flags & 8) !== 0 && crc === 0 && stored === 0 && size === 0
  if (!sameName || method !== 0 || flags & 0x2041 || !(later || (sizes && crc === member.crc)))
    throw new Error(`the zip member ${label} is described in two different ways`)
  const dataAt = member.headerAt + 30 + nameLength + extraBytes
  if (dataAt + member.size > source.size) throw new Error(`the zip member ${label} lies outside the file`)
  return dataAt
}

/** The whole member, its checksum checked. */
export async function readMember(source: ByteSource, member: ZipMember): Promise<Uint8Array> {
  const bytes = await source.read(await locate(source, member), member.size)
  // Zero means that no checksum was computed (torch.serialization.set_crc32_options(False)).
  if (member.crc !== 0 && crc32(bytes) !== member.crc)
    throw new Error(`the checksum of its member ${JSON.stringify(member.name)} is wrong: the file is damaged`)
  return bytes
}
