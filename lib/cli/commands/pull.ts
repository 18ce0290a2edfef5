import type { Command } from 'commander'
import { PUBLISHED, pullModel } from '../../model/pull.js'
import { commonFlags, examples } from '../command.js'
import { UsageError } from '../failure.js'
import { onRun } from '../session.js'
import { printable } from '../text.js'

interface Options {
  sha256?: string
}

export function configure(command: Command): void {
  command
    .argument(
      '<source>',
      `URL (http or https) of a model file, or one of the names ${Object.keys(PUBLISHED).join(', ')}`,
    )
    .option('--sha256 <hex>', 'Expected SHA-256 of the file; any other file is refused')
  commonFlags(command)
  examples(command, ['clmr pull clmr-10000', 'clmr inspect "$(clmr pull clmr-10000)"'])
  onRun(command, async (session, { sha256 }: Options, source: string) => {
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
      throw new UsageError('--sha256 is not a SHA-256', 'Pass its 64 hexadecimal digits')
    const path = await session.withProgress('download', (progress) =>
      pullModel(source, {
        sha256,
        signal: session.signal,
        onBytes: (have, total) => {
          if (total) progress.update(Math.floor((100 * have) / total), 100)
        },
      }),
    )
    session.print(printable(path))
    session.printJson({ source, path })
  })
}
