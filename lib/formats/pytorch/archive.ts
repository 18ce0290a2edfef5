import type { PickleValue, StorageReference } from './values.js'

/** A pickled value, and where the bytes of its storages are. */
export interface Archive {
  value: PickleValue
  bigEndian: boolean
  /** the first byte of a storage in the file, once its length is known to be `bytes` */
  locate(storage: StorageReference, bytes: number): Promise<number>
}
