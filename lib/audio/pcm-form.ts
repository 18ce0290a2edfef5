/** Where the samples of a file lie that are not compressed, so that any of them can be read without those before it. */
import type { Bytes } from '../formats/bytes.js'
import { readAiffLayout } from './aiff.js'
import { readAuLayout } from './au.js'
import { tail } from './bytes.js'
import { DecodeRefusal } from './failure.js'
import type { Notes } from './ledger.js'
import { sniff } from './sniff.js'
import type { PcmForm, PcmLayout } from './types.js'
import { readWavLayout } from './wav.js'

function readLayout(format: string, bytes: Bytes, notes: Notes): PcmLayout | undefined {
  if (format === 'aiff') return readAiffLayout(bytes, notes)
  if (format === 'au') return readAuLayout(bytes, notes)
  if (format !== 'wav') return undefined
  const { warnings, ...layout } = readWavLayout(bytes)
  for (const warning of warnings) notes.note(warning)
  return layout
}

/** in: a file; out: its form, or undefined if it has none or is refused: decoding it says why. */
export function readForm(file: Bytes): PcmForm | undefined {
  const warnings: string[] = []
  try {
    const kind = sniff(file)
    if (!kind || !('own' in kind)) return undefined
    const notes = { note: (text: string) => void warnings.push(text) }
    const layout = readLayout(kind.own, tail(file, kind.start), notes)
    if (!layout || layout.frames === 0) return undefined
    const dataOffset = kind.start + layout.dataOffset
    return { format: kind.own as PcmForm['format'], layout: { ...layout, dataOffset }, warnings }
  } catch (error) {
    if (error instanceof DecodeRefusal) return undefined
    throw error
  }
}

/** Frames `from` to `to` of a layout, as one of their own. */
export function partOf(layout: PcmLayout, from: number, to: number): PcmLayout {
  const frameBytes = (layout.stride ?? layout.width) * layout.channels
  return { ...layout, dataOffset: layout.dataOffset + from * frameBytes, frames: to - from }
}
