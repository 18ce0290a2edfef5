/** Progress on stderr: a bar on a terminal, otherwise a plain line now and then; nothing with --quiet. */
import { duration, printable } from './text.js'

export interface Progress {
  /** `note` is a short text behind the figures. */
  update(done: number, total: number, note?: string): void
  /** A line of its own, above the bar. */
  line(text: string): void
  end(): void
}

const LINE_MILLISECONDS = 5000

class Lines implements Progress {
  private readonly started = Date.now()
  private printed = 0

  constructor(private readonly label: string) {}

  update(done: number, total: number, note = ''): void {
    const now = Date.now()
    if (done < total && now - this.printed < LINE_MILLISECONDS) return
    this.printed = now
    const left = done > 0 ? ((now - this.started) / 1000 / done) * (total - done) : undefined
    const remaining = left !== undefined && done < total ? `, ${duration(left)} left` : ''
    this.line(`${this.label} ${done}/${total}${note && `, ${note}`}${remaining}`)
  }

  line(text: string): void {
    process.stderr.write(`${printable(text)}\n`)
  }

  end(): void {}
}

interface Bar {
  start(total: number, value: number, payload: object): void
  setTotal(total: number): void
  update(value: number, payload: object): void
  stop(): void
}

class TerminalBar implements Progress {
  private running = false

  constructor(
    private readonly label: string,
    private readonly bar: Bar,
  ) {}

  update(done: number, total: number, note = ''): void {
    const width = (process.stderr.columns ?? 80) - this.label.length - 60
    const payload = { label: this.label, note: printable(note).slice(0, Math.max(24, width)) }
    if (this.running) {
      this.bar.setTotal(total)
      this.bar.update(done, payload)
    } else this.bar.start(total, done, payload)
    this.running = true
  }

  line(text: string): void {
    process.stderr.write(`\r\u001b[2K${printable(text)}\n`)
  }

  end(): void {
    if (this.running) this.bar.stop()
    this.running = false
  }
}

const SILENT: Progress = { update() {}, line() {}, end() {} }

export async function startProgress(label: string, quiet: boolean): Promise<Progress> {
  if (quiet) return SILENT
  if (!process.stderr.isTTY || process.env.TERM === 'dumb') return new Lines(label)
  const { default: cliProgress } = await import('cli-progress')
  const bar = new cliProgress.SingleBar({
    format: '{label} {bar} {value}/{total} {note} · {eta_formatted} left',
    stream: process.stderr,
    barsize: 24,
    barCompleteChar: '━',
    barIncompleteChar: '·',
    hideCursor: true,
    gracefulExit: false,
    etaBuffer: 20,
    fps: 8,
  })
  return new TerminalBar(label, bar)
}
