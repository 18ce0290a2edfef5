/** The functions of the native side as it describes them itself, for test 02. */
import type { ArchitectureSpec } from './specifications.js'

/** What the native side says of its functions, by name; `kind` and `result` are what they are called here. */
export type Signatures = Record<
  string,
  { parameters: { name: string; kind: NativeKind }[]; result: NativeKind }
>
export type NativeKind =
  | string
  | { array: NativeKind }
  | { optional: NativeKind }
  | { promise: NativeKind }
  /** the words of an enumeration */
  | { words: string[] }
  /** an object whose `name` is one of these */
  | { choice: NativeStruct[] }
  | NativeStruct

export interface NativeStruct {
  name: string
  fields: Record<string, NativeKind>
  /** what both sides state of it without its ever crossing */
  constants?: Record<string, unknown>
}

/** What the native side states of the same things as lib/. */
export interface NativeConstants {
  /** the layers of CLMR's network */
  clmr: ArchitectureSpec
  /** Hz */
  sampleRate: number
  /** values of a vector of log-mel statistics */
  logMelSize: number
  /** examples */
  leastBatch: number
  /** the defaults of Adam, which probes take */
  adam: { betas: [number, number]; eps: number; weightDecay: number }
}
