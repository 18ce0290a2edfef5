/** What an encoder is worth here: retrieval and a probe, on the same tracks, crops and seeds for every encoder. */
import {
  type Dataset,
  type DatasetEmbeddings,
  Encoder,
  evaluateRetrieval,
  LogMel,
  Matrix,
  type TrackEncoder,
} from 'clmr'
import { checkLabelled, linearEvaluation } from '#lib/evaluate/linear-evaluation.js'
import { randomEncoder } from '#lib/evaluate/random-encoder.js'

export const FORMS = ['raw', 'standardised', 'whitened'] as const
export type Form = (typeof FORMS)[number]
export const BASELINES = ['random', 'random-fresh', 'log-mel'] as const
export type Baseline = (typeof BASELINES)[number]

/** A share with its interval. */
export interface Share {
  value: number
  low: number
  high: number
}

export interface Worth {
  tracks: number
  /** top 1 */
  clean: Record<Form, Share>
  /** top 1, the query altered once by the published chain */
  altered: Record<Form, Share>
  /** of the ten nearest, the share of the same label */
  sameLabel: Record<Form, Share>
  /** accuracy of the linear probe, as published and on standardised features */
  probe?: { published: Share; standardised: Share }
}

/** Crops and queries are the same for every encoder and every training. */
const SEED = 1
/** Seconds between the windows that a probe learns from: tracks last minutes. */
const HOP = 15

const shares = (pick: (form: Form) => Share) =>
  Object.fromEntries(FORMS.map((form) => [form, pick(form)])) as Record<Form, Share>

function isLabelled(dataset: Dataset): boolean {
  try {
    checkLabelled(dataset)
    return true
  } catch {
    return false
  }
}

/** Windows of every track, HOP seconds apart. */
async function embed(encoder: TrackEncoder, dataset: Dataset): Promise<DatasetEmbeddings<Dataset>> {
  const windows: Float32Array[] = []
  const means: Float32Array[] = []
  const trackOf: number[] = []
  for (const i of dataset.tracks.keys()) {
    const track = await encoder.encodeTrack(await dataset.readTrack(i), { hop: HOP })
    for (const row of Matrix.from(track.windows)) {
      windows.push(row)
      trackOf.push(i)
    }
    means.push(track.mean)
  }
  return {
    dataset,
    embeddings: Matrix.fromRows(windows),
    trackOf: Int32Array.from(trackOf),
    trackMeans: Matrix.fromRows(means),
  }
}

/** @param model a file, or a baseline; `seed` is that of random weights */
export async function measure(model: string, dataset: Dataset, seed = SEED): Promise<Worth> {
  using encoder =
    model === 'log-mel'
      ? new LogMel()
      : model === 'random'
        ? await randomEncoder(dataset, { seed })
        : model === 'random-fresh'
          ? await Encoder.create({ seed })
          : await Encoder.load(model)
  const retrieval = await evaluateRetrieval(encoder, dataset, { seed: SEED, k: 10, cache: false })
  const worth: Worth = {
    tracks: retrieval.tracks,
    clean: shares((form) => ({ value: retrieval[form].top1, ...retrieval[form].intervals.top1 })),
    altered: shares((form) => ({
      value: retrieval[form].byTransform.chain!.top1,
      ...retrieval[form].intervals.byTransform.chain!.top1,
    })),
    sameLabel: shares((form) => ({
      value: retrieval[form].labels?.precisionAtK ?? Number.NaN,
      ...(retrieval[form].intervals.labels?.precisionAtK ?? { low: Number.NaN, high: Number.NaN }),
    })),
  }
  if (!isLabelled(dataset)) return worth
  const embedded = await embed(encoder, dataset)
  const accuracy = async (standardise: boolean): Promise<Share> => {
    const evaluation = await linearEvaluation(encoder, embedded, { seed: SEED, standardise })
    return { value: evaluation.accuracy, ...evaluation.intervals.accuracy }
  }
  return { ...worth, probe: { published: await accuracy(false), standardised: await accuracy(true) } }
}

/** The form of the largest value. */
export const best = (of: Record<Form, Share>): Share =>
  FORMS.map((form) => of[form]).reduce((most, share) => (share.value > most.value ? share : most))
