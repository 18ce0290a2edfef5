import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dataset, prepare } from 'clmr'
import { tinyDataset } from './tiny-dataset.js'

/** The tracks of `tinyDataset` with a label each: a and b in turn, all of them in the train split. */
export async function labelledDataset(folder: string, lengths: readonly number[]): Promise<Dataset> {
  const unlabelled = await tinyDataset(folder, lengths)
  unlabelled.dispose()
  const lines = lengths.map((_, i) => `track-${i}.wav,train,${i % 2 ? 'b' : 'a'}`)
  const labels = join(folder, 'labels.csv')
  await writeFile(labels, `path,split,label\n${lines.join('\n')}\n`)
  return prepare(join(folder, 'music'), { cache: join(folder, 'labelled-cache'), labels })
}
