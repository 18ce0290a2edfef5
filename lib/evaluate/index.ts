/**
 * Stage evaluate: what the embeddings are worth.
 *
 * in: embeddings, labels, a run
 * out: probes, metrics, neighbours, a report
 */
export { accuracy, averagePrecision, rocAuc } from './metrics.js'
