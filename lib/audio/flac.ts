/** FLAC files: the blocks in front of the frames, and the way from frame to frame. */
import { type Bytes, textAt } from '../formats/bytes.js'
import { damaged } from './failure.js'
import {
  type FlacHeader,
  findFrame,
  readFrame,
  readStreamInfo,
  STREAM_MARK,
  type StreamInfo,
} from './flac-frames.js'
import { FlacFrameDecoder } from './flac-samples.js'
import type { Ledger } from './ledger.js'
import { looksForeign, skipTagsAndZeros, trailingTags } from './tags.js'
import type { PcmRun } from './types.js'

/** in: where a stream begins; out: its STREAMINFO, and where its frames begin. @throws DecodeRefusal */
function readBlocks(bytes: Bytes, start: number, end: number): { info: StreamInfo; frames: number } {
  const type = bytes.subarray(start + 4, start + 5)[0]
  if (type === undefined || (type & 0x7f) !== 0)
    throw damaged('the file does not begin with a STREAMINFO block')
  const info = readStreamInfo(bytes, start + 8)
  for (let at = start + 4; ; ) {
    const [head, a, b, c] = bytes.subarray(at, at + 4)
    // a block that is damaged, or ends behind the file: frames are looked for behind STREAMINFO
    if (c === undefined || head === 0xff || at + 4 > end) return { info, frames: start + 42 }
    at += 4 + ((a! << 16) | (b! << 8) | c)
    if (head! & 0x80) return { info, frames: at < end ? at : start + 42 }
  }
}

/** The frames of one stream, from `at` on. out: where it ends */
async function* decodeStream(
  bytes: Bytes,
  at: number,
  end: number,
  decoder: FlacFrameDecoder,
  info: StreamInfo,
  ledger: Ledger,
): AsyncGenerator<PcmRun, number, void> {
  let damage: { from: number; header?: FlacHeader } | undefined
  for (;;) {
    if (textAt(bytes, at, 4) === STREAM_MARK) return at
    const found = findFrame(bytes, at, end, info)
    if (!found) break
    if (found.at > at) damage ??= { from: at }
    const data = readFrame(bytes, found.at, end, found.header, info)
    if (!data) {
      damage = { from: damage?.from ?? found.at, header: found.header }
      at = found.at + found.header.bytes
      continue
    }
    yield* decoder.decode(data, found.header, damage ? found.at - damage.from : 0)
    damage = undefined
    at = found.at + data.length
  }
  const rest = skipTagsAndZeros(bytes, at)
  if (damage?.header === undefined && (rest >= end || decoder.isComplete || looksForeign(bytes, rest))) {
    if (rest < end) ledger.note(`${end - rest} bytes at the end are no frame`)
  } else yield* decoder.loseEnd(damage?.header)
  return end
}

/** in: a FLAC file, or several joined together; tags in front were cut off */
export async function* decodeFlac(bytes: Bytes, ledger: Ledger): AsyncGenerator<PcmRun, void, void> {
  const end = trailingTags(bytes)
  for (let at = 0, stream = 1; at < end; stream++) {
    const { info, frames } = readBlocks(bytes, at, end)
    if (stream > 1) ledger.note('several streams are joined in the file')
    ledger.begin(info.sampleRate)
    ledger.expect(info.samples, info.channels)
    const decoder = new FlacFrameDecoder(info, ledger)
    try {
      at = yield* decodeStream(bytes, frames, end, decoder, info, ledger)
      decoder.finish()
    } finally {
      decoder.free()
    }
  }
}
