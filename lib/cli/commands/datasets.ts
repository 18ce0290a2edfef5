import type { Command } from 'commander'
import { namedDatasets } from '../../datasets/named/index.js'
import { commonFlags, examples } from '../command.js'
import { onRun } from '../session.js'

const size = (bytes: number) => (bytes === 0 ? 'not to be downloaded' : `${(bytes / 1e9).toFixed(1)} GB`)

export function configure(command: Command): void {
  commonFlags(command)
  examples(command, ['clmr datasets', 'clmr prepare data --cache gtzan.cache --dataset gtzan'])
  onRun(command, async (session) => {
    const listed = namedDatasets().map(
      ({ name, about, tracks, licence, citation, homepage, schemes, bytes }) => ({
        ...{ name, about, tracks, licence, citation, homepage },
        schemes: schemes.map((scheme) => ({ name: scheme, bytes: bytes(scheme) })),
      }),
    )
    for (const { name, about, tracks, licence, citation, homepage, schemes } of listed) {
      session.print(`${name}: ${about}`)
      session.print(`  tracks    ${tracks}`)
      for (const [i, scheme] of schemes.entries())
        session.print(`  ${i === 0 ? 'schemes ' : '        '}  ${scheme.name} (${size(scheme.bytes)})`)
      session.print(`  licence   ${licence}`)
      if (citation) session.print(`  citation  ${citation}`)
      if (homepage) session.print(`  homepage  ${homepage}`)
      session.print('')
    }
    session.printJson(listed)
  })
}
