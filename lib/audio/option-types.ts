/** The options of stage audio, written by scripts/write-option-types.ts from its tables: do not edit. */
import type { OnWarning } from '../warnings.js'

/** Options of `decodeAudio`. */
export interface DecodeOptions {
  /** Sample rate of the result in Hz. Range: 1,000 to 768,000. Default: 22,050. */
  sampleRate?: number | undefined
  /** Resampling filter. 'torchaudio' equals the default of torchaudio, aliasing included. Default: 'best'. */
  quality?: 'best' | 'fast' | 'torchaudio' | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called with each warning about the file. The result holds them too, as `warnings`. */
  onWarning?: OnWarning | undefined
}
