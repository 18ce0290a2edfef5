/**
 * The sample rate that the header of an audio file names. An AudioContext of the same rate decodes the file without
 * resampling it.
 */

const MP3_RATES = { 3: [44100, 48000, 32000], 2: [22050, 24000, 16000], 0: [11025, 12000, 8000] }

/** Where the audio begins behind an ID3v2 tag, whose length has 7 bits a byte. */
function behindTag(bytes) {
  if (String.fromCharCode(...bytes.subarray(0, 3)) !== 'ID3') return 0
  return 10 + bytes.subarray(6, 10).reduce((size, byte) => size * 128 + byte, 0)
}

function rateOfWav(view) {
  for (let at = 12; at + 16 <= view.byteLength; ) {
    const size = view.getUint32(at + 4, true)
    if (view.getUint32(at) === 0x666d7420) return view.getUint32(at + 12, true) // 'fmt '
    at += 8 + size + (size % 2)
  }
  return undefined
}

/** `at`: the place of the marker 'fLaC' */
const rateOfFlac = (view, at) => view.getUint32(at + 18) >>> 12

/** The first packet of an Ogg file tells the codec. Opus is always decoded at 48 kHz. */
function rateOfOgg(view, at, textAt) {
  const packet = at + 27 + view.getUint8(at + 26)
  if (textAt(packet + 1, 6) === 'vorbis') return view.getUint32(packet + 12, true)
  if (textAt(packet, 8) === 'OpusHead') return 48000
  return textAt(packet + 9, 4) === 'fLaC' ? rateOfFlac(view, packet + 9) : undefined
}

/** Of a frame header: 11 bits set, then version, layer, bit rate and rate, none of them reserved. */
function rateOfMp3(view, from) {
  let at = from
  while (at + 4 <= view.byteLength && view.getUint8(at) === 0) at++
  if (at + 4 > view.byteLength) return undefined
  const header = view.getUint32(at)
  const [version, layer, bitrate] = [(header >>> 19) & 3, (header >>> 17) & 3, (header >>> 12) & 15]
  if (header >>> 21 !== 0x7ff || layer !== 1 || bitrate === 15) return undefined
  return MP3_RATES[version]?.[(header >>> 10) & 3]
}

/**
 * @param {ArrayBuffer} file
 * @returns {number | undefined} Hz; undefined for other formats than WAV, FLAC, Ogg and MP3
 */
export function sampleRateOf(file) {
  const view = new DataView(file)
  const start = behindTag(new Uint8Array(file, 0, Math.min(10, file.byteLength)))
  const textAt = (at, length) =>
    at + length <= file.byteLength ? String.fromCharCode(...new Uint8Array(file, at, length)) : ''
  if (textAt(8, 4) === 'WAVE') return rateOfWav(view)
  if (textAt(start, 4) === 'fLaC') return rateOfFlac(view, start)
  if (textAt(start, 4) === 'OggS') return rateOfOgg(view, start, textAt)
  return textAt(4, 4) === 'ftyp' ? undefined : rateOfMp3(view, start)
}
