// Every block of the README under `<!-- snippet: FILE -->` is the #region readme of that file, letter by letter.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const read = (name) => readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8')
const faults = []
const blocks = [...read('README.md').matchAll(/<!-- snippet: (\S+) -->\n```\w*\n([\s\S]*?)```\n/g)]

for (const [, file, shown] of blocks) {
  const region = /\/\/ #region readme\n([\s\S]*?)\/\/ #endregion/.exec(read(file))?.[1]
  if (region === undefined) faults.push(`${file} has no #region readme`)
  else if (region !== shown) faults.push(`README.md does not show what stands in ${file}`)
}
if (blocks.length === 0) faults.push('README.md has no snippet')

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`)
  process.exit(1)
}
process.stdout.write(`${blocks.length} snippet of the README is the code of its example\n`)
