/** From an argument list to an exit code. */
import { EXIT, reportFailure } from './failure.js'
import { buildProgram, COMMANDS } from './program.js'
import { interruptedBy } from './session.js'

/** A reader that has seen enough (`clmr … | head`) is no failure. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
}

/** @returns the exit code */
export async function run(argv: readonly string[]): Promise<number> {
  ignoreClosedPipes()
  const named = COMMANDS.map(({ name }) => name).filter((name) => argv.slice(0, 2).includes(name))
  const help = ['clmr', ...named.slice(0, 1), '--help'].join(' ')
  try {
    const program = await buildProgram(named)
    if (argv.length === 0) {
      process.stderr.write(program.helpInformation())
      return EXIT.usage
    }
    await program.parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? EXIT.done)
  } catch (error) {
    const asJson = argv.includes('--json')
    return reportFailure(error, { asJson, help, interrupted: interruptedBy() })
  }
}
