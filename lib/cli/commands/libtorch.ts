import type { Command } from 'commander'
import { type InstallProgress, installLibtorch } from '../../libtorch/install.js'
import { commonFlags, examples } from '../command.js'
import type { Progress } from '../progress.js'
import { onRun } from '../session.js'
import { printable } from '../text.js'

interface Options {
  from?: string
  index?: string
  keepWheel?: boolean
  cuda?: boolean
}

const FROM_FILE = 'clmr libtorch install --from ./torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl'

/** Shows the share of a download in whole per cent, and each value only once: progress arrives for every chunk. */
function follow(progress: Progress): (news: InstallProgress) => void {
  let last = ''
  return ({ what, message, fraction }) => {
    const line = `${what}: ${message}`
    if (fraction !== undefined) progress.update(Math.floor(100 * fraction), 100, message)
    else if (line !== last) progress.line(line)
    last = line
  }
}

export function configure(command: Command): void {
  examples(command, ['clmr libtorch install', FROM_FILE])
  const install = command
    .command('install')
    .description(
      "Download the libtorch that this version of clmr needs into the user's cache. This is needed once per machine.",
    )
    .option(
      '--from <wheel>',
      'Wheel to use: a file, an http(s) URL, or a folder that holds the wheel; for --cuda, a folder that holds all its wheels (default: download, with pip if it is installed)',
    )
    .option(
      '--cuda',
      'Install the libtorch with CUDA 13, and its NVIDIA libraries: a 2.5 GB download, Linux x64 only',
    )
    .option(
      '--index <url>',
      'Python package index (default: the one that pip uses, from PIP_INDEX_URL or pip.conf)',
    )
    .option('--keep-wheel', 'Keep the downloaded wheel after unpacking it')
  commonFlags(install)
  examples(install, ['clmr libtorch install', 'clmr libtorch install --cuda', FROM_FILE])
  onRun(install, async (session, { from, index, keepWheel, cuda }: Options) => {
    const { signal } = session
    const result = await session.withProgress('download', (progress) =>
      installLibtorch({ from, index, keepWheel, cuda, signal, onProgress: follow(progress) }),
    )
    session.print(`${result.installed ? 'installed in' : 'already installed in'} ${printable(result.folder)}`)
    session.printJson(result)
  })
}
