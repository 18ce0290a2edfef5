/** What native calls are asked for: one object each, complete and validated. Test 02 compares them with the native structs. */

/**
 * Options by name, complete. The struct of the same name in `native/` has a table of the fields that it takes, and
 * refuses all others; their types are those of the option table in `lib/`.
 */
export type Specification = Readonly<Record<string, unknown>>
export type ChainSpec = Specification
export type EncoderSpec = Specification
export type TrainerSpec = Specification
export type ProbeSpec = Specification

/** The layers of SampleCNN: see model/architecture.ts. */
export interface ArchitectureSpec {
  strides: readonly number[]
  channels: readonly number[]
  /** samples */
  clipLength: number
}

export interface BootstrapSpec {
  resamples: number
  seed: number
}

export interface ProbeFiguresSpec {
  /** K */
  classes: number
  multilabel: boolean
  bootstrap: BootstrapSpec
}

export interface RetrievalSpec {
  /** E */
  dim: number
  /** ways in which the queries were altered; the first: not at all */
  conditions: number
  k: number
  bootstrap: BootstrapSpec
}
