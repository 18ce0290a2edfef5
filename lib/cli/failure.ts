/**
 * How a command ends: 0 done, 1 failed, 2 wrong usage, 3 too many files unusable, 4 numbers that are not finite;
 * 129, 130 and 143 ended by SIGHUP, SIGINT and SIGTERM.
 */
import { CommanderError } from 'commander'
import { ClmrError, RejectLimitError } from '../errors.js'
import { tell } from './streams.js'
import { json, paint, printable } from './text.js'

export const EXIT = { done: 0, failed: 1, usage: 2, rejected: 3, notFinite: 4 } as const

/** The reason of the abort signal after SIGHUP, SIGINT or SIGTERM. */
export class Interrupted extends Error {
  override readonly name = 'AbortError'
  constructor(
    signal: string,
    readonly exitCode: number,
  ) {
    super(`interrupted by ${signal}`)
  }
}

/** Wrong usage that commander cannot see. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message)
  }
}

interface Account {
  exitCode: number
  code: string
  /** the message without its remedy */
  what: string
  remedy?: string
  path?: string
  given?: string
  expected?: string
}

/** Codes that speak of what was typed, not of what was found. */
const USAGE_CODES = new Set(['ERR_CONFIG', 'ERR_ARGUMENT'])

function exitCodeOf(error: ClmrError): number {
  if (USAGE_CODES.has(error.code)) return EXIT.usage
  if (error.code === 'ERR_NON_FINITE') return EXIT.notFinite
  return error instanceof RejectLimitError ? EXIT.rejected : EXIT.failed
}

function accountOf(error: unknown, help: string): Account {
  if (error instanceof CommanderError) {
    const [first, ...rest] = error.message.replace(/^error: /, '').split('\n')
    const hint = rest.join(' ').trim()
    const what = hint ? `${first} ${hint}` : first!
    return { exitCode: EXIT.usage, code: 'ERR_USAGE', what, remedy: `See \`${help}\`` }
  }
  if (error instanceof UsageError)
    return { exitCode: EXIT.usage, code: 'ERR_USAGE', what: error.message, remedy: error.remedy }
  if (error instanceof ClmrError) {
    const { code, message, remedy, path, given, expected } = error
    const tail = `. ${remedy}.`
    const what = message.endsWith(tail) ? message.slice(0, -tail.length) : message
    return { exitCode: exitCodeOf(error), code, what, remedy, path, given, expected }
  }
  const what = error instanceof Error ? error.message : String(error)
  const remedy = 'This is a fault of clmr: please report it, with what CLMR_DEBUG=1 shows'
  return { exitCode: EXIT.failed, code: 'ERR_INTERNAL', what, remedy }
}

function interruption(error: unknown): Interrupted | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof Interrupted) return at
  return undefined
}

/**
 * Tells what went wrong on stderr, as text or as JSON.
 * @param options.help the command that shows the right usage
 * @param options.interrupted the interruption that the user caused, where there was one
 * @returns the exit code
 */
export function reportFailure(
  error: unknown,
  options: { asJson: boolean; help: string; interrupted?: Interrupted },
): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
  // a command that needs a sub-command: commander has printed the help
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage
  const aborted = (error as Error)?.name === 'AbortError'
  const stopped = interruption(error) ?? (aborted ? options.interrupted : undefined)
  if (stopped) return stopped.exitCode
  const { exitCode, ...account } = accountOf(error, options.help)
  const { code, what, remedy } = account
  if (options.asJson) {
    tell(`${json({ error: { ...account, what: undefined, message: what } })}\n`)
  } else {
    const mark = paint('red', `error [${code}]`, process.stderr)
    tell(`${mark} ${printable(what)}\n`)
    if (remedy) tell(`  ${printable(remedy)}.\n`)
  }
  if (process.env.CLMR_DEBUG === '1' && error instanceof Error) {
    for (let at: unknown = error; at instanceof Error; at = at.cause) tell(`${at.stack}\n`)
  }
  return exitCode
}
