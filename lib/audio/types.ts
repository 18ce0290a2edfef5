/** The nouns of stage audio. */
import type { MessagePort } from 'node:worker_threads'

/** Resampling filters. */
export type ResampleQuality = 'best' | 'fast' | 'torchaudio'

/** A decoded file: one channel, at the requested sample rate. */
export interface DecodedAudio {
  /** Mono, full scale ±1: the mean of the file's channels, resampled. */
  samples: Float32Array
  /** Rate of `samples` in Hz. */
  sampleRate: number
  /** Number of channels in the file, before they were mixed down. */
  channels: number
  /** Length of `samples` in seconds. */
  duration: number
  /** Sample rate of the file in Hz. */
  sourceSampleRate: number
  /** Format of the content: `wav`, `aiff`, `au`, `mp3`, `flac`, `ogg` (Vorbis), `opus`, or what ffmpeg calls it. */
  format: string
  /** Warnings about the file, such as a length that is missing in the header of a piped WAV file. */
  warnings: string[]
}

/** Some frames of a file as they were, before mixing and resampling: C arrays of equal length. */
export interface PcmRun {
  channels: Float32Array[]
  sampleRate: number
}

/** A run as it leaves the decoding thread: mixed down, not resampled yet. It is valid until the next one is asked for. */
export interface MonoRun {
  /** the mean of the channels */
  samples: Float32Array
  /** how many there were */
  channels: number
  sampleRate: number
}

/** Bytes of a file; without an end, all from `start` on. */
export interface FilePart {
  start: number
  end?: number
}

/** A form that ffmpeg may read. */
export interface Foreign {
  /** what ffmpeg calls its reader; undefined if it is to find out */
  demuxer?: string
  /** a rare form of a container that is read here otherwise */
  isForm?: boolean
  /** where it lies in the file, without the tags around it; several where the form of the sound changes (default: all) */
  parts?: FilePart[]
  /** how long its sound should be, where the container says more than ffmpeg reads */
  seconds?: number
  /** what was noticed about the file before */
  notes: string[]
}

/** A refusal that crosses a thread; the facade adds the path and makes a ClmrError of it. */
export interface DecodeFailure {
  code: 'ERR_AUDIO_DECODE' | 'ERR_AUDIO_FORMAT' | 'ERR_NON_FINITE' | 'ERR_MEMORY'
  what: string
  given?: string
  expected?: string
  remedy: string
  /** set where ffmpeg is to be asked before this is said */
  foreign?: Foreign
}

/** Formats that a decoder in this package reads. */
export type OwnFormat = 'wav' | 'aiff' | 'au' | 'mp3' | 'flac' | 'ogg'

/** A file in memory, or an open one: its descriptor belongs to the process, not to a thread. */
export type AudioFile = { bytes: Uint8Array } | { fd: number; length: number }

/** How samples lie in a file that are not compressed. */
export interface PcmLayout {
  encoding: 'int' | 'float'
  /** bytes of one sample of one channel: 1 to 4 for integers, 4 or 8 for floats */
  width: number
  /** bytes from one sample to the next; default `width` */
  stride?: number
  channels: number
  sampleRate: number
  littleEndian: boolean
  /** integers of which the middle is silence, as 8-bit WAV files have them */
  unsigned: boolean
  dataOffset: number
  frames: number
}

/** A file of samples that are not compressed. */
export interface PcmForm {
  format: 'wav' | 'aiff' | 'au'
  layout: PcmLayout
  warnings: string[]
}

/** What is known at the end of a file. */
export interface DecodingEnd {
  format: string
  warnings: string[]
  /** where it was asked for, and the samples are not compressed */
  form?: PcmForm
}

/** What is wanted of a file: by default all of its runs. */
export interface Wanted {
  /** some frames, of samples that are not compressed; `first`: the number of the first one in the file */
  part?: { layout: PcmLayout; first: number }
  /** no samples: only how they lie in the file */
  formOnly?: boolean
}

/** A file, what is wanted of it, and the port that the runs are sent to. */
export interface DecodeTask extends Wanted {
  file: AudioFile
  port: MessagePort
}

/** What comes over the port: runs, each to be answered, and one of the other messages at the end. */
export type DecodeMessage = { run: MonoRun } | { end: DecodingEnd } | { failure: DecodeFailure }
