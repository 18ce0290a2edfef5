import type { Command } from 'commander'
import { inspectModel, type ModelInspection } from '../../model/inspect.js'
import { commonFlags, examples } from '../command.js'
import { onRun, type Session } from '../session.js'
import { printable, table } from '../text.js'

interface Options {
  sha256?: boolean
  tensors?: boolean
}

const grouped = (n: number) => n.toLocaleString('en-US')

/** What one wants to know first, a line each. */
function summary({ path, format, dim, sampleRate, tensors, values, ...rest }: ModelInspection): string[] {
  const { objective, steps, data } = rest
  const rate = sampleRate === undefined ? '' : ` at ${grouped(sampleRate)} Hz`
  const embeds = dim === undefined ? 'no encoder of clmr' : `embeddings of ${dim} numbers${rate}`
  const trained = [objective && `with ${objective}`, steps !== undefined && `for ${grouped(steps)} steps`]
  const on = data && `on ${grouped(data.tracks)} tracks of ${data.cache}`
  const training = [...trained, on].filter(Boolean).join(' ')
  const { architecture, kernels } = rest
  const layers =
    architecture &&
    `strides ${architecture.strides.join(', ')}; channels ${architecture.channels.join(', ')}; clips of ${grouped(architecture.clipLength)} samples; ${kernels} kernels`
  return [
    `${path}: ${embeds}; ${format}, ${tensors.length} tensors, ${grouped(values)} numbers`,
    ...(training ? [`trained ${training}`] : []),
    ...(layers ? [layers] : []),
  ]
}

function tell(session: Session, found: ModelInspection, listTensors: boolean): void {
  for (const line of summary(found)) session.print(printable(line))
  for (const [name, value] of Object.entries(found.metadata)) session.print(printable(`${name}: ${value}`))
  for (const name of found.inert) session.print(printable(`refers to ${name}, which was not imported`))
  for (const warning of found.warnings) session.note(warning)
  const rows = found.tensors.map(({ name, dtype, shape, sha256 }) => {
    const row = [printable(name), dtype, `[${shape.join(', ')}]`]
    return sha256 === undefined ? row : [...row, sha256]
  })
  if (listTensors && rows.length > 0) session.print(table(rows))
  session.printJson(found)
}

export function configure(command: Command): void {
  command
    .argument('<model>', 'Model file or run directory; nothing in it is executed')
    .option('--tensors', 'List the tensors, in the order of the network')
    .option('--sha256', 'List the tensors, each with the SHA-256 of its bytes')
  commonFlags(command)
  examples(command, ['clmr inspect runs/mine', 'clmr inspect clmr.ckpt --sha256 --json'])
  onRun(command, async (session, { sha256 = false, tensors = false }: Options, model: string) => {
    tell(session, await inspectModel(model, { sha256 }), sha256 || tensors)
  })
}
