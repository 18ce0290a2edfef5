/** What tells one model from another: the bytes of its weights, and what it makes of a clip. */
import { createHash, webcrypto } from 'node:crypto'
import { uniform } from '../random.js'
import { Encoder, stateOfEncoder } from './encoder.js'
import { LogMel } from './log-mel.js'
import type { TrackEncoder } from './track-encoder.js'

/** SHA-256, on a thread of its own. */
export async function digest({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<string> {
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex')
}

/** The same noise every time. */
function noise(length: number): Float32Array {
  const draw = uniform(1)
  return Float32Array.from({ length }, () => 2 * draw() - 1)
}

/**
 * A hash that changes with the weights, with device and precision, and with the code that computes. A clip of noise is
 * encoded for it.
 * @returns undefined for an encoder that is none of ours: nobody knows when it changes
 */
export async function modelKey(encoder: TrackEncoder, signal?: AbortSignal): Promise<string | undefined> {
  if (!(encoder instanceof Encoder) && !(encoder instanceof LogMel)) return undefined
  const { sampleRate, clipLength, dim } = encoder
  const weights = encoder instanceof Encoder ? Object.entries(stateOfEncoder(encoder)) : []
  const { data } = await encoder.encode(noise(clipLength), { signal })
  const parts = weights.map(async ([name, tensor]) => [name, tensor.shape, await digest(tensor.data)])
  const key = [sampleRate, clipLength, dim, await digest(data), await Promise.all(parts)]
  return createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32)
}
