/** Appends to `metrics.jsonl`. */
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { ioError } from '../errors.js'
import { type MetricsRecord, metricsPrefixSha256, parseRecord } from './metrics.js'

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

  /** Keeps the records before the first one of a later step. @throws IoError */
  cutAfter(step: number): Promise<void> {
    return this.inTurn(async () => {
      const content = await readFile(this.path)
      let keep = 0
      while (keep < content.length) {
        const end = content.indexOf(10, keep) + 1
        const record = parseRecord(content.toString('utf8', keep, end))
        if (end === 0 || !record || record.step > step) break
        keep = end
      }
      await this.file.truncate(keep)
      await this.file.sync()
      this.bytes = keep
    }, 'shorten')
  }

  /** Makes the log durable. @returns its length and hash, which a checkpoint stores */
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
