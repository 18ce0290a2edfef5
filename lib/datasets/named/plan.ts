/** From a data set and a folder to the tracks that are there. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, DatasetError, describe } from '../../errors.js'
import { nearestName } from '../../options.js'
import type { LabelPlan, SkippedFile } from '../tracks.js'
import { byCodeUnit } from '../walk.js'
import type { NamedDataset } from './descriptor.js'
import type { Place } from './place.js'

/** @throws ConfigError */
export function checkScheme(dataset: NamedDataset, scheme: string | undefined): string {
  if (scheme === undefined) return dataset.schemes[0]
  if (dataset.schemes.includes(scheme)) return scheme
  const near = nearestName(scheme, dataset.schemes)
  throw new ConfigError({
    what: `${dataset.name} has no such scheme`,
    given: describe(scheme),
    expected: dataset.schemes.join(', '),
    remedy: near ? `Write ${JSON.stringify(near)} instead` : 'Pass one of these',
  })
}

/** The folder in which the data set lies; undefined if it is not there. */
export function findFolder({ folders, marks }: NamedDataset, root: string): string | undefined {
  const place = folders.find((folder) => marks.some((mark) => existsSync(join(root, folder, mark))))
  return place === undefined ? undefined : join(root, place)
}

/** @throws DatasetError that tells how to get the data set */
export function notThere(
  { name, files, howToGet, folders, schemes }: NamedDataset,
  root: string,
): DatasetError {
  const canFetch = files(schemes[0]).length > 0
  return new DatasetError({
    what: `${name} is not in this folder`,
    path: folders[0] === '' ? root : join(root, folders[0]),
    remedy: canFetch ? 'Pass download: true (--download) to fetch it' : (howToGet ?? 'Put its files there'),
  })
}

/** How many tracks that are not there are listed one by one. */
const MAX_MISSING = 1000

const missingFile = (path: string): SkippedFile => ({
  path,
  code: 'ERR_DATASET',
  reason: 'the data set names it, but it is not there',
})

export interface PlacedPlan {
  plan: LabelPlan
  /** tracks that the data set names and that are not there */
  missing: number
}

/**
 * The tracks of the data set that are there; those that are not are skipped with the reason.
 * @throws DatasetError if a table is missing or no track is there
 */
export async function planNamed(dataset: NamedDataset, place: Place, scheme: string): Promise<PlacedPlan> {
  const { task, classes, files, skipped } = await dataset.list(place, scheme)
  const there = files.filter(({ path }) => place.hasAudio(path))
  const gone = files.filter(({ path }) => !place.hasAudio(path))
  if (there.length === 0)
    throw new DatasetError({
      what: `none of the ${files.length} tracks of ${dataset.name} is there${gone[0] ? `, such as ${gone[0].path}` : ''}`,
      path: place.root,
      remedy: dataset.howToGet ?? 'Pass download: true (--download) to fetch them',
    })
  const listed = gone.slice(0, MAX_MISSING).map(({ path }) => missingFile(path))
  const plan: LabelPlan = {
    task,
    classes: classes && [...classes],
    files: [...there].sort((a, b) => byCodeUnit(a.path, b.path)),
    skipped: [...skipped, ...listed],
  }
  return { plan, missing: gone.length }
}
