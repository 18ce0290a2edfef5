import type { PcmRun } from './types.js'

const RUN_FRAMES = 1 << 16

/** Zeros in the place of what cannot be decoded, in pieces: how many there are may be a lie. */
export function* silence(
  frames: number,
  channels: number,
  sampleRate: number,
): Generator<PcmRun, void, void> {
  for (let left = frames; left > 0; left -= RUN_FRAMES) {
    const length = Math.min(left, RUN_FRAMES)
    yield { channels: Array.from({ length: channels }, () => new Float32Array(length)), sampleRate }
  }
}
