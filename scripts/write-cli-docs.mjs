// Writes docs/cli.md from the commands themselves; --check compares instead. Needs dist/ (npm run build:ts).
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildProgram, optionText } from '../dist/cli/program.js'

const target = fileURLToPath(new URL('../docs/cli.md', import.meta.url))
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/\s+/g, ' ')

/** What addHelpText added: the lines after "Examples:". */
function examplesOf(command) {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text
    .slice(text.indexOf('Examples:'))
    .split('\n')
    .filter((line) => line.startsWith('  $ '))
    .map((line) => line.slice(4))
}

function sectionOf(command, name, depth) {
  const usage = `clmr ${name} ${command.usage()}`.replace(' [options]', '').replace(/ \[options\]/g, '')
  const lines = [`${'#'.repeat(depth)} clmr ${name}`, '', command.description(), '', '```sh']
  lines.push(...examplesOf(command), '```', '')
  const rows = [
    ...command.registeredArguments.map((argument) => {
      const shown = argument.variadic ? `${argument.name()}...` : argument.name()
      return [`<${shown}>`, argument.description]
    }),
    ...command.options.map((option) => [
      option.flags,
      optionText(option).replace(/ \(required\)$/, ' **(required)**'),
    ]),
  ]
  if (rows.length > 0) lines.push(`\`${usage.trim()}\``, '', '| | |', '|---|---|')
  for (const [flag, text] of rows) lines.push(`| \`${flag.replaceAll('|', '\\|')}\` | ${cell(text)} |`)
  if (rows.length > 0) lines.push('')
  const inner = command.commands.filter((sub) => sub.name() !== 'help')
  return [...lines, ...inner.flatMap((sub) => sectionOf(sub, `${name} ${sub.name()}`, depth + 1))]
}

const program = await buildProgram('all')
const text = `${[
  '<!-- Written by scripts/write-cli-docs.mjs from the option tables: do not edit. -->',
  '# The command line',
  '',
  'Results go to stdout, progress and remarks to stderr. With `--json` a command prints one JSON value, and an error is',
  'one line of JSON on stderr. `NO_COLOR` is honoured; without a terminal, progress is printed as an occasional plain line.',
  '',
  '| exit code | |',
  '|---|---|',
  '| 0 | done |',
  '| 1 | failed: the message says what to do |',
  '| 2 | wrong usage, or an option that is not valid |',
  '| 3 | more files were rejected than `--max-reject` allows |',
  '| 4 | a loss, gradient or embedding is not finite |',
  '| 129, 130, 143 | ended by SIGHUP (a closed terminal), Ctrl-C or SIGTERM: what was done is kept. Pressing Ctrl-C again, after at least 1 s, ends it at once |',
  '',
  ...program.commands.flatMap((command) => sectionOf(command, command.name(), 2)),
]
  .join('\n')
  .trimEnd()}\n`

if (process.argv.includes('--check')) {
  let there = ''
  try {
    there = readFileSync(target, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  if (there !== text) {
    process.stderr.write('docs/cli.md is not up to date: run `node scripts/write-cli-docs.mjs`\n')
    process.exit(1)
  }
} else {
  writeFileSync(target, text)
}
