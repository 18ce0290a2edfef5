/** The one kind of file that a cache holds: 16-bit mono WAV with a plain 44-byte header. */

export const WAV_HEADER_BYTES = 44

/** in: 16-bit samples; out: the 44 bytes that stand before them. */
export function wavHeader(samples: number, sampleRate: number): Uint8Array {
  const header = new Uint8Array(WAV_HEADER_BYTES)
  const view = new DataView(header.buffer)
  const name = (at: number, id: string) =>
    header.set(
      [...id].map((c) => c.charCodeAt(0)),
      at,
    )
  name(0, 'RIFF')
  view.setUint32(4, 36 + samples * 2, true)
  name(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  name(36, 'data')
  view.setUint32(40, samples * 2, true)
  return header
}

export const wavBytes = (samples: number) => WAV_HEADER_BYTES + samples * 2

/** The size fields of a WAV file have 32 bits: 27 hours at 22,050 Hz. */
export const MAX_WAV_SAMPLES = Math.floor((2 ** 32 - 1 - 36) / 2)
