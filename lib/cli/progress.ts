/** Progress on stderr: a bar on a terminal, otherwise a plain line now and then; nothing with --quiet. */
import { tell } from './streams.js'
import { duration, printable } from './text.js'

export interface Progress {
  /** `note` is a short text behind the figures. */
  update(done: number, total: number, note?: string): void
  /** A line of its own, above the bar. */
  line(text: string): void
  end(): void
}

const LINE_MILLISECONDS = 5000

/** The time left, by the speed of this process: what was done before it began says nothing about that. */
class TimeLeft {
  private began: { at: number; done: number } | undefined

  /** undefined as long as nothing is known */
  seconds(done: number, total: number): number | undefined {
    const now = performance.now()
    this.began ??= { at: now, done }
    const own = done - this.began.done
    return own > 0 && done < total ? ((now - this.began.at) / 1000 / own) * (total - done) : undefined
  }
}

class Lines implements Progress {
  private readonly left = new TimeLeft()
  private printed = Number.NEGATIVE_INFINITY

  constructor(private readonly label: string) {}

  update(done: number, total: number, note = ''): void {
    const left = this.left.seconds(done, total)
    const now = performance.now()
    if (done < total && now - this.printed < LINE_MILLISECONDS) return
    this.printed = now
    const remaining = left === undefined ? '' : `, ${duration(left)} left`
    this.line(`${this.label} ${done}/${total}${note && `, ${note}`}${remaining}`)
  }

  line(text: string): void {
    tell(`${printable(text)}\n`)
  }

  end(): void {}
}

const FRAME_MILLISECONDS = 125
const BAR_WIDTH = 24
const CLEAR = '\r\u001b[2K'

/** One line that is drawn again and again. */
class Bar implements Progress {
  private readonly left = new TimeLeft()
  private text = ''
  private drawn = Number.NEGATIVE_INFINITY

  constructor(private readonly label: string) {}

  update(done: number, total: number, note = ''): void {
    const share = total > 0 ? Math.min(1, done / total) : 0
    const filled = Math.round(share * BAR_WIDTH)
    const left = this.left.seconds(done, total)
    this.text = [
      `${this.label} ${'━'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)} ${done}/${total}`,
      note && printable(note),
      left !== undefined && `${duration(left)} left`,
    ]
      .filter(Boolean)
      .join(' · ')
    if (done >= total || performance.now() - this.drawn >= FRAME_MILLISECONDS) this.draw()
  }

  private draw(): void {
    this.drawn = performance.now()
    tell(CLEAR + this.text.slice(0, (process.stderr.columns || 80) - 1))
  }

  line(text: string): void {
    tell(`${CLEAR}${printable(text)}\n`)
    if (this.text) this.draw()
  }

  end(): void {
    if (!this.text) return
    this.draw()
    tell('\n')
    this.text = ''
  }
}

const SILENT: Progress = { update() {}, line() {}, end() {} }

export function startProgress(label: string, quiet: boolean): Progress {
  if (quiet) return SILENT
  return process.stderr.isTTY && process.env.TERM !== 'dumb' ? new Bar(label) : new Lines(label)
}
