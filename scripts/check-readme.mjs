// Every block of the README under `<!-- snippet: FILE -->` is the #region readme of that file, letter by letter, and its
// table of the flow has a row for every stage that lib/ has, in the order of the data.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const read = (name) => readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8')
const STAGES = ['datasets', 'audio', 'cache', 'augment', 'model', 'objective', 'train', 'evaluate']
const faults = []
const blocks = [...read('README.md').matchAll(/<!-- snippet: (\S+) -->\n```\w*\n([\s\S]*?)```\n/g)]

for (const [, file, shown] of blocks) {
  const region = /\/\/ #region readme\n([\s\S]*?)\/\/ #endregion/.exec(read(file))?.[1]
  if (region === undefined) faults.push(`${file} has no #region readme`)
  else if (region !== shown) faults.push(`README.md does not show what stands in ${file}`)
}
if (blocks.length === 0) faults.push('README.md has no snippet')

const named = [...read('README.md').matchAll(/^\| \d+ \| \[(\w+)\]\(lib\/\1\/index\.ts\) \|/gm)].map(
  ([, stage]) => stage,
)
const there = STAGES.filter((stage) => existsSync(fileURLToPath(new URL(`../lib/${stage}`, import.meta.url))))
if (named.join() !== there.join())
  faults.push(
    `README.md's table of the flow has the stages ${named.join(', ')}; lib/ has ${there.join(', ')}`,
  )

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`)
  process.exit(1)
}
process.stdout.write(
  `${blocks.length} snippet of the README is the code of its example, and its table has all ${there.length} stages\n`,
)
