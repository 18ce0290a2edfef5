// Promises broken on purpose: one edit of one module of dist/, made while it is loaded (plant-hooks.mjs). `breaks` says in
// words what is wrong then, `seenAs` what the check has to report of it: a check that fails for another reason, or at
// its time limit, has not caught the fault. Nothing of this is in lib/.
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BUSY = 'for (const until = performance.now() + 60; performance.now() < until; );'

/** @type {Record<string, { module: string, find: string, replace: string, breaks: string, seenAs: RegExp }>} */
export const FAULTS = {
  'decoder-hangs': {
    module: 'audio/serve-tasks.js',
    find: 'await work(task,',
    replace: 'if ((task.file?.bytes ?? task.file).length % 20 === 0) for (;;); await work(task,',
    breaks: 'a decoder goes round for ever with one file in twenty',
    seenAs: /mutant \d+ takes \d+ ms/,
  },
  'truncation-ignored': {
    module: 'audio/wav.js',
    find: 'if (isShort(declared - rest, declared, bytesPerSecond))',
    replace: 'if (false)',
    breaks: 'a WAV file that lacks half of its samples is read',
    seenAs: /data size twice as large.* is accepted/,
  },
  'samples-kept': {
    module: 'model/clips.js',
    find: 'const rest = this.#samples.subarray(from - this.#start);',
    replace:
      '(globalThis.kept ??= []).push(Float64Array.from(samples)); const rest = this.#samples.subarray(from - this.#start);',
    breaks: 'the samples of a file are kept until its end',
    seenAs: /MiB against/,
  },
  'rejected-in-silence': {
    module: 'cache/preparation.js',
    find: "const failed = this.outcomes.flatMap((outcome) => ('skipped' in outcome ? [outcome.skipped] : []));",
    replace: 'const failed = [];',
    breaks: 'files that cannot be decoded are left out without a word',
    seenAs: /is neither accepted nor listed/,
  },
  'pickle-executed': {
    module: 'formats/pytorch/globals.js',
    find: 'if (isRefused(global))',
    replace:
      "if (isRefused(global) && process.getBuiltinModule('child_process').spawnSync('touch', ['pwned-planted']))",
    breaks: 'reading a pickle starts a program',
    seenAs: /: [2-9] programs|the marker .* was made/,
  },
  'offsets-ignored': {
    module: 'formats/pytorch/tensors.js',
    find: 'await readBytes(offset * width, span * width)',
    replace: 'await readBytes(0, span * width)',
    breaks: 'a tensor is read from the beginning of its storage',
    seenAs: / is another$/,
  },
  'tiling-unchecked': {
    module: 'formats/safetensors.js',
    find: 'checkTiling(entries, fileBytes - dataStart);',
    replace: '',
    breaks: 'tensors may overlap or lie outside the file',
    seenAs: /mutant \d+ is accepted/,
  },
  'save-in-place': {
    module: 'runs/write-checkpoint.js',
    find: 'await files.rename(fresh, path);',
    replace: `await files.mkdir(path);
      for (const name of [...Object.keys(splitTensors({})), STATE_FILE]) await files.rename(join(fresh, name), join(path, name));
      await files.rm(fresh, { recursive: true, force: true });`,
    breaks: 'a checkpoint gets its name before all of its files are there',
    seenAs: /killed at operation \d+: verify: .* is missing/,
  },
  'write-errors-ignored': {
    module: 'files/durable.js',
    find: 'await writeFully(file, chunks);',
    replace: 'await writeFully(file, chunks).catch(() => {});',
    breaks: 'a write that fails is taken for one that was done',
    seenAs: /(ENOSPC|EIO) at write/,
  },
  'fsync-dropped': {
    module: 'files/durable.js',
    find: 'await file.sync();',
    replace: '',
    breaks: 'files get their name before their bytes are on the disk',
    seenAs: /is renamed without an fsync/,
  },
  'random-state-lost': {
    module: 'train/run.js',
    find: "const other = cropSeed === 'augmenter' ? undefined : options.seed;",
    replace: 'const other = options.seed + 1;',
    breaks: 'a resumed training draws other crops',
    seenAs: /the log differs from line/,
  },
  'unsaved-at-signal': {
    module: 'train/trainer.js',
    find: 'if (sound && !this.#disposed)',
    replace: 'if (false)',
    breaks: 'a training that is stopped by a signal saves nothing',
    seenAs: /step \d+ was done, step \d+ is saved/,
  },
  'tracks-unnamed': {
    module: 'train/native-trainer.js',
    find: 'given: tracks.length',
    replace: "given: 'some tracks', notShown: tracks.length",
    breaks: 'a loss that is not finite does not name the tracks that it came from',
    seenAs: /the tracks are not named/,
  },
  'not-finite-saved': {
    module: 'train/trainer.js',
    find: "const sound = failure?.error?.code !== 'ERR_NON_FINITE';",
    replace: `const sound = true;
        if (failure?.error?.code === 'ERR_NON_FINITE') {
            const good = await this.#native.state();
            for (const [name, { data }] of Object.entries(good.tensors)) if (name.endsWith('weight')) data.fill(Number.NaN);
            this.#native.state = async () => good;
            this.#recorder.savedStep = -1;
        }`,
    breaks: 'weights that are not finite are saved',
    seenAs: /the newest checkpoint: .* holds NaN or infinity/,
  },
  'thread-dependent': {
    module: 'native/call.js',
    find: 'return await running;',
    replace: `{
      const value = await running;
      if (value instanceof Float32Array && !process.getBuiltinModule('worker_threads').isMainThread) value[0] += 1;
      return value;
    }`,
    breaks: 'a result depends on the thread that asked for it',
    seenAs: /results are others than in one thread/,
  },
  // Not the handler dropped: without it and its twin in the native part, one process of 57 ended by SIGSEGV, which is too
  // seldom for a check of minutes.
  'exit-code-lost': {
    module: 'native/load.js',
    find: "process.on('exit', stopRunning)",
    replace: "process.on('exit', () => { stopRunning(0); process.reallyExit(0); })",
    breaks: 'the exit handler ends the process with its own code, 0',
    seenAs: /, (exit|throw|rejection|dispose) after \d+ ms: 0 /,
  },
  'leak-4096': {
    module: 'native/call.js',
    find: 'const caller = new Error();',
    replace: '(globalThis.kept ??= []).push(Buffer.alloc(4096, 1)); const caller = new Error();',
    breaks: 'every native call keeps 4,096 bytes',
    seenAs: /^loss: \d+ bytes a call/,
  },
  'untyped-error': {
    module: 'native/buffers.js',
    find: 'export function checkFloats(',
    replace: 'export function checkFloats() { null.length }\nfunction notUsed(',
    breaks: 'a wrong array ends in a TypeError of JavaScript',
    seenAs: /TypeError:? Cannot read properties of null/,
  },
  'loop-blocked': {
    module: 'native/call.js',
    find: 'const caller = new Error();',
    replace: `${BUSY} const caller = new Error();`,
    breaks: 'every native call holds the event loop up for 60 ms',
    seenAs: /the loop waits/,
  },
  'names-unescaped': {
    module: 'evaluate/report/escape.js',
    find: 'return visible(text).replace(',
    replace: 'return visible(text); visible(text).replace(',
    breaks: 'the names of tracks and classes become markup of the report',
    seenAs: /elements of names/,
  },
  'temporary-shared': {
    module: 'files/staged-file.js',
    find: 'const aside = temporaryName(path);',
    replace: "const aside = path + '.tmp';",
    breaks: 'all processes put their samples into the same temporary file',
    seenAs: /^round \d+: (the survivor ends with|\d+ tracks)/,
  },
  'hash-unchecked': {
    module: 'libtorch/wheel.js',
    find: 'if (given === wheel.sha256)',
    replace: 'if (true)',
    breaks: 'a downloaded wheel is not compared with its hash',
    seenAs: /^flip \d+: \{.*"installed":true/,
  },
}

/** Of a process, and of those that it starts, in which a promise is broken. CLMR_PLANT_LOADED is a file that the hooks make
 * when they have edited the module. */
export const plantedEnvironment = (fault) => ({
  ...process.env,
  CLMR_PLANT: fault,
  CLMR_PLANT_LOADED: join(tmpdir(), `clmr-planted-${randomUUID()}`),
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${new URL('./plant.mjs', import.meta.url)}`,
})
