import { decodeRuns } from '#lib/audio/decoders.js'

/** All of a file at its own rate, decoded on this thread and without ffmpeg. @throws DecodeRefusal */
export async function decodeWhole(
  bytes: Uint8Array,
): Promise<{ channels: Float32Array[]; sampleRate: number; warnings: string[] }> {
  const decoding = decodeRuns(bytes)
  const channels: number[][] = []
  let sampleRate = 0
  for (;;) {
    const { done, value } = await decoding.next()
    if (done)
      return { channels: channels.map((c) => Float32Array.from(c)), sampleRate, warnings: value.warnings }
    sampleRate = value.sampleRate
    for (const [c, samples] of value.channels.entries()) {
      channels[c] ??= []
      for (const x of samples) channels[c].push(x)
    }
  }
}
