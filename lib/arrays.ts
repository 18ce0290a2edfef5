/** Kinds of arrays and buffers, told without `instanceof`: another realm (a vm context, a test runner) has classes of its own. */

const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1)

/** Whether this is a typed array: a view on memory, but no DataView. */
export function isTypedArray(value: unknown): value is Iterable<number> & ArrayBufferView {
  return ArrayBuffer.isView(value) && tagOf(value) !== 'DataView'
}

export function isFloats(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && tagOf(value) === 'Float32Array'
}

/** Whether this is a Uint8Array; a Buffer is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && tagOf(value) === 'Uint8Array'
}

export function isBuffer(value: unknown): value is ArrayBufferLike {
  return ['ArrayBuffer', 'SharedArrayBuffer'].includes(tagOf(value))
}
