/** What can be said about a file that ffmpeg is to decode, before it does. */
import type { Bytes } from '../formats/bytes.js'
import { type AdtsWalk, walkAdts } from './adts.js'
import { damaged } from './failure.js'
import { describeLoss, rateChange, seconds } from './ledger.js'
import { measureFragments } from './mp4-fragments.js'
import { statedByAvi, statedByCaf } from './stated-length.js'
import { looksForeign, trailingTags } from './tags.js'
import type { Foreign } from './types.js'

/** ffmpeg is started for each part. */
const MAX_PARTS = 32

type Findings = Pick<Foreign, 'parts' | 'notes' | 'seconds'>

function noteStray(walk: AdtsWalk, bytes: Bytes, end: number): string[] {
  const { strayBytes, straySeconds } = walk
  if (strayBytes === 0) return []
  const note = `${strayBytes} bytes at the end are no frame`
  if (looksForeign(bytes, end - strayBytes)) return [note]
  describeLoss(straySeconds, walk.seconds + straySeconds)
  return [`${note}: as sound they would last ${seconds(straySeconds)}`]
}

/** A stream of AAC frames: ffmpeg would mix all of them to the form of the first, and take tags behind them for frames. */
function inspectAdts(bytes: Bytes, start: number): Findings {
  const end = trailingTags(bytes)
  const walk = walkAdts(bytes, start, end)
  const { parts } = walk
  if (parts.length === 0) throw damaged('there is no whole AAC frame')
  const notes = noteStray(walk, bytes, end)
  const loss = describeLoss(walk.lostSeconds, walk.seconds + walk.lostSeconds)
  if (loss) notes.push(loss)
  if (parts.length > MAX_PARTS)
    throw damaged('the rate or the channels of the frames change too often', {
      given: `${parts.length} parts`,
      expected: `at most ${MAX_PARTS}`,
    })
  if (parts.length > 1) notes.push(`${parts.length} streams are joined in the file`)
  for (const [p, { sampleRate }] of parts.entries())
    if (p > 0 && parts[p - 1]!.sampleRate !== sampleRate)
      notes.push(rateChange(parts[p - 1]!.sampleRate, sampleRate))
  return { parts: parts.map(({ start, end }) => ({ start, end })), notes }
}

/** @throws DecodeRefusal where too much is missing */
export function inspectForeign(demuxer: string, bytes: Bytes, start: number): Findings {
  if (demuxer === 'aac') return inspectAdts(bytes, start)
  const whole: Findings = { parts: [{ start }], notes: [] }
  if (demuxer === 'caf') return { ...whole, seconds: statedByCaf(bytes, start) }
  if (demuxer === 'avi') return { ...whole, seconds: statedByAvi(bytes, start) }
  const fragments = demuxer === 'mov' ? measureFragments(bytes, start) : undefined
  if (!fragments) return whole
  const notes = fragments.isCut ? ['the last fragment is cut off: the file may have been longer'] : []
  return { ...whole, notes, seconds: fragments.seconds }
}
