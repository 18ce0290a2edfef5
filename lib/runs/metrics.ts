/** Reads `metrics.jsonl`: one JSON object on each line. Damaged lines are ignored. */
import { createHash } from 'node:crypto'
import { ioError } from '../errors.js'
import { readInput, readTextInput } from '../files/input.js'
import { currentMetrics } from './former.js'

export interface MetricsRecord {
  step: number
  [name: string]: unknown
}

/** A line of the log; undefined if it is no record. */
export function parseRecord(line: string): MetricsRecord | undefined {
  try {
    const record = JSON.parse(line) as MetricsRecord | null
    return typeof record?.step === 'number' ? currentMetrics(record) : undefined
  } catch {
    return undefined
  }
}

/** The records of a log; lines that are no record are counted, not thrown. A missing file is an empty log. */
export async function readMetricsFile(path: string): Promise<{ records: MetricsRecord[]; damaged: number }> {
  const text = await readTextInput(path).catch((error) => {
    if (error.code === 'ENOENT') return ''
    throw ioError(error, path, 'read')
  })
  const lines = text.split('\n')
  const last = parseRecord(lines.pop()!) // without its end: a training is writing it, or was cut off
  const whole = lines.filter((line) => line !== '')
  const records = whole.map(parseRecord).filter((record) => record !== undefined)
  const damaged = whole.length - records.length
  return { records: last ? [...records, last] : records, damaged }
}

/** SHA-256 of the first `bytes` bytes; undefined if the file is shorter. */
export async function metricsPrefixSha256(path: string, bytes: number): Promise<string | undefined> {
  const content = await readInput(path).catch((error) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw ioError(error, path, 'read')
  })
  if (content.length < bytes) return undefined
  return createHash('sha256').update(content.subarray(0, bytes)).digest('hex')
}
