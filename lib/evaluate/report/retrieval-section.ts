/** Retrieval on the page: every model in every form with every figure, and a heat map of what the models mind. */
import type { Bounds, NamedRetrieval, Retrieval, RetrievalMeasure } from '../types.js'
import { html, type Markup } from './escape.js'
import { heatCell, percent } from './figures.js'
import { seenNotes } from './seen-notes.js'

const FORMS = ['raw', 'standardised', 'whitened'] as const

const within = (v: number, { low, high }: Bounds) =>
  `${percent(v)} (${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)})`

function figures({
  top1,
  topK,
  mrr,
  medianRank,
  byTransform,
  labels,
  intervals,
}: RetrievalMeasure): string[] {
  const { chain } = byTransform
  return [
    within(top1, intervals.top1),
    percent(topK),
    mrr.toFixed(3),
    medianRank.toFixed(1),
    chain ? within(chain.top1, intervals.byTransform.chain!.top1) : '–',
    labels ? percent(labels.precisionAtK) : '–',
    labels ? percent(labels.map) : '–',
  ]
}

function figureTable(models: readonly NamedRetrieval[], k: number): Markup {
  const head = [
    'Top 1',
    `Top ${k}`,
    'MRR',
    'Median rank',
    'Top 1, altered',
    `Same label in top ${k}`,
    'MAP of labels',
  ]
  const row = (name: string, form: string, of: RetrievalMeasure) =>
    html`<tr><td><bdi>${name}</bdi></td><td>${form}</td>${figures(of).map((text) => html`<td>${text}</td>`)}</tr>`
  return html`<div class="scroll"><table>
<thead><tr><th>Encoder</th><th>Vectors</th>${head.map((name) => html`<th>${name}</th>`)}</tr></thead>
<tbody>${models.map(({ name, retrieval }) => FORMS.map((form) => row(name, form, retrieval[form])))}</tbody>
</table></div>`
}

/** A row a transform; three columns a model, one for each form. */
function heatMap(models: readonly NamedRetrieval[]): Markup {
  const transforms = Object.keys(models[0]!.retrieval.raw.byTransform)
  const shares = (retrieval: Retrieval, transform: string) =>
    FORMS.map((form) => {
      const share = retrieval[form].byTransform[transform]?.top1 ?? Number.NaN
      return heatCell(share, percent(share))
    })
  const row = (transform: string) =>
    html`<tr><td><bdi>${transform}</bdi></td>${models.map(({ retrieval }) => shares(retrieval, transform))}</tr>`
  return html`<h3>Top 1 of altered queries</h3>
<div class="scroll"><table class="heat-map">
<thead><tr><th>Query</th>${models.map(({ name }) => html`<th colspan="3"><bdi>${name}</bdi></th>`)}</tr>
<tr><th></th>${models.map(() => FORMS.map((form) => html`<th>${form}</th>`))}</tr></thead>
<tbody>${transforms.map(row)}</tbody>
</table></div>`
}

export function retrievalSection(models: readonly NamedRetrieval[]): Markup {
  if (models.length === 0) return html``
  const { tracks, queriesPerTrack, k } = models[0]!.retrieval
  const judged = models.map(({ name, retrieval }) => ({ name, trainedOn: retrieval.trainedOn, tracks }))
  return html`<section><h2>Is a track found again?</h2>
<p class="muted">One crop of each of ${tracks} tracks is the library, ${tracks * queriesPerTrack} other crops ask: how often does the own track come first? As they are, and altered: one transform at a time, or the whole chain. Brackets hold 95 % intervals. Compare each encoder in its best form of the vectors.${seenNotes(judged, 'queried')}</p>
${figureTable(models, k)}${heatMap(models)}</section>`
}
