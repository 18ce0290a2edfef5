/** `metrics.jsonl`: one JSON object a line, appended. A line is whole or it does not count. */
import { createHash } from 'node:crypto'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { ioError } from '../errors.js'

export interface MetricsRecord {
  step: number
  [name: string]: unknown
}

function parseLine(line: string): MetricsRecord | undefined {
  try {
    const record = JSON.parse(line) as MetricsRecord | null
    return typeof record?.step === 'number' ? record : undefined
  } catch {
    return undefined
  }
}

/** The records of a log; lines that are no record are counted, not thrown. A missing file is an empty log. */
export async function readMetricsFile(path: string): Promise<{ records: MetricsRecord[]; damaged: number }> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return ''
    throw ioError(error, path, 'read')
  })
  const lines = text.split('\n').filter((line) => line !== '')
  const records = lines.map(parseLine).filter((record) => record !== undefined)
  return { records, damaged: lines.length - records.length }
}

/** SHA-256 of the first `bytes` bytes; undefined where the file is shorter. */
export async function metricsPrefixSha256(path: string, bytes: number): Promise<string | undefined> {
  const content = await readFile(path).catch((error) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw ioError(error, path, 'read')
  })
  if (content.length < bytes) return undefined
  return createHash('sha256').update(content.subarray(0, bytes)).digest('hex')
}

/** A log that is open for appending. Calls may overlap: they are done one after the other. */
export class MetricsLog {
  private queue: Promise<unknown> = Promise.resolve()

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private bytes: number,
  ) {}

  /** Opens or makes the log; a last line that a crash cut off is dropped. @throws IoError */
  static async open(path: string): Promise<MetricsLog> {
    try {
      const file = await open(path, 'a+')
      const content = await file.readFile()
      const whole = content.lastIndexOf(10) + 1
      if (whole < content.length) await file.truncate(whole)
      return new MetricsLog(path, file, whole)
    } catch (error) {
      throw ioError(error, path, 'open')
    }
  }

  private inTurn<T>(act: () => Promise<T>, doing: string): Promise<T> {
    const result = this.queue.then(act).catch((error) => {
      throw ioError(error, this.path, doing)
    })
    this.queue = result.catch(() => undefined)
    return result
  }

  /** @throws IoError, and the log is what it was */
  append(record: MetricsRecord): Promise<void> {
    return this.inTurn(async () => {
      const line = Buffer.from(`${JSON.stringify(record)}\n`)
      try {
        await this.file.appendFile(line)
        this.bytes += line.length
      } catch (error) {
        await this.file.truncate(this.bytes).catch(() => undefined)
        throw error
      }
    }, 'append to')
  }

  /** Keeps the records up to a step, in front of the first later one. @throws IoError */
  cutAfter(step: number): Promise<void> {
    return this.inTurn(async () => {
      const content = await readFile(this.path)
      let keep = 0
      while (keep < content.length) {
        const end = content.indexOf(10, keep) + 1
        const record = parseLine(content.toString('utf8', keep, end))
        if (end === 0 || !record || record.step > step) break
        keep = end
      }
      await this.file.truncate(keep)
      await this.file.sync()
      this.bytes = keep
    }, 'shorten')
  }

  /** Makes what was appended durable. → its length and hash, for a checkpoint to remember */
  seal(): Promise<{ bytes: number; sha256: string }> {
    return this.inTurn(async () => {
      await this.file.sync()
      return { bytes: this.bytes, sha256: (await metricsPrefixSha256(this.path, this.bytes)) ?? '' }
    }, 'sync')
  }

  async close(): Promise<void> {
    await this.queue
    await this.file.close()
  }
}
