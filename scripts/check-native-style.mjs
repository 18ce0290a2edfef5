// The rules of the house that no linter knows: layers of native/, sizes of files, nothing left open, no test left out.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(ts|mjs|cc|h|c|cu|cuh)$/.test(file) && existsSync(file))
const faults = []

for (const file of files) {
  const text = readFileSync(file, 'utf8')
  const lines = text.split('\n')
  const fault = (what) => faults.push(`${file}: ${what}`)
  if (lines.length > 520) fault(`${lines.length} lines; the limit is about 500`)
  if (file.startsWith('native/')) {
    if (/#include <(napi|node_api)\.h>/.test(text) && !/^native\/(bindings\/|addon\.c$)/.test(file))
      fault('napi.h and node_api.h belong to native/bindings/')
    if (/#include <(ATen|torch|c10)\//.test(text) && /^native\/kernels\/(.*\/)?cpu\//.test(file))
      fault('a folder cpu/ of kernels knows raw pointers only')
    const long = lines.findIndex((line) => line.length > 130)
    if (long >= 0) fault(`line ${long + 1} has ${lines[long].length} characters`)
    if (/\t/.test(text)) fault('a tab')
  }
  if (/\bTODO\b|\bFIXME\b|\bXXX\b/.test(text) && !file.startsWith('scripts/')) fault('something left open')
  if (/\.(skip|only)\(/.test(text) && file.startsWith('test/')) fault('a skipped or exclusive test')
}

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`)
  process.exit(1)
}
process.stdout.write(`${files.length} files keep the rules of the house\n`)
