/** The surroundings of a running command: where results go, how progress is shown, when to stop. */
import type { Command } from 'commander'
import { setThreads } from '../native/threads.js'
import { type Progress, startProgress } from './progress.js'
import { watchSignals } from './signals.js'
import { print, tell } from './streams.js'
import { json, printable } from './text.js'

export interface CommonOptions {
  json?: boolean
  quiet?: boolean
  threads?: number
}

export class Session {
  readonly asJson: boolean
  readonly quiet: boolean
  /** The exit code, unless the command is interrupted or fails. */
  exitCode = 0

  constructor(
    options: CommonOptions,
    /** Fires at SIGHUP, SIGINT and SIGTERM. */
    readonly signal: AbortSignal,
  ) {
    this.asJson = options.json === true
    // a script that asks for JSON finds nothing but JSON on stderr
    this.quiet = options.quiet === true || (this.asJson && !process.stderr.isTTY)
  }

  /** A line of the result, for people. Nothing with --json. */
  print(text: string): void {
    if (!this.asJson) print(`${text}\n`)
  }

  /** The result for scripts. Nothing without --json. */
  printJson(value: unknown): void {
    if (this.asJson) print(`${json(value)}\n`)
  }

  /** A message on stderr that --quiet does not silence; with --json the result contains it. */
  warn(text: string): void {
    if (!this.asJson) tell(`${printable(text)}\n`)
  }

  /** A remark on stderr. */
  note(text: string): void {
    if (!this.quiet) tell(`${printable(text)}\n`)
  }

  /** Shows the progress of `work` until it ends or fails. */
  async withProgress<T>(label: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    const progress = startProgress(label, this.quiet)
    try {
      return await work(progress)
    } finally {
      progress.end()
    }
  }
}

type Action<Args extends unknown[]> = (
  session: Session,
  options: Record<string, never>,
  ...args: Args
) => Promise<void>

/** Gives a command its action. `run` gets its options and its arguments in the order in which they were declared. */
export function onRun<Options extends object, Args extends unknown[]>(
  command: Command,
  run: (session: Session, options: Options, ...args: Args) => Promise<void>,
): void {
  command.action(async (...given: unknown[]) => {
    const args = given.slice(0, -2) as Args
    const options = given.at(-2) as Options & CommonOptions
    const session = new Session(options, watchSignals(options.json === true && !process.stderr.isTTY))
    if (options.threads !== undefined) setThreads(options.threads)
    await (run as unknown as Action<Args>)(session, options as never, ...args)
    process.exitCode = session.exitCode
  })
}
