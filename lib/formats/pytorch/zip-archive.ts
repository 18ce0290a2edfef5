/** The zip format of torch.save: `<name>/data.pkl`, `<name>/byteorder`, one member `<name>/data/<key>` a storage. */
import { crc32 } from 'node:zlib'
import type { Archive } from './archive.js'
import { MAX_PICKLE_BYTES, readPickle } from './pickle-reader.js'
import { storageFromId } from './tensors.js'
import { type ByteSource, locate, readMember, readZipDirectory, type ZipMember } from './zip-reader.js'

/** The folder that holds everything. */
function findRoot(members: Map<string, ZipMember>): string {
  const pickles = [...members.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name))
  if (pickles.length !== 1) throw new Error(`it holds ${pickles.length} members data.pkl instead of one`)
  const root = pickles[0]!.slice(0, -'data.pkl'.length)
  const stranger = [...members.keys()].find((name) => !name.startsWith(root))
  if (stranger) throw new Error(`its member ${JSON.stringify(stranger.slice(0, 80))} lies outside ${root}`)
  if ([...members.keys()].some((name) => name.startsWith(`${root}code/`)))
    throw new Error('it is a TorchScript program, not a checkpoint')
  return root
}

async function readByteOrder(source: ByteSource, member: ZipMember | undefined): Promise<boolean> {
  if (!member) return false
  if (member.size > 16) throw new Error('its record of the byte order is not understood')
  const text = Buffer.from(await readMember(source, member))
    .toString('latin1')
    .trim()
  if (text !== 'little' && text !== 'big') throw new Error('its record of the byte order is not understood')
  return text === 'big'
}

const CHECK_BYTES = 16 << 20

/** The checksum of a member, in pieces: a storage may be larger than memory. */
async function checkSum(source: ByteSource, member: ZipMember, start: number): Promise<void> {
  // Zero means that no checksum was computed (torch.serialization.set_crc32_options(False)).
  if (member.crc === 0) return
  let sum = 0
  for (let at = 0; at < member.size; at += CHECK_BYTES)
    sum = crc32(await source.read(start + at, Math.min(CHECK_BYTES, member.size - at)), sum)
  if (sum !== member.crc)
    throw new Error(`the checksum of its member ${JSON.stringify(member.name)} is wrong: the file is damaged`)
}

/** @throws Error in words */
export async function zipArchive(source: ByteSource): Promise<Archive> {
  const members = await readZipDirectory(source)
  const root = findRoot(members)
  const pickle = members.get(`${root}data.pkl`)!
  if (pickle.size > MAX_PICKLE_BYTES) throw new Error(`its pickle has ${pickle.size} bytes`)
  const { value } = await readPickle(await readMember(source, pickle), 0, storageFromId)
  const bigEndian = await readByteOrder(source, members.get(`${root}byteorder`))
  const located = new Map<string, number>()
  return {
    value,
    bigEndian,
    async locate({ key }, bytes) {
      const member = members.get(`${root}data/${key}`)
      if (!member) throw new Error(`its storage ${JSON.stringify(key.slice(0, 80))} is missing`)
      if (member.size !== bytes)
        throw new Error(`its storage ${key} has ${member.size} bytes, its pickle says ${bytes}`)
      const known = located.get(key)
      if (known !== undefined) return known
      const start = await locate(source, member)
      await checkSum(source, member, start)
      located.set(key, start)
      return start
    },
  }
}
