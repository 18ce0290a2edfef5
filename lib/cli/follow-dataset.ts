import type { DatasetProgress } from '../cache/dataset-options.js'
import type { Progress } from './progress.js'

/** Shows the fetching of a data set, file by file, and then its decoding. */
export function followDataset(progress: Progress): (news: DatasetProgress) => void {
  let last = ''
  return (news) => {
    if (news.phase === 'prepare') {
      const { done, total, rejected } = news
      progress.update(done, total, rejected ? `${rejected} not usable` : '')
      return
    }
    const { phase, file, number, of, have, total } = news
    const line = `${phase} ${number}/${of}: ${file}`
    if (line !== last) progress.line(line)
    last = line
    if (have !== undefined && total) progress.update(Math.floor((100 * have) / total), 100, file)
  }
}
