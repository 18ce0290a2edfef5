/** What every command declares in the same way. */
import { type Command, Option } from 'commander'
import type { z } from 'zod'
import { listOptions } from '../options.js'

/** A file of lib/cli/commands: declares arguments, flags and action; loaded when its command is called. */
export interface CommandModule {
  configure(command: Command): void
}

/** A number as it was typed; what is none is left for the check of the options. */
export const number = (text: string) =>
  text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)

/** A description as help: "Whether to hash. Default: no." → "Hash (default: no)" */
const asHelp = (doc: string) =>
  doc
    .replace(/^Whether to (\w)/, (_, first: string) => first.toUpperCase())
    .replace(/\. Default: (.*)\.$/, ' (default: $1)')
    .replace(/\.$/, '')

const PLACEHOLDERS: Record<string, string> = { integer: 'n', number: 'number', string: 'text' }

/**
 * `batchSize` → `--batch-size <n>` as a commander option, typed, with its help and default.
 * Its help is what the table says of it, or its mark `flag` where that is a text; its mark `placeholder` says what it
 * takes.
 */
export function flagFor(schema: z.ZodObject, name: string): Option {
  const field = listOptions(schema).find((f) => f.name === name)
  if (!field) throw new Error(`no option ${name}`)
  const { flag: mark, placeholder } = (schema.shape[name] as z.ZodType).meta() ?? {}
  const takes = placeholder ?? field.choices?.join('|') ?? PLACEHOLDERS[field.type] ?? 'value'
  const flag = `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`
  const help = asHelp(typeof mark === 'string' ? mark : field.doc)
  const hasDefault = field.fallback !== undefined && field.fallback !== false && !help.includes('(default: ')
  const shown = hasDefault ? ` (default: ${JSON.stringify(field.fallback)})` : ''
  const option = new Option(field.type === 'boolean' ? flag : `${flag} <${takes}>`, help + shown)
  if (field.choices) option.choices(field.choices)
  if (field.type === 'number' || field.type === 'integer') option.argParser(number)
  return option
}

/** `--threads`, of every command that computes: `onRun` sets them. */
export function threadsFlag(command: Command): void {
  command.option('--threads <n>', 'CPU threads to use (default: all that this process may use)', number)
}

/** `--no-cache`, of the commands that embed the tracks of a cache. */
export function noCacheFlag(command: Command): void {
  command.option('--no-cache', 'Neither read embeddings from the cache nor write them to it')
}

/** `--json` and `--quiet` */
export function commonFlags(command: Command): Command {
  command.option('--json', 'Print the result as JSON on stdout, and errors as JSON on stderr')
  return command.option('-q, --quiet', 'Show no progress and no notes on stderr')
}

/** Lines under the help, each a command line that can be typed. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
}
