// The rules of the house that no linter knows: layers of native/, lengths of files and functions, nothing left open, no
// test left out.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { longFunctionsOfCpp, longFunctionsOfTypeScript } from './function-length.mjs'

const FILE_LINES = 400
/** of native/; clang-format lays out code, not comments */
const LINE_LENGTH = 110
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(ts|mjs|js|css|py|sh|c|cc|h|cu|cuh)$/.test(file) && existsSync(file))
const faults = []

function checkNative(file, text, fault) {
  const lines = text.split('\n')
  const ofNode = /#\s*include [<"](napi|node_api|js_native_api)\w*\.h[>"]/.exec(text)
  // addon.c opens the rest; cmake/ holds what it is linked with
  if (ofNode && !/^native\/(bindings\/|addon\.c$|cmake\/)/.test(file))
    fault(`${ofNode[1]}.h belongs to native/bindings/`)
  const napi = /\bNapi::|\bnapi_/.exec(text)
  if (napi && !/^native\/(bindings\/|addon\.c$|cmake\/)/.test(file))
    fault(`${napi[0]} belongs to native/bindings/`)
  if (/#\s*include <(ATen|torch|c10)\//.test(text) && /^native\/kernels\/.*\bcpu\//.test(file))
    fault('cpu/ knows raw pointers only')
  const long = lines.findIndex((line) => line.length > LINE_LENGTH)
  if (long >= 0) fault(`line ${long + 1} has ${lines[long].length} characters`)
  if (/\t/.test(text)) fault('a tab')
}

for (const file of files) {
  const text = readFileSync(file, 'utf8')
  const fault = (what) => faults.push(`${file}: ${what}`)
  const lines = text.split('\n').length - 1
  if (lines > FILE_LINES) fault(`${lines} lines, ${FILE_LINES} are allowed`)
  const isCpp = /\.(c|cc|h|cu|cuh)$/.test(file)
  if (file.startsWith('native/')) checkNative(file, text, fault)
  const long = isCpp
    ? longFunctionsOfCpp(text)
    : /\.(ts|mjs)$/.test(file)
      ? longFunctionsOfTypeScript(file, text)
      : []
  for (const { name, line, length } of long) fault(`${name} in line ${line} has ${length} lines`)
  if (/\bTODO\b|\bFIXME\b|\bXXX\b/.test(text) && !file.startsWith('scripts/')) fault('something left open')
  if (/\.(skip|only)\(/.test(text) && file.startsWith('test/')) fault('a skipped or exclusive test')
}

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`)
  process.exit(1)
}
process.stdout.write(`${files.length} files keep the rules of the house\n`)
