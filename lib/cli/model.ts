/** `--model`: a file, a run directory, or `random`. */
import { Encoder } from '../model/index.js'

export const MODEL_HELP = 'model file, run directory, or "random" for fresh weights'

export function loadModel(model: string, seed = 42): Promise<Encoder> {
  return model === 'random' ? Encoder.create({ seed }) : Encoder.load(model)
}
