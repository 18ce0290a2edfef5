import type { Command } from 'commander'
import { installLibtorch } from '../../native/libtorch/install.js'
import { commonFlags, examples } from '../command.js'
import { onRun } from '../session.js'
import { printable } from '../text.js'

interface Options {
  from?: string
  keepWheel?: boolean
}

export function configure(command: Command): void {
  examples(command, ['clmr libtorch install', 'clmr libtorch install --from torch-2.15.0-….whl'])
  const install = command
    .command('install')
    .description('Fetch the pinned libtorch into the cache of clmr, once a machine.')
    .option('--from <wheel>', 'a file or an http(s) URL of the wheel; by default pip fetches it')
    .option('--keep-wheel', 'keep the wheel after unpacking')
  commonFlags(install)
  examples(install, ['clmr libtorch install', 'clmr libtorch install --from ./torch-2.15.0.whl'])
  onRun(install, async (session, { from, keepWheel }: Options) => {
    const { signal } = session
    const result = await installLibtorch({
      from,
      keepWheel,
      signal,
      onProgress: ({ what, message }) => session.note(`${what}: ${message}`),
    })
    session.print(`${result.installed ? 'installed in' : 'is there already:'} ${printable(result.folder)}`)
    session.printJson(result)
  })
}
