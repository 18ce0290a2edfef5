/** What a file is, told by its bytes. The name of a file is never asked. */
import type { Bytes } from '../formats/bytes.js'
import { findFirstFrame } from './mp3-frames.js'
import type { OwnFormat } from './types.js'

export type Sniffed = { own: OwnFormat } | { ffmpeg: string; name: string } | undefined

function ascii(bytes: Bytes, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}

/** Length of the ID3v2 tags in front, 0 where there is none. Sizes are 28-bit syncsafe integers (id3.org). */
export function id3Length(bytes: Bytes): number {
  let at = 0
  while (ascii(bytes, at, 3) === 'ID3' && at + 10 <= bytes.length) {
    const [flags, a, b, c, d] = bytes.subarray(at + 5, at + 10) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ]
    if ((a | b | c | d) & 0x80) break
    const footer = flags & 0x10 ? 10 : 0
    at += 10 + ((a << 21) | (b << 14) | (c << 7) | d) + footer
  }
  return at
}

function sniffOgg(bytes: Bytes): Sniffed {
  const segments = bytes.subarray(26, 27)[0] ?? 0
  const packet = 27 + segments
  if (ascii(bytes, packet, 7) === '\x01vorbis') return { own: 'ogg' }
  if (ascii(bytes, packet, 5) === '\x7fFLAC') return { own: 'flac' }
  if (ascii(bytes, packet, 8) === 'OpusHead') return { ffmpeg: 'ogg', name: 'Ogg Opus' }
  return { ffmpeg: 'ogg', name: 'Ogg' }
}

const ASF = '\x30\x26\xb2\x75\x8e\x66\xcf\x11'
const EBML = '\x1a\x45\xdf\xa3'

/** Containers that are handed to ffmpeg, with the demuxer that it is held to. */
function sniffForeign(bytes: Bytes): Sniffed {
  const [first, second] = bytes.subarray(0, 2)
  const four = ascii(bytes, 0, 4)
  const form = ascii(bytes, 8, 4)
  if (ascii(bytes, 4, 4) === 'ftyp') return { ffmpeg: 'mov', name: 'MPEG-4 (m4a, mp4)' }
  if (four === 'FORM' && (form === 'AIFF' || form === 'AIFC')) return { ffmpeg: 'aiff', name: 'AIFF' }
  if (four === 'caff') return { ffmpeg: 'caf', name: 'Core Audio' }
  if (four === '.snd') return { ffmpeg: 'au', name: 'Sun audio' }
  if (four === 'wvpk') return { ffmpeg: 'wv', name: 'WavPack' }
  if (four === 'MAC ') return { ffmpeg: 'ape', name: "Monkey's Audio" }
  if (four === 'riff') return { ffmpeg: 'w64', name: 'Wave64' }
  if (four === EBML) return { ffmpeg: 'matroska', name: 'Matroska or WebM' }
  if (ascii(bytes, 0, 8) === ASF) return { ffmpeg: 'asf', name: 'Windows Media' }
  if (first === 0xff && (second! & 0xf6) === 0xf0) return { ffmpeg: 'aac', name: 'AAC (ADTS)' }
  return undefined
}

/** in: the first bytes of a file, or all of them; out: which decoder reads it, or undefined: not audio. */
export function sniff(bytes: Bytes): Sniffed {
  const four = ascii(bytes, 0, 4)
  if ((four === 'RIFF' || four === 'RF64' || four === 'BW64') && ascii(bytes, 8, 4) === 'WAVE')
    return { own: 'wav' }
  if (four === 'OggS') return sniffOgg(bytes)
  const tag = id3Length(bytes)
  if (ascii(bytes, tag, 4) === 'fLaC') return { own: 'flac' }
  const foreign = tag === 0 ? sniffForeign(bytes) : undefined
  if (foreign) return foreign
  return findFirstFrame(bytes, Math.min(tag, bytes.length)) === undefined ? undefined : { own: 'mp3' }
}
