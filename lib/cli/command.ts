/** What every command declares in the same way. */
import type { Command } from 'commander'

/** A file of lib/cli/commands: declares arguments, flags and action; loaded when its command is called. */
export interface CommandModule {
  configure(command: Command): void
}

/** `--json` and `--quiet` */
export function commonFlags(command: Command, what: { json?: boolean } = {}): Command {
  if (what.json !== false) command.option('--json', 'print the result as JSON, and errors too')
  return command.option('-q, --quiet', 'no progress and no remarks on stderr')
}

/** Lines under the help, each a command line that can be typed. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
}
