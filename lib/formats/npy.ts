/** NumPy's .npy files, read by npyjs and written by it. Format: numpy.lib.format, version 1.0. */
import { readFile } from 'node:fs/promises'
import { dump, type NpyArray, parse } from 'npyjs'
import { ArgumentError, DatasetError, ioError } from '../errors.js'
import { type FileOperations, writeAtomically } from '../files/atomic-file.js'

/**
 * A matrix [rows, cols] of float32 → the bytes of a file (`<f4`, C order).
 * @throws ArgumentError where data.length is not rows · cols
 */
export function npyBytes(data: Float32Array, rows: number, cols: number): Uint8Array {
  if (data.length !== rows * cols)
    throw new ArgumentError({
      what: 'the array does not have the shape that it is to be written with',
      given: `${data.length} values`,
      expected: `${rows} × ${cols}`,
      remedy: 'Pass rows and cols whose product is the length',
    })
  return new Uint8Array(dump(data, [rows, cols]))
}

/** @throws IoError */
export async function writeNpy(
  path: string,
  data: Float32Array,
  rows: number,
  cols: number,
  files?: FileOperations,
): Promise<void> {
  await writeAtomically(path, [npyBytes(data, rows, cols)], files)
}

/** @throws IoError where it cannot be read, DatasetError where it is no .npy file of numbers or strings */
export async function readNpy(path: string): Promise<NpyArray> {
  const bytes = await readFile(path).catch((error) => {
    throw ioError(error, path, 'read')
  })
  try {
    const array = parse(new Uint8Array(bytes).buffer)
    const count = array.shape.reduce((a, b) => a * b, 1)
    if ((array.data as Float32Array).length !== count) throw new Error(`its shape asks for ${count} values`)
    return array
  } catch (cause) {
    const what = `this is no .npy file that can be read: ${(cause as Error).message}`
    throw new DatasetError({
      what,
      path,
      remedy: 'Save the array again with numpy.save, without pickling',
      cause,
    })
  }
}
