import type { Dataset } from '../cache/index.js'
import type { Retrieval } from '../evaluate/index.js'
import { evaluateRetrievals, queriedOf } from '../evaluate/retrieval.js'
import type { Models } from './model.js'
import type { Session } from './session.js'

/** Retrieval of the test tracks, of all if there are no labels, for each model. */
export async function retrievalsOf(
  session: Session,
  { encoders }: Models,
  dataset: Dataset,
  options: { seed?: number; cache: boolean },
): Promise<Retrieval[]> {
  const { signal } = session
  using test = dataset.subset('test')
  const asked = queriedOf(dataset, test)
  return await session.withProgress('retrieval', (progress) =>
    evaluateRetrievals(encoders, asked, {
      ...options,
      signal,
      onProgress: (p) => progress.update(p.done, p.total),
    }),
  )
}
