/** What the network hears at a time: a clip of mono sound. */

/** Hz of all sound inside; sound at another rate is resampled. */
export const SAMPLE_RATE = 22050
/** T, samples of a clip: 3^10, or 2.678 s. */
export const CLIP_LENGTH = 59049
