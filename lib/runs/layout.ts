/**
 * Where things lie in the folder of a run:
 *
 *   config.json    what the run was started with
 *   caches.json    where the caches lie now, if they were moved
 *   metrics.jsonl  one record for each step or epoch
 *   checkpoints/   step-NNNNNN/, each whole or absent
 *   best.safetensors  encoder and projector at the best validation loss, if there is one
 *   run.lock       while a process writes here
 *
 * and in the folder of a checkpoint:
 *
 *   model.safetensors      encoder.*, projector.*, and all other tensors but the optimizer's
 *   optimizer.safetensors  optimizer.*
 *   state.json             step, epoch, the trainer's own state, and the hash of every file
 */
export const CONFIG_FILE = 'config.json'
export const CACHES_FILE = 'caches.json'
export const METRICS_FILE = 'metrics.jsonl'
export const CHECKPOINTS_FOLDER = 'checkpoints'
/** the weights of the best validation loss */
export const BEST_FILE = 'best.safetensors'
export const LOCK_FILE = 'run.lock'

export const MODEL_FILE = 'model.safetensors'
export const OPTIMIZER_FILE = 'optimizer.safetensors'
export const STATE_FILE = 'state.json'
