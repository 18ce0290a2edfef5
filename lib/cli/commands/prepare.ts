import type { Command } from 'commander'
import { prepare } from '../../cache/index.js'
import { prepareOptions } from '../../cache/prepare-options.js'
import { flagFor } from '../../options.js'
import { commonFlags, examples, threadsFlag } from '../command.js'
import { onRun } from '../session.js'
import { duration, printable } from '../text.js'

interface Options {
  cache: string
  labels?: string
  seed?: number
  maxReject?: number
  concurrency?: number
}

const FLAGS = ['labels', 'seed', 'maxReject', 'concurrency'] as const
const MAX_LISTED = 50

export function configure(command: Command): void {
  command
    .argument('<source>', 'folder of audio files; sub-folders are searched too')
    .addOption(flagFor(prepareOptions, 'cache').makeOptionMandatory())
  for (const name of FLAGS) command.addOption(flagFor(prepareOptions, name))
  threadsFlag(command)
  commonFlags(command)
  examples(command, [
    'clmr prepare ~/Music --cache music.cache',
    'clmr prepare corpus --cache corpus.cache --labels folders',
    'clmr prepare clips --cache tags.cache --labels tags.csv',
  ])
  onRun(
    command,
    async (session, { cache, labels, seed, maxReject, concurrency }: Options, source: string) => {
      const dataset = await session.withProgress('prepare', (progress) =>
        prepare(source, {
          cache,
          labels,
          seed,
          maxReject,
          concurrency,
          signal: session.signal,
          onProgress: ({ done, total, rejected }) =>
            progress.update(done, total, rejected ? `${rejected} not usable` : ''),
        }),
      )
      using _open = dataset
      const { skipped, tracks, classes } = dataset
      for (const { path, reason } of skipped.slice(0, MAX_LISTED)) session.warn(`skipped ${path}: ${reason}`)
      if (skipped.length > MAX_LISTED)
        session.warn(`… and ${skipped.length - MAX_LISTED} more (--json lists all)`)
      for (const warning of dataset.warnings) session.warn(warning)
      const seconds = tracks.reduce((sum, track) => sum + track.duration, 0)
      const share = (split: string) => tracks.filter((track) => track.split === split).length
      const splits = { train: share('train'), valid: share('valid'), test: share('test') }
      const found = tracks.length + skipped.length
      session.print(`${found} files: ${tracks.length} accepted, ${skipped.length} rejected`)
      session.print(
        `${duration(seconds)} of music, ${classes.length} classes, train ${splits.train}, valid ${splits.valid}, test ${splits.test}`,
      )
      session.print(printable(dataset.cache))
      session.printJson({
        in: found,
        accepted: tracks.length,
        rejected: skipped.length,
        cache: dataset.cache,
        seconds,
        task: dataset.task,
        classes,
        splits,
        warnings: dataset.warnings,
        skipped,
      })
    },
  )
}
