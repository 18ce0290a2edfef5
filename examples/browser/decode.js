/** From a file to its channels, with the numbers that clmr decodes. */
import { sampleRateOf } from './rate.js'

const MODEL_RATE = 22_050

const isWhole = (value) => Math.abs(value - Math.round(value)) < 0.01

/**
 * Chromium divides 16-bit samples by 32,767 above zero and by 32,768 below it. Where all samples are such numbers, those
 * above zero are divided by 32,768 too, in place.
 */
function evenOutScale(channels) {
  const is16Bit = channels.every((channel) => {
    return channel.every((sample) => isWhole(sample * (sample > 0 ? 32767 : 32768)))
  })
  if (!is16Bit) return
  for (const channel of channels)
    for (let i = 0; i < channel.length; i++) if (channel[i] > 0) channel[i] *= 32767 / 32768
}

/**
 * Decodes a file at its own rate, where its header tells it. Otherwise the browser resamples.
 * @param {Blob} file
 */
export async function decode(file) {
  const bytes = await file.arrayBuffer()
  const known = sampleRateOf(bytes)
  const context = new OfflineAudioContext(1, 1, known ?? MODEL_RATE)
  const audio = await context.decodeAudioData(bytes)
  const channels = Array.from({ length: audio.numberOfChannels }, (_, c) => audio.getChannelData(c))
  evenOutScale(channels)
  return { channels, rate: audio.sampleRate, resampledByBrowser: known === undefined }
}
