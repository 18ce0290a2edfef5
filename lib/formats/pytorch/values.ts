/** What a pickle can hold here: plain data and descriptions. Nothing in it can run. */

/** The name of something in a Python module. It is never looked up. */
export class PickleGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  get path(): string {
    return `${this.module}.${this.name}`
  }
}

/** A Python tuple. */
export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A Python dict or OrderedDict; a Map, so that a key such as `__proto__` is only a key. */
export class PickleDict extends Map<PickleValue, PickleValue> {
  /** attributes that were set on an OrderedDict */
  attributes?: PickleValue
}

/** The description of an object of an unknown class: its constructor's arguments, and the state that was set. */
export class PickleObject {
  state?: PickleValue
  /** what was appended to it, if it is like a list */
  readonly items: PickleValue[] = []
  /** what was set in it, if it is like a dict */
  entries?: PickleDict

  constructor(
    readonly type: PickleGlobal,
    readonly args: PickleValue,
  ) {}
}

export interface StorageReference {
  key: string
  /** the class of the storage, `torch.FloatStorage` */
  type: PickleGlobal
  /** elements, or bytes where `type` is torch.storage.UntypedStorage */
  count: number
  /** elements from the start of the storage, for views in the legacy format */
  offset: number
}

/** What a persistent id refers to. */
export class PickleStorage {
  constructor(readonly reference: StorageReference) {}
}

/** A tensor as its pickle describes it; not checked yet. */
export class PickleTensor {
  constructor(
    readonly storage: PickleValue,
    readonly offset: PickleValue,
    readonly size: PickleValue,
    readonly stride: PickleValue,
    /** of torch._utils._rebuild_tensor_v3, where the storage has no element type */
    readonly dtype?: PickleValue,
  ) {}
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | PickleObject
  | PickleStorage
  | PickleTensor
