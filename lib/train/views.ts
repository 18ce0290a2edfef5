/** Views that the caller has made: what they have to be for a step. */

import { describe, ShapeError } from '../errors.js'
import { checkRows } from '../native/buffers.js'
import type { TrainerConfig } from './option-types.js'
import { LEAST_BATCH } from './options.js'

/** @returns the number of rows. @throws ShapeError */
export function checkRowsOfViews(views: unknown, { augmenter, accumulate }: TrainerConfig): number {
  const rows = checkRows(views, augmenter.clipLength, 'views')
  const perExample = augmenter.views
  if (rows % (perExample * accumulate) === 0 && rows >= LEAST_BATCH * perExample * accumulate) return rows
  const batches = accumulate === 1 ? '' : ` in each of ${accumulate} equal batches`
  throw new ShapeError({
    what: 'the views are not those of whole examples',
    given: `${describe(rows)} rows`,
    expected: `${perExample} rows per example, and at least ${LEAST_BATCH} examples${batches}`,
    remedy: 'Pass all views of every example, one after the other',
  })
}
