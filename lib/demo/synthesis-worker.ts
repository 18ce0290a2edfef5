/** The entry of a synthesis thread: which track in, the bytes of its wav file out. */
import { move } from 'piscina'
import { encodeWav } from '../formats/wav/writer.js'
import { synthesizeTrack } from './track.js'

export interface SynthesisTask {
  className: string
  index: number
  seed: number
}

export default function synthesize({ className, index, seed }: SynthesisTask): Uint8Array {
  const track = synthesizeTrack(className, index, seed)
  const bytes = encodeWav(track, track.encoding)
  return move(bytes as never) as unknown as Uint8Array
}
