/** What every command declares in the same way. */
import type { Command } from 'commander'

/** A file of lib/cli/commands: declares arguments, flags and action; loaded when its command is called. */
export interface CommandModule {
  configure(command: Command): void
}

/** A number as it was typed; what is none is left for the check of the options. */
export const number = (text: string) =>
  text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)

/** `--threads`, of every command that computes: `onRun` sets them. */
export function threadsFlag(command: Command): void {
  command.option('--threads <n>', 'CPU threads to use (default: as many as this process is granted)', number)
}

/** `--no-cache`, of the commands that embed the tracks of a cache. */
export function noCacheFlag(command: Command): void {
  command.option('--no-cache', 'Do not keep embeddings in the cache, and do not use those kept there')
}

/** `--json` and `--quiet` */
export function commonFlags(command: Command): Command {
  command.option('--json', 'Print the result as JSON on stdout, and errors as JSON on stderr')
  return command.option('-q, --quiet', 'No progress and no remarks on stderr')
}

/** Lines under the help, each a command line that can be typed. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
}
