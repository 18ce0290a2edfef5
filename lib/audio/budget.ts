/**
 * What a file may cost: so much sound follows from its size. The densest that encoders make is silence (FLAC: 350 samples
 * a byte, Vorbis and Opus up to 1,500); what holds more was made to fill a memory.
 */
import { DecodeRefusal } from './failure.js'
import type { PcmRun } from './types.js'

/** Samples, all channels together, that any file may have: 13 minutes of stereo at 44.1 kHz, 256 MiB. */
const FREE_VALUES = 2 ** 26
/** And so many more for each of its bytes. */
const VALUES_PER_BYTE = 1024

/** For a file of so many bytes. */
export const allowedValues = (bytes: number) => FREE_VALUES + VALUES_PER_BYTE * bytes

export class Budget {
  #left: number

  /** `bytes`: the size of the file */
  constructor(readonly bytes: number) {
    this.#left = allowedValues(bytes)
  }

  /** @throws DecodeRefusal where a run is more than the file may give */
  spend({ channels }: PcmRun): void {
    const values = channels.length * channels[0]!.length
    this.expect(values)
    this.#left -= values
  }

  /** @throws DecodeRefusal where so many values, which are to come, are too many */
  expect(values: number): void {
    if (values <= this.#left) return
    throw new DecodeRefusal({
      code: 'ERR_AUDIO_DECODE',
      what: 'the file holds far more sound than its size allows',
      given: `more than ${allowedValues(this.bytes)} samples in ${this.bytes} bytes`,
      remedy: 'If it is a recording, convert it with ffmpeg: ffmpeg -i IN -c:a pcm_s16le OUT.wav',
    })
  }
}
