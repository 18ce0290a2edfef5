/** The tables and curves of the comparison. */
import type { Point } from './cells.js'
import type { Panel } from './chart.js'
import { best, FORMS, type Form, type Share, type Worth } from './measure.js'

/** A system or a baseline: its points, a list for each seed. */
export interface Entry {
  key: string
  name: string
  trained: boolean
  runs: Point[][]
}

type Measure = (worth: Worth) => number | undefined
const MEASURES: readonly [title: string, of: Measure][] = [
  ['clean retrieval, best form', ({ clean }) => best(clean).value],
  ['altered retrieval, best form', ({ altered }) => best(altered).value],
  ['same label among ten, best form', ({ sameLabel }) => best(sameLabel).value],
  ['probe, standardised features', ({ probe }) => probe?.standardised.value],
]

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const percent = (share: number) => (100 * share).toFixed(1)
const ends = ({ low, high }: Share) => `${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)}`
const lastOf = ({ runs }: Entry) => runs.map((points) => points.at(-1)!)
const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** Means over seeds in each form, and the interval of the best form of the first seed. */
function formsOf(worths: Worth[], pick: (worth: Worth) => Record<Form, Share>): string {
  const values = FORMS.map((form) => percent(mean(worths.map((worth) => pick(worth)[form].value))))
  return `${values.join(' · ')} % (${ends(best(pick(worths[0]!)))})`
}

function worthCells(worths: Worth[]): string[] {
  const probes = worths.flatMap(({ probe }) => probe ?? [])
  const probe = (pick: 'published' | 'standardised') =>
    probes.length === 0
      ? '–'
      : `${percent(mean(probes.map((one) => one[pick].value)))} % (${ends(probes[0]![pick])})`
  return [
    formsOf(worths, ({ clean }) => clean),
    formsOf(worths, ({ altered }) => altered),
    formsOf(worths, ({ sameLabel }) => sameLabel),
    probe('published'),
    probe('standardised'),
  ]
}

const HEAD = ['clean', 'altered', 'same label', 'probe, published', 'probe, standardised']

function finalTable(entries: Entry[], worthsOf: (entry: Entry) => Worth[]): string {
  const rows = entries.map((entry) => {
    const views = mean(lastOf(entry).map((point) => point.views))
    return [entry.name, entry.trained ? views.toFixed(0) : '–', ...worthCells(worthsOf(entry))]
  })
  return table(['', 'views', ...HEAD], rows)
}

/** A row for each mark; means over seeds. */
function curveTable(entries: Entry[]): string {
  const rows = entries
    .filter(({ trained }) => trained)
    .flatMap(({ name, runs }) =>
      runs[0]!.map((_, i) => {
        const points = runs.flatMap((run) => run[i] ?? [])
        const values = MEASURES.map(([, of]) => {
          const found = points.flatMap(({ worth }) => of(worth) ?? [])
          return found.length === 0 ? '–' : `${percent(mean(found))} %`
        })
        const age = [
          mean(points.map((p) => p.minutes)).toFixed(1),
          mean(points.map((p) => p.views)).toFixed(0),
        ]
        return [name, ...age, ...values]
      }),
    )
  return table(['', 'minutes', 'views', ...MEASURES.map(([title]) => title)], rows)
}

/** Minutes at which the mean curve of `ours` reaches a value, between its marks by a straight line. */
function minutesTo(ours: Entry, of: Measure, value: number): number | undefined {
  const curve = ours.runs[0]!.map((_, i) => {
    const points = ours.runs.flatMap((run) => run[i] ?? [])
    return {
      minutes: mean(points.map((p) => p.minutes)),
      value: mean(points.map(({ worth }) => of(worth) ?? 0)),
    }
  })
  const at = curve.findIndex((point) => point.value >= value)
  if (at <= 0) return curve[at]?.minutes
  const [before, after] = [curve[at - 1]!, curve[at]!]
  const way = (value - before.value) / (after.value - before.value)
  return before.minutes + way * (after.minutes - before.minutes)
}

function passing(entries: Entry[]): string {
  const ours = entries.find(({ key }) => key === 'small')
  const peer = entries.find(({ key }) => key === 'pytorch')
  if (!ours || !peer) return ''
  const said = MEASURES.map(([title, of]) => {
    const value = mean(lastOf(peer).map(({ worth }) => of(worth) ?? 0))
    const minutes = minutesTo(ours, of, value)
    return `${title}: ${percent(value)} %, ${minutes === undefined ? 'not reached' : `after at most ${minutes.toFixed(1)} minutes`}`
  })
  return `When ours reaches the final value of PyTorch (malloc tuned) — ${said.join('; ')}.`
}

/** How many views whitened log-mel statistics are away, if what the last doubling of the views brought goes on. */
function distance(entries: Entry[]): string {
  const ours = entries.find(({ key }) => key === 'small')
  const logMel = entries.find(({ key }) => key === 'log-mel')
  if (!ours || !logMel || ours.runs[0]!.length < 2) return ''
  const [, clean] = MEASURES[0]!
  const goal = mean(lastOf(logMel).map(({ worth }) => worth.clean.whitened.value))
  const at = (back: number) => {
    const points = ours.runs.map((run) => run.at(back)!)
    return {
      views: mean(points.map(({ views }) => views)),
      value: mean(points.map(({ worth }) => clean(worth)!)),
    }
  }
  const [before, last] = [at(-2), at(-1)]
  const gap = goal - last.value
  const head = `Whitened log-mel statistics: ${percent(goal)} % clean; ours ${percent(last.value)} % after ${last.views.toFixed(0)} views.`
  if (gap <= 0) return `${head} They are passed.`
  const perDoubling = (last.value - before.value) / Math.log2(last.views / before.views)
  if (!(perDoubling > 0))
    return `${head} The last two marks do not rise, so that they say nothing of the rest.`
  const needed = last.views * 2 ** (gap / perDoubling)
  return `${head} The last doubling brought ${percent(perDoubling)} points; at that pace the rest takes ${needed.toExponential(1)} views in all.`
}

export function tablesOf(entries: Entry[], minutes: number): string {
  const parts = [
    `After ${minutes} minutes:`,
    finalTable(entries, (entry) => lastOf(entry).map(({ worth }) => worth)),
  ]
  if (entries.every((entry) => lastOf(entry).every(({ check }) => check)))
    parts.push(
      'On other music:',
      finalTable(entries, (entry) => lastOf(entry).map(({ check }) => check!)),
    )
  parts.push('On the way:', curveTable(entries), passing(entries), distance(entries))
  return parts.filter(Boolean).join('\n\n')
}

export function panelsOf(entries: Entry[]): Panel[] {
  return MEASURES.map(([title, of]) => ({
    title,
    lines: entries.map(({ name, trained, runs }) => ({
      name,
      points: runs[0]!.map((_, i) => {
        const points = runs.flatMap((run) => run[i] ?? [])
        const value = mean(points.map(({ worth }) => of(worth) ?? 0))
        return trained ? { minutes: mean(points.map((p) => p.minutes)), value } : { value }
      }),
    })),
  }))
}
