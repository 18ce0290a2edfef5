/** Files of earlier versions, under the names that their values have now. */

const METRICS: Readonly<Record<string, string>> = { learningRate: 'lr', validationLoss: 'validLoss' }

/** The values of an object, those with a former name under the one of now. */
export function underNewNames<T extends object>(record: T, names: Readonly<Record<string, string>>): T {
  if (!Object.keys(names).some((name) => name in record)) return record
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [names[name] ?? name, value])) as T
}

/** A line of `metrics.jsonl`. */
export const currentMetrics = <T extends object>(record: T): T => underNewNames(record, METRICS)

type Noise = { name?: unknown; minSnr?: unknown; maxSnr?: unknown; snrDb?: unknown }

/** `minSnr` and `maxSnr` were always written, and counted where there was no `snrDb`. */
function currentTransform(transform: Noise): object {
  if (transform?.name !== 'noise' || !('minSnr' in transform)) return transform
  const { minSnr, maxSnr, ...rest } = transform
  return rest.snrDb === undefined ? { ...rest, ratio: [minSnr, maxSnr] } : rest
}

/** The options of a training, in `config.json` and in the state of a checkpoint. */
export function currentConfig<T extends object>(config: T): T {
  const { augmenter } = config as { augmenter?: { transforms?: unknown } }
  if (!Array.isArray(augmenter?.transforms)) return config
  return { ...config, augmenter: { ...augmenter, transforms: augmenter.transforms.map(currentTransform) } }
}
