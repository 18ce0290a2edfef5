/** README.md of a model folder: what the model is, how good it is, and how it was made. */
import { basename } from 'node:path'
import type { ModelConfig } from '../../model/folder.js'
import { seenSentence } from '../trained-on.js'
import type { Bounds, Evaluation, Retrieval } from '../types.js'

export interface CardData {
  config: ModelConfig
  retrieval?: Retrieval
  evaluation?: Evaluation
  /** classes of the probe in the folder */
  classes?: readonly string[]
  files: readonly { name: string; bytes: number; sha256: string }[]
}

const figure = (value: number) => (Number.isFinite(value) ? value.toFixed(3) : '–')
const bounds = ({ low, high }: Bounds) => `${figure(low)} – ${figure(high)}`
/** Names come from files: in a table they must not end a cell or begin markup. */
const cell = (text: string) => text.replace(/[|\\`*_<>[\]]/g, (c) => `\\${c}`).replace(/\s+/g, ' ')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const nameOf = (choice: unknown) => (choice as { name?: string } | undefined)?.name ?? 'unknown'

function evaluationSection({ config, retrieval, evaluation }: CardData): string {
  if (!retrieval)
    return `It has not been evaluated here. \`clmr evaluate --model . --data CACHE\` measures it on your own music; figures
of tracks that it was trained on flatter it (${config.trainedOn.sources.length} are known).`
  const rows: string[][] = []
  for (const form of ['raw', 'standardised', 'whitened'] as const) {
    const { top1, mrr, intervals } = retrieval[form]
    rows.push([`retrieval, ${form}: top 1`, figure(top1), bounds(intervals.top1)])
    rows.push([`retrieval, ${form}: MRR`, figure(mrr), bounds(intervals.mrr)])
  }
  if (evaluation)
    for (const [key, name] of [
      ['rocAuc', 'ROC-AUC'],
      ['prAuc', 'PR-AUC'],
      ['accuracy', 'accuracy'],
      ['f1', 'F1'],
    ] as const)
      rows.push([`linear probe: ${name}`, figure(evaluation[key]), bounds(evaluation.intervals[key])])
  const tracks = [`retrieval among ${retrieval.tracks} tracks`]
  if (evaluation)
    tracks.push(`probe on ${evaluation.tracks} test tracks of ${evaluation.perClass.length} classes`)
  const judged = evaluation ?? retrieval
  const seen = seenSentence(judged.trainedOn, judged.tracks, evaluation ? 'test' : 'queried')
  return `${table(['measure', 'value', '95 % interval'], rows)}\n\nMeasured: ${tracks.join('; ')}; ${seen}.`
}

const text = (value: unknown) => cell(typeof value === 'string' ? value : JSON.stringify(value))

function trainingSection({ chain, objective, training, data }: ModelConfig): string {
  const transforms = (chain as { name?: string }[] | undefined) ?? []
  const rows = [
    ['objective', text(objective)],
    ['augmentations', transforms.map((transform) => cell(nameOf(transform))).join(', ') || '–'],
    ...Object.entries(training).map(([name, value]) => [name, text(value)]),
  ]
  if (data) rows.push(['tracks', `${data.tracks}`])
  for (const [part, hash] of Object.entries(data?.sha256 ?? {}))
    rows.push([`SHA-256 of the ${part}`, hash ?? '–'])
  return `${table(['option', 'value'], rows)}\n\nEvery value of the augmentations is in \`config.json\`.`
}

const FRONT = `---
library_name: clmr
pipeline_tag: feature-extraction
tags: [audio, music, embeddings, contrastive-learning]
---`

/** @param folder its last part is the title */
export function modelCard(folder: string, card: CardData): string {
  const { config, classes, files } = card
  const { sampleRate, clipLength, hop, dim, architecture, training, data } = config
  const tracks = data ? ` on ${data.tracks} tracks` : ''
  const probe = classes
    ? `\nusing probe = await LinearProbe.load('probe.safetensors', { encoder }) // ${classes.length} classes
console.log(await probe.predictFile('song.mp3'))`
    : ''
  return `${FRONT}

# ${cell(basename(folder))}

An encoder of music: ${clipLength} samples at ${sampleRate} Hz (${(clipLength / sampleRate).toFixed(3)} s) → ${dim} numbers. The network is
${architecture.name} with ${architecture.channels.length} convolutions, trained with the objective ${nameOf(config.objective)}${tracks} for ${training.steps} steps
(${training.epochs} epochs).

## Use

\`\`\`ts
import { Encoder${classes ? ', LinearProbe' : ''} } from 'clmr'

using encoder = await Encoder.load('.') // this folder
const track = await encoder.encodeFile('song.mp3', { hop: ${hop.toFixed(3)} })
console.log(track.mean) // Float32Array(${dim})${probe}
\`\`\`

The tensors are those of \`model.safetensors\`, which any safetensors library reads. Audio has to be mono at ${sampleRate} Hz, full
scale ±1; embeddings are compared by their cosine.

## Evaluation

${evaluationSection(card)}

## How it was made

With ${config.producer}.

${trainingSection(config)}
${classes ? `\nThe probe predicts: ${classes.map(cell).join(', ')}.\n` : ''}
## Files

${table(
  ['file', 'bytes', 'SHA-256'],
  files.map(({ name, bytes, sha256 }) => [name, `${bytes}`, sha256]),
)}

The weights come without a licence until whoever passes them on adds one here.
`
}
