/**
 * The format of torch.save before the zip one: five pickles (magic number, protocol version, properties of the
 * system, the value, the keys of the storages), then each storage: its number of elements (int64), its bytes.
 */
import type { Archive } from './archive.js'
import { MAX_PICKLE_BYTES, type Pickle, readPickle } from './pickle-reader.js'
import { storageBytes, storageFromId } from './tensors.js'
import { PickleDict, type PickleStorage, type PickleValue, type StorageReference } from './values.js'
import type { ByteSource } from './zip-reader.js'

/** 0x1950a86a20f9469cfc6c, written by protocol 2 */
export const LEGACY_MAGIC = Uint8Array.of(
  0x80,
  2,
  0x8a,
  10,
  0x6c,
  0xfc,
  0x9c,
  0x46,
  0xf9,
  0x20,
  0x6a,
  0xa8,
  0x50,
  0x19,
)
const PROTOCOL_VERSION = 1001

function noStorage(): never {
  throw new Error('its pickle refers to something outside where nothing is')
}

/** Every storage that the value refers to, by key; a key means one storage only. */
class Storages {
  private readonly byKey = new Map<string, StorageReference>()

  readonly fromId = (id: PickleValue): PickleStorage => {
    const storage = storageFromId(id)
    const { key, type, count } = storage.reference
    const known = this.byKey.get(key)
    if (known && (known.type.path !== type.path || known.count !== count))
      throw new Error(`its storage ${JSON.stringify(key.slice(0, 80))} is described in two different ways`)
    this.byKey.set(key, storage.reference)
    return storage
  }

  /** Walks the storages in file order. → key → first byte */
  async locate(
    source: ByteSource,
    keys: PickleValue,
    start: number,
    bigEndian: boolean,
  ): Promise<Map<string, number>> {
    if (!Array.isArray(keys)) throw new Error('its list of storages is not a list')
    const places = new Map<string, number>()
    let at = start
    for (const key of keys) {
      const reference = typeof key === 'string' ? this.byKey.get(key) : undefined
      if (!reference || places.has(reference.key))
        throw new Error('its list of storages does not fit its tensors')
      const head = Buffer.from(await source.read(at, 8))
      const count = bigEndian ? head.readBigInt64BE() : head.readBigInt64LE()
      if (count !== BigInt(reference.count))
        throw new Error(`a storage has ${count} elements, its pickle says ${reference.count}`)
      places.set(reference.key, at + 8)
      at += 8 + storageBytes(reference).total
      if (at > source.size) throw new Error('it breaks off within a storage')
    }
    if (at !== source.size)
      throw new Error(`${source.size - at} bytes after the last storage belong to nothing`)
    return places
  }
}

function isBigEndian(system: PickleValue): boolean {
  return system instanceof PickleDict && system.get('little_endian') === false
}

/** @throws Error in words */
export async function legacyArchive(source: ByteSource): Promise<Archive> {
  const head = await source.read(0, Math.min(source.size, MAX_PICKLE_BYTES))
  const storages = new Storages()
  const magic = await readPickle(head, 0, noStorage)
  const protocol = await readPickle(head, magic.end, noStorage)
  if (protocol.value !== PROTOCOL_VERSION)
    throw new Error(`it has the protocol version ${String(protocol.value)}`)
  const system = await readPickle(head, protocol.end, noStorage)
  const main: Pickle = await readPickle(head, system.end, storages.fromId)
  const keys = await readPickle(head, main.end, noStorage)
  const bigEndian = isBigEndian(system.value)
  const places = await storages.locate(source, keys.value, keys.end, bigEndian)
  return {
    value: main.value,
    bigEndian,
    locate: async ({ key }) => places.get(key) ?? noStorage(),
  }
}
