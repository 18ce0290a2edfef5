/** The nouns of stage audio. */
import type { MessagePort } from 'node:worker_threads'

export type ResampleQuality = 'best' | 'fast' | 'torchaudio'

export interface DecodeOptions {
  /** Rate of the result in Hz, 1,000 to 768,000. Default 22,050. */
  sampleRate?: number
  /** Resampling filter. Default `best`; `torchaudio` repeats torchaudio's default, aliases included. */
  quality?: ResampleQuality
  signal?: AbortSignal
}

/** A decoded file: one channel at the asked rate. */
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
  /** What was found by looking at the bytes: `wav`, `mp3`, `flac`, `ogg`, or the demuxer that ffmpeg was given. */
  format: string
  /** What a listener might want to know, such as a length that the header of a piped WAV file leaves open. */
  warnings: string[]
}

/** Some frames of a file as they were, before mixing and resampling: C arrays of equal length. */
export interface PcmRun {
  channels: Float32Array[]
  sampleRate: number
}

/** All frames of a file. */
export interface Pcm extends PcmRun {
  warnings: string[]
}

/** A refusal that crosses a thread; the facade adds the path and makes a ClmrError of it. */
export interface DecodeFailure {
  code: 'ERR_AUDIO_DECODE' | 'ERR_AUDIO_FORMAT' | 'ERR_NON_FINITE' | 'ERR_MEMORY'
  what: string
  given?: string
  expected?: string
  remedy: string
}

/** Formats that a decoder in this package reads. */
export type OwnFormat = 'wav' | 'mp3' | 'flac' | 'ogg'

export interface DecodeTask {
  format: OwnFormat
  bytes: Uint8Array
}

export type DecodeReply = { pcm: Pcm } | { failure: DecodeFailure }

/** An open file, and the port that its runs are sent to. The descriptor belongs to the process, not to a thread. */
export interface StreamTask {
  fd: number
  length: number
  port: MessagePort
}

/** What comes over the port of a `StreamTask`: runs, each to be answered, and one of the other messages at the end. */
export type StreamMessage =
  | { run: PcmRun }
  | { warnings: string[] }
  | { failure: DecodeFailure }
  | { foreign: { ffmpeg: string; name: string } }
