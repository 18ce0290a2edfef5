import type { Command } from 'commander'
import { inspectModel } from '../../model/inspect.js'
import { commonFlags, examples } from '../command.js'
import { onRun } from '../session.js'
import { printable, table } from '../text.js'

export function configure(command: Command): void {
  command
    .argument('<model>', 'model file or run directory; nothing in it is executed')
    .option('--sha256', 'a hash of the bytes of each tensor')
  commonFlags(command)
  examples(command, ['clmr inspect runs/mine', 'clmr inspect clmr.ckpt --sha256 --json'])
  onRun(command, async (session, { sha256 }: { sha256?: boolean }, model: string) => {
    const found = await inspectModel(model, { sha256 })
    session.print(
      `${printable(found.path)}: ${found.format}, ${found.tensors.length} tensors, ${found.values} numbers`,
    )
    for (const [name, value] of Object.entries(found.metadata)) session.print(printable(`${name}: ${value}`))
    for (const name of found.inert) session.print(printable(`names ${name}, which was not imported`))
    for (const warning of found.warnings) session.note(warning)
    const rows = found.tensors.map(({ name, dtype, shape, sha256: hash }) => {
      const row = [printable(name), dtype, `[${shape.join(', ')}]`]
      return hash === undefined ? row : [...row, hash]
    })
    if (rows.length > 0) session.print(table(rows))
    session.printJson(found)
  })
}
