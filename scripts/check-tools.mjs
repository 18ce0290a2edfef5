// Looks for what a build needs before it begins: one sentence for each tool that is not there.
//   node scripts/check-tools.mjs [--pip]     exit code 1 where one is missing
import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'

const works = (command, ...args) => {
  const { status } = spawnSync(command, [...args, '--version'], { stdio: 'ignore', timeout: 30_000 })
  return status === 0
}
const any = (names, ...args) => names.filter(Boolean).some((name) => works(name, ...args))

/** @returns {string[]} a sentence for each tool that is missing */
export function missingTools({ pip = false } = {}) {
  const missing = []
  if (!works('cmake'))
    missing.push('CMake 3.18 or later is needed to build: install cmake and run this again')
  // Visual Studio's compiler is not on the path: CMake finds it and tells where it does not
  const compilers = [process.env.CXX, 'c++', 'g++', 'clang++']
  if (process.platform !== 'win32' && !any(compilers))
    missing.push(
      'a C++20 compiler is needed to build: install g++ 11 or later, or clang 14 or later, and run this again',
    )
  // CLMR_LIBTORCH names a libtorch that is there: nothing is fetched then
  if (pip && !process.env.CLMR_LIBTORCH && !any([process.env.CLMR_PYTHON, 'python3', 'python'], '-m', 'pip'))
    missing.push(
      'Python 3 with pip is needed to fetch libtorch: install python3 and pip, or set CLMR_LIBTORCH to a folder with it',
    )
  return missing
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const missing = missingTools({ pip: process.argv.includes('--pip') })
  for (const sentence of missing) process.stderr.write(`clmr: ${sentence}\n`)
  process.exitCode = missing.length > 0 ? 1 : 0
}
