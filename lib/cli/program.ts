/** The commands by name; a module is loaded only when its command is called, so that help appears at once. */
import { readFileSync } from 'node:fs'
import { type Argument, Command, type Option } from 'commander'
import type { CommandModule } from './command.js'

interface Entry {
  name: string
  summary: string
  load(): Promise<CommandModule>
}

/** In the order of the work. */
export const COMMANDS: readonly Entry[] = [
  {
    name: 'prepare',
    summary: 'decode a folder of music into a cache, once',
    load: () => import('./commands/prepare.js'),
  },
  {
    name: 'datasets',
    summary: 'the published data sets that are known by name',
    load: () => import('./commands/datasets.js'),
  },
  {
    name: 'train',
    summary: 'train an encoder on a cache, without labels',
    load: () => import('./commands/train.js'),
  },
  {
    name: 'evaluate',
    summary: 'measure how well tracks are found again, and how well labels are predicted',
    load: () => import('./commands/evaluate.js'),
  },
  {
    name: 'embed',
    summary: 'embed any audio files',
    load: () => import('./commands/embed.js'),
  },
  {
    name: 'report',
    summary: 'write a page that shows a run and plays its tracks',
    load: () => import('./commands/report.js'),
  },
  {
    name: 'convert',
    summary: 'convert a model file to another format',
    load: () => import('./commands/convert.js'),
  },
  {
    name: 'pull',
    summary: 'fetch a published model into the cache, and print its path',
    load: () => import('./commands/pull.js'),
  },
  {
    name: 'inspect',
    summary: 'show what a model file or a run holds',
    load: () => import('./commands/inspect.js'),
  },
  {
    name: 'verify',
    summary: 'check a run or cache for corruption',
    load: () => import('./commands/verify.js'),
  },
  {
    name: 'doctor',
    summary: 'check this machine, and say what to do about what is missing',
    load: () => import('./commands/doctor.js'),
  },
  {
    name: 'demo',
    summary: 'try everything in minutes, offline, on music that it makes itself',
    load: () => import('./commands/demo.js'),
  },
  {
    name: 'libtorch',
    summary: 'download the libtorch that clmr needs',
    load: () => import('./commands/libtorch.js'),
  },
]

export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1)

/** What the help says of an option: its choices stand in its placeholder, and what must be given is marked. */
export function optionText({ description, mandatory, defaultValue }: Option): string {
  const shown = defaultValue === undefined ? '' : ` (default: ${JSON.stringify(defaultValue)})`
  return `${capital(description)}${shown}${mandatory ? ' (required)' : ''}`
}

export const argumentText = ({ description }: Argument): string => capital(description)

/** commander must neither exit nor print: the caller reports failures. */
function quieten(command: Command): Command {
  return command
    .configureHelp({ optionDescription: optionText, argumentDescription: argumentText })
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
}

/**
 * The program, with the commands of `which` complete and the others by name.
 * @param which names, or every one
 */
export async function buildProgram(which: readonly string[] | 'all'): Promise<Command> {
  const program = quieten(new Command('clmr'))
    .description('Contrastive learning of musical representations.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', '\nExamples:\n  $ clmr doctor\n  $ clmr prepare ~/Music --cache music.cache')
  for (const { name, summary, load } of COMMANDS) {
    const command = quieten(program.command(name)).summary(summary).helpOption('-h, --help', 'show help')
    command.description(`${capital(summary)}.`)
    if (which !== 'all' && !which.includes(name)) continue
    ;(await load()).configure(command)
    for (const sub of command.commands) quieten(sub).helpOption('-h, --help', 'show help')
  }
  return program
}
