/** Tensors that are kept to save time: a file that is not what was written counts as not there. */
import { createHash } from 'node:crypto'
import { ClmrError } from '../errors.js'
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js'
import { toFileTensors, toStateDict } from '../formats/state-dict.js'
import { digest } from '../model/model-key.js'
import type { StateDict } from '../native/binding.js'

const FORMAT = 'clmr-embeddings-1'

/** What a file holds, beside the numbers. */
export interface Kept {
  tensors: StateDict
  /** what the numbers are of */
  contents: unknown
}

async function checksumOf(tensors: StateDict, contents: string): Promise<string> {
  const names = Object.keys(tensors).sort()
  const parts = names.map(async (name) => [name, tensors[name]!.shape, await digest(tensors[name]!.data)])
  return createHash('sha256')
    .update(JSON.stringify([contents, await Promise.all(parts)]))
    .digest('hex')
}

/** undefined if there is no such file, or a damaged one. */
export async function readKept(path: string): Promise<Kept | undefined> {
  try {
    const file = await readSafetensors(path)
    const tensors = toStateDict(file.tensors)
    const contents = file.metadata.get('contents') ?? ''
    const isWhole = file.metadata.get('sha256') === (await checksumOf(tensors, contents))
    return isWhole && file.metadata.get('format') === FORMAT
      ? { tensors, contents: JSON.parse(contents) }
      : undefined
  } catch (error) {
    if (error instanceof ClmrError) return undefined
    throw error
  }
}

/** Replaces the file as a whole. @returns false if it cannot be written */
export async function writeKept(path: string, { tensors, contents }: Kept): Promise<boolean> {
  const text = JSON.stringify(contents)
  const metadata = { format: FORMAT, contents: text, sha256: await checksumOf(tensors, text) }
  try {
    await writeSafetensors(path, toFileTensors(tensors), metadata)
    return true
  } catch (error) {
    if (error instanceof ClmrError) return false
    throw error
  }
}
