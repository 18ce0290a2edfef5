/**
 * Stage audio: any audio file becomes one channel of floats at the sample rate of the network.
 * in: path or bytes of a file (wav, aiff, au, mp3, flac, ogg; others through ffmpeg)
 * out: `DecodedAudio`: mono samples at 22,050 Hz
 */
export { decodeAudio } from './decode.js'
export type * from './option-types.js'
export type { DecodedAudio } from './types.js'
