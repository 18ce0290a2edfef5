// The allowed arrows of lib/ and native/: who may import or include whom. A word is a folder there (a stage of the flow, or
// what the stages rest on) or a file beside the folders. Each list starts with the ground, and a word names only words above
// it in the list: so every arrow points down to the ground, and there is no circle.

/** What every stage of lib/ may use. */
const GROUND = [
  'errors',
  'abort',
  'arrays',
  'options',
  'arguments',
  'matrix',
  'result',
  'warnings',
  'clip',
  'random',
  'files',
  'download',
  'native',
  'formats',
]
const FLOW = ['datasets', 'audio', 'cache', 'augment', 'model', 'objective', 'evaluate', 'train']

/** @type {Record<string, string[]>} */
export const LIB = {
  // the ground
  errors: [],
  abort: ['errors'],
  arrays: [],
  options: ['errors'],
  arguments: ['errors'],
  matrix: ['errors', 'arguments', 'arrays'],
  result: ['arrays'],
  warnings: [],
  clip: [],
  random: [],
  files: ['errors', 'abort', 'arrays'],
  download: ['errors', 'files'],
  libtorch: ['errors', 'files', 'download'],
  native: ['errors', 'abort', 'arrays', 'files', 'libtorch'],
  formats: ['errors', 'files', 'native'],
  // the flow of the sound, and the folder of a run, which training writes and others read
  datasets: GROUND,
  audio: GROUND,
  cache: [...GROUND, 'datasets', 'audio'],
  augment: GROUND,
  runs: GROUND,
  model: [...GROUND, 'audio', 'runs'],
  objective: [...GROUND, 'cache'],
  evaluate: [...GROUND, 'datasets', 'cache', 'augment', 'runs', 'model'],
  // for its monitors training may evaluate, never the other way round
  train: [...GROUND, 'cache', 'augment', 'runs', 'model', 'objective', 'evaluate'],
  // the facade, and what stands before it
  index: [...GROUND, ...FLOW, 'runs'],
  demo: [...GROUND, ...FLOW, 'runs'],
  cli: [...GROUND, ...FLOW, 'runs', 'libtorch', 'demo'],
}

/** What every stage of native/ may use. */
const BASE = ['error', 'fields', 'random', 'running', 'kernels', 'device']

/** @type {Record<string, string[]>} */
export const NATIVE = {
  error: [],
  // the fields of a struct by name
  fields: ['error'],
  random: ['error'],
  memory: ['error'],
  running: ['error'],
  // raw loops, a folder an op
  kernels: ['error', 'fields', 'random'],
  // where to compute
  device: ['error', 'kernels'],
  // the stages over libtorch
  audio: BASE,
  cache: BASE,
  augment: BASE,
  model: BASE,
  objective: [...BASE, 'model'],
  optim: [...BASE, 'model'],
  evaluate: [...BASE, 'model', 'objective', 'optim'],
  train: [...BASE, 'cache', 'augment', 'model', 'objective', 'optim'],
  // N-API
  bindings: [
    ...BASE,
    ...['memory', 'audio', 'cache', 'augment', 'model', 'objective', 'optim', 'evaluate', 'train'],
  ],
  addon: [],
  // what the linker is given
  cudastub: [],
  cmake: [],
}

/** What every op of native/kernels/ may use. */
export const SHARED = ['by_isa', 'dispatch', 'cuda', 'cpu', 'one_thread_each']
/** Inside native/kernels/. @type {Record<string, string[]>} */
export const KERNELS = {
  // what all ops use: the choice of the instruction set and of the device, vectors of it, threads
  by_isa: [],
  dispatch: ['by_isa'],
  cuda: ['dispatch'],
  cpu: [],
  one_thread_each: [],
  // the ops, which do not know each other
  sample_cnn: SHARED,
  nt_xent: SHARED,
  augment: SHARED,
  resample: SHARED,
  pcm16: SHARED,
  top_k: SHARED,
}
