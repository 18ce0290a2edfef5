/**
 * The checks of reliability: what each one promises, the fault of faults.mjs that it has to catch, and how much it tries.
 */
/** How much of something is tried: in `--short`, by default, in `--full`. */
export type Sizes = readonly [short: number, usual: number, full: number]

export interface Check {
  promise: string
  /** names of FAULTS */
  faults: readonly string[]
  sizes: Record<string, Sizes>
  /** seconds that it may take, by default 60 in `--short`, 600, 3600 in `--full` */
  limits?: Sizes
}

export const CHECKS = {
  A1: {
    promise:
      'a damaged audio file costs itself: no crash, no hang over 2 s, no rise over 256 MiB, a typed error',
    faults: ['decoder-hangs'],
    sizes: { mutants: [40, 2500, 20_000] },
  },
  A2: {
    promise:
      'a WAV header is never believed beyond the bytes that are there; odd shapes are read rightly or refused',
    faults: ['truncation-ignored'],
    sizes: { shapes: [60, 700, 700] },
  },
  A3: {
    promise: 'a recording of hours is embedded in the memory of one of minutes',
    faults: ['samples-kept'],
    sizes: { minutes: [16, 240, 600] },
    limits: [120, 900, 3600],
  },
  A4: {
    promise: 'files in = accepted + rejected, each rejected one with its reason; a FIFO holds nothing up',
    faults: ['rejected-in-silence'],
    sizes: {},
  },
  A5: {
    promise: 'a pickle is never executed: hostile ones are refused within a second and 256 MiB',
    faults: ['pickle-executed'],
    sizes: { payloads: [8, 100, 1000] },
  },
  A6: {
    promise: 'a Lightning checkpoint is converted bit for bit, and embeds as before',
    faults: ['offsets-ignored'],
    sizes: {},
  },
  A7: {
    promise: 'damaged safetensors files crash nothing, and nothing is accepted that the format forbids',
    faults: ['tiling-unchecked'],
    sizes: { mutants: [1500, 50_000, 1_000_000], kept: [100, 10_000, 10_000] },
  },
  A8: {
    promise:
      'a training that is killed at any moment leaves a run that loads, at its last acknowledged step or later',
    faults: ['save-in-place'],
    sizes: { every: [4, 1, 1], random: [3, 40, 100] },
  },
  A9: {
    promise:
      'when the disk is full, fails or may not be written, the error is typed, and what was there before is whole',
    faults: ['write-errors-ignored'],
    sizes: { every: [2, 1, 1] },
  },
  A10: {
    promise: 'every save: bytes synced, then the name, then its folder; the old checkpoint goes last',
    faults: ['fsync-dropped'],
    sizes: { steps: [4, 12, 100] },
  },
  A11: {
    promise: 'a training that is cut off and resumed equals one that was not, bit for bit (one rank)',
    faults: ['random-state-lost'],
    sizes: { steps: [5, 12, 60], cuts: [1, 5, 5], chain: [2, 5, 5] },
    limits: [150, 900, 3600],
  },
  A12: {
    promise: 'the first signal saves and ends with 128 + its number, a second deliberate one ends at once',
    faults: ['unsaved-at-signal'],
    sizes: { moments: [2, 20, 60], doubles: [1, 3, 20] },
    limits: [120, 900, 3600],
  },
  A13: {
    promise:
      'a loss that is not finite stops the training at that step, with its own exit code, and is never saved',
    faults: ['tracks-unnamed', 'not-finite-saved'],
    sizes: {},
  },
  A14: {
    promise: 'worker threads may be terminated at any moment, and their results are those of the main thread',
    faults: ['thread-dependent'],
    sizes: { parallel: [2, 4, 4], terminate: [6, 60, 300], onlyWorker: [2, 30, 100] },
    limits: [120, 900, 3600],
  },
  A15: {
    promise: 'a process ends with the code that was asked for, whatever runs in it: never by a signal',
    faults: ['exit-code-lost'],
    // rounds of all kinds; 0: one that is drawn for each way, or four at once
    sizes: { rounds: [0, 2, 10] },
    limits: [120, 1500, 7200],
  },
  A16: {
    promise: 'memory does not grow with the number of calls',
    faults: ['leak-4096'],
    sizes: {
      loss: [3000, 20_000, 100_000],
      encode: [3000, 20_000, 100_000],
      embed: [0, 3000, 10_000],
      open: [0, 200, 200],
      decode: [0, 2000, 5000],
      train: [0, 200, 2000],
      drop: [0, 200, 500],
    },
    limits: [120, 1800, 14_400],
  },
  A17: {
    promise:
      'whatever is passed to whatever is exported, the error is a documented one and the process lives',
    faults: ['untyped-error'],
    sizes: { calls: [300, 20_000, 100_000], buffers: [3, 300, 2000], closes: [3, 80, 500] },
    limits: [120, 1200, 7200],
  },
  A18: {
    promise: 'calls leave the event loop free (p99 of 20 ms), and an abort is answered within 250 ms',
    faults: ['loop-blocked'],
    sizes: { milliseconds: [400, 4000, 20_000], aborts: [10, 100, 400] },
  },
  'A20 cache': {
    promise: 'two processes that fill one cache, one of them killed, leave a whole cache',
    faults: ['temporary-shared'],
    sizes: { rounds: [2, 20, 50] },
  },
  'A20 names': {
    promise: 'names of files and labels stay text in reports, terminals and tables, and lead nowhere outside',
    faults: ['names-unescaped'],
    sizes: {},
  },
  'A20 install': {
    promise:
      'a tampered libtorch is refused and leaves nothing; without a network the install says so within 5 s',
    faults: ['hash-unchecked'],
    sizes: { flips: [3, 40, 400] },
  },
} as const satisfies Record<string, Check>

export type CheckId = keyof typeof CHECKS
