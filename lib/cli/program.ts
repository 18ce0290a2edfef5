/** The commands by name; a module is loaded only when its command is called, so that help appears at once. */
import { Command, type Option } from 'commander'
import type { CommandModule } from './command.js'
import { version } from './version.js'

interface Entry {
  name: string
  summary: string
  load(): Promise<CommandModule>
}

/** In the order of the work. */
export const COMMANDS: readonly Entry[] = [
  {
    name: 'prepare',
    summary: 'Decode a folder of music into a cache, once',
    load: () => import('./commands/prepare.js'),
  },
  {
    name: 'datasets',
    summary: 'List the published data sets that clmr knows by name',
    load: () => import('./commands/datasets.js'),
  },
  {
    name: 'train',
    summary: 'Train an encoder on a cache; no labels are needed',
    load: () => import('./commands/train.js'),
  },
  {
    name: 'evaluate',
    summary: 'Measure how well a model recognises tracks and predicts labels',
    load: () => import('./commands/evaluate.js'),
  },
  {
    name: 'predict',
    summary: 'Tag audio files with a probe',
    load: () => import('./commands/predict.js'),
  },
  {
    name: 'embed',
    summary: 'Write the embeddings of audio files to a table',
    load: () => import('./commands/embed.js'),
  },
  {
    name: 'report',
    summary: 'Write a page that shows a run and plays its tracks',
    load: () => import('./commands/report.js'),
  },
  {
    name: 'convert',
    summary: 'Convert a model file to another format',
    load: () => import('./commands/convert.js'),
  },
  {
    name: 'pull',
    summary: "Download a published model into the user's cache, and print its path",
    load: () => import('./commands/pull.js'),
  },
  {
    name: 'export',
    summary: 'Export a run as a model folder with a model card, ready to share',
    load: () => import('./commands/export.js'),
  },
  {
    name: 'inspect',
    summary: 'Show what a model file or a run holds',
    load: () => import('./commands/inspect.js'),
  },
  {
    name: 'verify',
    summary: 'Check a run or cache for corruption',
    load: () => import('./commands/verify.js'),
  },
  {
    name: 'doctor',
    summary: 'Check this machine and say how to fix each problem',
    load: () => import('./commands/doctor.js'),
  },
  {
    name: 'demo',
    summary: 'Try everything in minutes, offline, on generated music',
    load: () => import('./commands/demo.js'),
  },
  {
    name: 'libtorch',
    summary: 'Download the libtorch that clmr needs',
    load: () => import('./commands/libtorch.js'),
  },
]

/** What the help says of an option: its choices stand in its placeholder, and what must be given is marked. */
export function optionText({ description, mandatory, defaultValue }: Option): string {
  const shown = defaultValue === undefined ? '' : ` (default: ${JSON.stringify(defaultValue)})`
  return `${description}${shown}${mandatory ? ' (required)' : ''}`
}

/** Columns of the help where there is no terminal. */
const HELP_WIDTH = 120

const helpWidth = (stream: NodeJS.WriteStream) => () => (stream.isTTY ? stream.columns : HELP_WIDTH)

/** commander must neither exit nor print: the caller reports failures. */
function quieten(command: Command): Command {
  return command
    .configureHelp({ optionDescription: optionText })
    .exitOverride()
    .configureOutput({
      outputError: () => {},
      getOutHelpWidth: helpWidth(process.stdout),
      getErrHelpWidth: helpWidth(process.stderr),
    })
    .showSuggestionAfterError(true)
}

/**
 * The program, with the commands of `which` complete and the others by name.
 * @param which names, or every one
 */
export async function buildProgram(which: readonly string[] | 'all'): Promise<Command> {
  const program = quieten(new Command('clmr'))
    .description('Contrastive learning of musical representations.')
    .version(version(), '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show help')
    .helpCommand('help [command]', 'Show the help of a command')
    .addHelpText('after', '\nExamples:\n  $ clmr doctor\n  $ clmr prepare ~/Music --cache music.cache')
  for (const { name, summary, load } of COMMANDS) {
    const command = quieten(program.command(name)).summary(summary).helpOption('-h, --help', 'Show help')
    command.description(`${summary}.`)
    if (which !== 'all' && !which.includes(name)) continue
    ;(await load()).configure(command)
    for (const sub of command.commands) quieten(sub).helpOption('-h, --help', 'Show help')
  }
  return program
}
