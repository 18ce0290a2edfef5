/** How long the sound of a file should be by what its container states, where ffmpeg goes by the bytes that are there. */
import { type Bytes, textAt, viewOf } from '../formats/bytes.js'

/** Open ends, as they stand in files that were written to a pipe. */
const OPEN = 0xffffffff

/**
 * Core Audio Format (Apple, "Core Audio Format Specification 1.0", 2011): rate and size of a packet in `desc`, then the size
 * of `data`; where packets have no size of their own, `pakt` counts the frames.
 */
export function statedByCaf(bytes: Bytes, start: number): number | undefined {
  let format: { rate: number; packetBytes: number; packetFrames: number } | undefined
  let seconds: number | undefined
  for (let at = start + 8; at + 12 <= bytes.length; ) {
    const size = Number(viewOf(bytes, at + 4, at + 12).getBigInt64(0))
    const body = viewOf(bytes, at + 12, at + 44)
    const id = textAt(bytes, at, 4)
    if (id === 'desc' && body.byteLength === 32)
      format = { rate: body.getFloat64(0), packetBytes: body.getUint32(16), packetFrames: body.getUint32(20) }
    if (!format || !(format.rate > 0)) return undefined
    const { rate, packetBytes, packetFrames } = format
    // four bytes in front of the samples count edits
    if (id === 'data' && size > 4 && packetBytes > 0 && packetFrames > 0)
      seconds = (Math.floor((size - 4) / packetBytes) * packetFrames) / rate
    if (id === 'pakt' && body.byteLength >= 16) seconds ??= Number(body.getBigInt64(8)) / rate
    if (size < 0) break
    at += 12 + size
  }
  return seconds
}

/** The chunks of RIFF between two places; those of lists are walked by calling it again. */
function* chunks(bytes: Bytes, from: number, to: number) {
  for (let at = from; at + 8 <= Math.min(to, bytes.length); ) {
    const size = viewOf(bytes, at + 4, at + 8).getUint32(0, true)
    yield { id: textAt(bytes, at, 4), at: at + 8, end: at + 8 + size }
    at += 8 + size + (size % 2)
  }
}

/** AVI (Microsoft, "AVI RIFF File Reference"): length, rate and scale of the first stream of sound, in its `strh`. */
export function statedByAvi(bytes: Bytes, start: number): number | undefined {
  const list = (type: string) => (chunk: { id: string; at: number }) =>
    chunk.id === 'LIST' && textAt(bytes, chunk.at, 4) === type
  for (const head of chunks(bytes, start + 12, bytes.length)) {
    if (!list('hdrl')(head)) continue
    for (const stream of chunks(bytes, head.at + 4, head.end)) {
      if (!list('strl')(stream)) continue
      for (const { id, at } of chunks(bytes, stream.at + 4, stream.end)) {
        const view = viewOf(bytes, at, at + 36)
        if (id !== 'strh' || textAt(bytes, at, 4) !== 'auds' || view.byteLength < 36) continue
        const [scale, rate, length] = [20, 24, 32].map((offset) => view.getUint32(offset, true))
        return rate && length !== OPEN ? (length! * scale!) / rate : undefined
      }
    }
  }
  return undefined
}
