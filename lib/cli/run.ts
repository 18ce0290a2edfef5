/** From an argument list to an exit code. */
import { type Command, CommanderError } from 'commander'
import { EXIT, reportFailure } from './failure.js'
import { buildProgram, COMMANDS } from './program.js'
import { interruptedBy } from './signals.js'
import { guardStreams, tell } from './streams.js'
import { json, paint, printable } from './text.js'

/** Shows warnings of the library as one line, without a stack. */
function showWarnings(asJson: boolean): void {
  process.removeAllListeners('warning')
  process.on('warning', ({ message }) => {
    const line = asJson
      ? json({ warning: message })
      : `${paint('yellow', 'warning', process.stderr)} ${printable(message)}`
    tell(`${line}\n`)
  })
}

/** A misspelt option is reported, rather than the required option that is missing because of it. */
async function nameMisspelt(error: unknown, program: Command, argv: readonly string[]): Promise<unknown> {
  if ((error as CommanderError).code !== 'commander.missingMandatoryOptionValue') return error
  const command = program.commands.find((one) => argv.includes(one.name()))
  const known = command?.options.map(({ long }) => long ?? '') ?? []
  const flags = argv.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=')[0]!)
  const unknown = flags.find((flag) => flag !== '--' && !known.includes(flag))
  if (unknown === undefined) return error
  const { nearestName } = await import('../options.js')
  const near = nearestName(unknown, known)
  const hint = near ? ` (Did you mean ${near}?)` : ''
  return new CommanderError(EXIT.usage, 'commander.unknownOption', `unknown option '${unknown}'${hint}`)
}

/** @returns the exit code */
export async function run(argv: readonly string[]): Promise<number> {
  const asJson = argv.includes('--json')
  guardStreams()
  showWarnings(asJson)
  const named = COMMANDS.map(({ name }) => name).filter((name) => argv.slice(0, 2).includes(name))
  const help = ['clmr', ...named.slice(0, 1), '--help'].join(' ')
  try {
    const program = await buildProgram(named)
    if (argv.length === 0) {
      tell(program.helpInformation())
      return EXIT.usage
    }
    await program.parseAsync(argv, { from: 'user' }).catch(async (error) => {
      throw await nameMisspelt(error, program, argv)
    })
    return Number(process.exitCode ?? EXIT.done)
  } catch (error) {
    return reportFailure(error, { asJson, help, interrupted: interruptedBy() })
  }
}
