import { readFile } from 'node:fs/promises'
import { type NpyArray, parse } from 'npyjs'

/** A .npy file as npyjs reads it. */
export async function readNpy(path: string): Promise<NpyArray> {
  return parse(new Uint8Array(await readFile(path)).buffer)
}
