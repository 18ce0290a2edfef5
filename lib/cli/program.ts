/** The commands by name; a module is loaded only when its command is called, so that help appears at once. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
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
    summary: 'decode a folder of music once into a cache',
    load: () => import('./commands/prepare.js'),
  },
  {
    name: 'train',
    summary: 'train an encoder on a cache, without labels',
    load: () => import('./commands/train.js'),
  },
  {
    name: 'evaluate',
    summary: 'measure what embeddings know of the labels (linear probe)',
    load: () => import('./commands/evaluate.js'),
  },
  {
    name: 'embed',
    summary: 'embeddings of any audio files',
    load: () => import('./commands/embed.js'),
  },
  {
    name: 'report',
    summary: 'a page that shows a run and plays its tracks',
    load: () => import('./commands/report.js'),
  },
  {
    name: 'convert',
    summary: 'change the format of a model file',
    load: () => import('./commands/convert.js'),
  },
  {
    name: 'inspect',
    summary: 'what a model file holds',
    load: () => import('./commands/inspect.js'),
  },
  {
    name: 'verify',
    summary: 'whether every byte of a run or a cache is what was written',
    load: () => import('./commands/verify.js'),
  },
  {
    name: 'doctor',
    summary: 'what was found on this machine, and what to do about what is missing',
    load: () => import('./commands/doctor.js'),
  },
  {
    name: 'demo',
    summary: 'the whole story in minutes, offline, on music that it makes itself',
    load: () => import('./commands/demo.js'),
  },
  {
    name: 'libtorch',
    summary: 'fetch the libtorch that clmr needs',
    load: () => import('./commands/libtorch.js'),
  },
]

export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** commander must neither exit nor print: the caller reports failures. */
function quieten(command: Command): Command {
  return command
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
    command.description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    if (which !== 'all' && !which.includes(name)) continue
    ;(await load()).configure(command)
    for (const sub of command.commands) quieten(sub).helpOption('-h, --help', 'show help')
  }
  return program
}
