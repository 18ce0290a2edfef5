/** The linear evaluation on the page: every encoder, each class, what is taken for what, and the worst tracks. */
import type { ClassResult, NamedResult, ShownEvaluation } from '../types.js'
import { html, Markup } from './escape.js'
import { heatCell, percent, score } from './figures.js'
import { seenNotes } from './seen-notes.js'

function resultsTable(results: NamedResult[], multilabel: boolean): Markup {
  const columns: [string, (e: ShownEvaluation) => number, (v: number) => string][] = [
    [multilabel ? 'Every class right' : 'Accuracy', (e) => e.accuracy, percent],
    ['ROC-AUC', (e) => e.rocAuc, score],
    ['PR-AUC', (e) => e.prAuc, score],
    ['F1', (e) => e.f1 ?? Number.NaN, score],
  ]
  const best = columns.map(([, pick]) => Math.max(...results.map((r) => pick(r.evaluation))))
  const row = (r: NamedResult) =>
    html`<tr><td><bdi>${r.name}</bdi></td>${columns.map(
      ([, pick, format], i) =>
        html`<td${new Markup(pick(r.evaluation) === best[i] ? ' class="best"' : '')}>${format(pick(r.evaluation))}</td>`,
    )}<td>${r.evaluation.tracks}</td><td>${r.evaluation.clips}</td></tr>`
  return html`<div class="scroll"><table>
<thead><tr><th>Encoder</th>${columns.map(([name]) => html`<th>${name}</th>`)}<th>Test tracks</th><th>Clips</th></tr></thead>
<tbody>${results.map(row)}</tbody>
</table></div>`
}

const FILLS = 3

function bars(values: number[]): Markup {
  const height = 18 / values.length
  const bar = (v: number, i: number) => {
    const width = Number.isFinite(v) ? Math.max(0, Math.min(1, v)) * 100 : 0
    const at = new Markup(`y="${(i * height).toFixed(2)}" height="${Math.max(2, height - 1.5).toFixed(2)}"`)
    return html`<rect class="track-line" width="100%" rx="2" ${at}/><rect class="fill-${i % FILLS}" width="${width.toFixed(2)}%" rx="2" ${at}/>`
  }
  return html`<svg class="bars" role="img" aria-label="${values.map(percent).join(', ')}">${values.map(bar)}</svg>`
}

/** Of the first encoder: F1, and the threshold that a class has where there may be several. */
function decisionColumns({ evaluation }: NamedResult): [name: string, values: readonly number[]][] {
  const { f1PerClass, thresholds } = evaluation
  return [
    ...(f1PerClass ? ([['F1', f1PerClass]] as [string, number[]][]) : []),
    ...(thresholds ? ([['Threshold', thresholds]] as [string, number[]][]) : []),
  ]
}

function classTable(results: NamedResult[], multilabel: boolean): Markup {
  const pick = (c: ClassResult | undefined) => (c ? (multilabel ? c.rocAuc : c.accuracy) : Number.NaN)
  const format = multilabel ? score : percent
  const names = results[0]!.evaluation.perClass
  const of = (r: NamedResult, name: string) => pick(r.evaluation.perClass.find((c) => c.class === name))
  const decisions = decisionColumns(results[0]!)
  const row = (c: ClassResult, k: number) => {
    const values = results.map((r) => of(r, c.class))
    const cells = values.map((v) => html`<td>${format(v)}</td>`)
    const own = decisions.map(([, column]) => html`<td>${score(column[k]!)}</td>`)
    return html`<tr><td><bdi>${c.class}</bdi></td><td class="bar">${bars(values)}</td>${cells}${own}<td>${c.tracks}</td></tr>`
  }
  const key = (r: NamedResult, i: number) =>
    html`<span class="key"><svg class="key-mark" aria-hidden="true"><rect class="fill-${i % FILLS}" width="12" height="12" rx="2"/></svg><bdi>${r.name}</bdi></span>`
  const note =
    decisions.length > 0 &&
    html`<p class="muted">${decisions.map(([name]) => name).join(' and ')}: of <bdi>${results[0]!.name}</bdi>.${multilabel && ' F1 is that of decisions at 0.5; the threshold is the one with the highest F1 on the validation tracks.'}</p>`
  return html`<h3>${multilabel ? 'ROC-AUC' : 'Share of recognised tracks'} by class</h3>
<p>${results.map(key)}</p>${note}
<div class="scroll"><table>
<thead><tr><th>Class</th><th></th>${results.map((r) => html`<th><bdi>${r.name}</bdi></th>`)}${decisions.map(([name]) => html`<th>${name}</th>`)}<th>Tracks</th></tr></thead>
<tbody>${names.map(row)}</tbody>
</table></div>`
}

/** More columns than this are no picture. */
const MAX_CONFUSED = 24

/** Which class the tracks of each class were taken for, by the first encoder. */
function confusionTable({ name, evaluation }: NamedResult): Markup {
  const { confusion, perClass } = evaluation
  if (!confusion || perClass.length > MAX_CONFUSED) return html``
  const row = (counts: number[], k: number) => {
    const tracks = counts.reduce((sum, n) => sum + n, 0)
    return html`<tr><td><bdi>${perClass[k]!.class}</bdi></td>${counts.map((n) => heatCell(n / tracks, String(n)))}</tr>`
  }
  return html`<h3>What <bdi>${name}</bdi> took the tracks for</h3>
<div class="scroll"><table class="heat-map">
<thead><tr><th>Class</th>${perClass.map((c) => html`<th><bdi>${c.class}</bdi></th>`)}</tr></thead>
<tbody>${confusion.map(row)}</tbody>
</table></div>`
}

/** The tracks that the first encoder got wrong with the most certainty. */
function worstTable({ name, evaluation }: NamedResult): Markup {
  const wrong = (evaluation.worst ?? []).filter((t) => t.labels.join() !== t.predicted.join())
  if (wrong.length === 0) return html``
  const listed = (classes: string[]) => html`<bdi>${classes.join(', ') || '–'}</bdi>`
  const row = (t: (typeof wrong)[number]) =>
    html`<tr><td><bdi>${t.path}</bdi></td><td>${listed(t.labels)}</td><td>${listed(t.predicted)}</td><td>${score(t.probability)}</td></tr>`
  return html`<h3>Worst predictions of <bdi>${name}</bdi></h3>
<div class="scroll"><table>
<thead><tr><th>Track</th><th>Label</th><th>Predicted</th><th>Probability of the label</th></tr></thead>
<tbody>${wrong.map(row)}</tbody>
</table></div>`
}

export function resultsSection(results: NamedResult[], multilabel: boolean): Markup {
  if (results.length === 0) return html``
  const judged = results.map(({ name, evaluation }) => ({ ...evaluation, name }))
  return html`<section><h2>What the embeddings know</h2>
<p class="muted">Linear evaluation: the encoder is frozen, a small head learns the labels from its embeddings, and is judged on the test tracks, which the head has not seen. Answers are averaged over the clips of a track.${seenNotes(judged, 'test')}</p>
${resultsTable(results, multilabel)}${classTable(results, multilabel)}${confusionTable(results[0]!)}${worstTable(results[0]!)}</section>`
}
