/** Tables of evaluations. */
import type {
  Bounds,
  Evaluation,
  ProbeDifference,
  Retrieval,
  RetrievalDifference,
} from '../evaluate/index.js'
import type { RepeatedEvaluation, Spread } from '../evaluate/linear-evaluation.js'
import type { Session } from './session.js'
import { figure, printable, table } from './text.js'

const FORMS = ['raw', 'standardised', 'whitened'] as const
type Named<T> = readonly (readonly [name: string, of: T])[]

const percent = (share: number) => `${figure(100 * share, 1)} %`
/** `54.0 % (41–66)` */
const withBounds = (share: number, { low, high }: Bounds) =>
  `${percent(share)} (${figure(100 * low, 0)}–${figure(100 * high, 0)})`

/** Every model in every form: clean, altered, and neighbours of the same label if there are labels. */
export function tellRetrieval(session: Session, models: Named<Retrieval>): void {
  const { tracks, queriesPerTrack, k } = models[0]![1]
  const labelled = models.some(([, { raw }]) => raw.labels)
  session.print(
    `Retrieval among ${tracks} tracks, ${tracks * queriesPerTrack} queries; 95 % intervals in brackets`,
  )
  const head = ['model', 'vectors', 'top 1', `top ${k}`, 'MRR', 'median rank', 'top 1, altered']
  const rows = models.flatMap(([name, retrieval]) =>
    FORMS.map((form) => {
      const { top1, topK, mrr, medianRank, byTransform, labels, intervals } = retrieval[form]
      const row = [printable(name), form, withBounds(top1, intervals.top1), percent(topK), figure(mrr)]
      row.push(figure(medianRank, 1), withBounds(byTransform.chain!.top1, intervals.byTransform.chain!.top1))
      return labelled ? [...row, labels ? percent(labels.precisionAtK) : '–'] : row
    }),
  )
  session.print(table([labelled ? [...head, `same label in top ${k}`] : head, ...rows]))
  const [name, first] = models[0]!
  session.print(`\nTop 1 of ${printable(name)} for altered queries, ${tracks} tracks`)
  const transforms = Object.keys(first.raw.byTransform).map((transform) => [
    printable(transform),
    ...FORMS.map((form) => percent(first[form].byTransform[transform]!.top1)),
  ])
  session.print(table([['query', ...FORMS], ...transforms]))
}

/** The linear evaluation of every model, and each class of the first. */
export function tellProbes(session: Session, models: Named<Evaluation>): void {
  const { tracks, perClass, f1PerClass, thresholds, worst } = models[0]![1]
  const name = printable(models[0]![0])
  session.print(`\nLinear probe on ${tracks} test tracks of ${perClass.length} classes`)
  const rows = models.map(([model, { rocAuc, prAuc, accuracy, f1, intervals }]) => [
    printable(model),
    ...([rocAuc, prAuc] as const).map((value) => figure(value)),
    withBounds(accuracy, intervals.accuracy),
    figure(f1),
  ])
  session.print(table([['model', 'ROC-AUC', 'PR-AUC', 'accuracy', 'F1'], ...rows]))
  const classes = perClass.map((c, k) => [
    printable(c.class),
    figure(c.rocAuc),
    figure(c.prAuc),
    figure(c.accuracy),
    figure(f1PerClass[k]!),
    ...(thresholds ? [figure(thresholds[k]!)] : []),
    `${c.tracks}`,
  ])
  session.print(`\nClasses, ${name}`)
  const decided = thresholds ? ['F1', 'threshold'] : ['F1']
  session.print(table([['class', 'ROC-AUC', 'PR-AUC', 'accuracy', ...decided, 'tracks'], ...classes]))
  const wrong = worst.filter(({ labels, predicted }) => labels.join() !== predicted.join()).slice(0, 5)
  if (wrong.length === 0) return
  session.print(`\nWorst predictions of ${name}`)
  const paths = wrong.map(({ path, labels, predicted }) => [
    printable(path),
    printable(labels.join(', ') || '–'),
    printable(predicted.join(', ') || '–'),
  ])
  session.print(table([['track', 'label', 'predicted'], ...paths]))
}

/** `0.812 (0.790–0.831)`: the mean of several probes, the lowest and the highest. */
const spread = ({ mean, lowest, highest }: Spread) => `${figure(mean)} (${figure(lowest)}–${figure(highest)})`

/** Probes with several seeds, and with parts of the labels. */
export function tellRepeated(session: Session, rows: Named<RepeatedEvaluation>): void {
  if (rows.length === 0) return
  session.print('\nSeveral probes: mean, lowest and highest')
  const lines = rows.map(([name, { labelFraction, seeds, rocAuc, prAuc, accuracy, f1 }]) => [
    printable(name),
    percent(labelFraction),
    `${seeds.length}`,
    ...[rocAuc, prAuc, accuracy, f1].map(spread),
  ])
  session.print(table([['model', 'labels', 'probes', 'ROC-AUC', 'PR-AUC', 'accuracy', 'F1'], ...lines]))
}

/** What one model has more than another. */
export interface Differences {
  retrieval: RetrievalDifference
  probe?: ProbeDifference
}

/** `+3.1 (-0.4 to +6.5)`, in points of a hundred */
function points(value: number, { low, high }: Bounds): string {
  const signed = (x: number) => `${x > 0 ? '+' : ''}${figure(100 * x, 1)}`
  return `${signed(value)} (${signed(low)} to ${signed(high)})`
}

/** Differences on the same tracks: where the interval does not hold 0, one of the two is better. */
export function tellDifferences(
  session: Session,
  [name, other]: readonly [string, string],
  { retrieval, probe }: Differences,
): void {
  const names = `${printable(name)} less ${printable(other)}`
  session.print(`\n${names}, in points, on the same ${retrieval.tracks} tracks; 95 % intervals in brackets`)
  const rows = FORMS.map((form) => {
    const { top1, mrr, byTransform, intervals } = retrieval[form]
    const chain = points(byTransform.chain!.top1, intervals.byTransform.chain!.top1)
    return [form, points(top1, intervals.top1), points(mrr, intervals.mrr), chain]
  })
  session.print(table([['vectors', 'top 1', 'MRR', 'top 1, altered'], ...rows]))
  if (!probe) return
  const figures = ([probe.rocAuc, probe.prAuc, probe.accuracy, probe.f1] as const).map((of) =>
    points(of.value, of),
  )
  const head = [`probe, ${probe.tracks} tracks`, 'ROC-AUC', 'PR-AUC', 'accuracy', 'F1']
  session.print(table([head, ['', ...figures]]))
}
