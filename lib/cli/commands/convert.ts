import { extname } from 'node:path'
import type { Command } from 'commander'
import { checkOutput } from '../../files/output.js'
import { loadModelState, saveModelState } from '../../model/load-state.js'
import { locateModel } from '../../model/locate.js'
import { commonFlags, examples } from '../command.js'
import { onRun } from '../session.js'
import { printable } from '../text.js'

export function configure(command: Command): void {
  command
    .argument(
      '<in>',
      'Model to read: .safetensors, .ckpt, .pt, .pth, .onnx, a model folder or a run directory; pickles are never executed',
    )
    .argument('<out>', 'File to write: .safetensors, .pt or .onnx')
  commonFlags(command)
  examples(command, [
    'clmr convert clmr_checkpoint_10000.ckpt encoder.safetensors',
    'clmr convert runs/mine mine.pt',
    'clmr convert runs/mine mine.onnx',
  ])
  onRun(command, async (session, _options: object, from: string, to: string) => {
    await checkOutput(to)
    const found = await locateModel(from, 'clmr convert', { signal: session.signal })
    const { encoder, architecture, projector, head, format, warnings } = await loadModelState(found)
    for (const warning of warnings) session.note(`${from}: ${warning}`)
    await saveModelState(to, { encoder, architecture, projector, head })
    const keeps = extname(to).toLowerCase() !== '.onnx'
    const parts = ['encoder', ...(projector && keeps ? ['projector'] : []), ...(head ? ['head'] : [])]
    if (projector && !keeps) session.note('an ONNX file cannot hold the projector: it is left out')
    session.print(`${printable(to)}: ${parts.join(', ')}`)
    session.printJson({ in: from, out: to, format, parts, warnings })
  })
}
