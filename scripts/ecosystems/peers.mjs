// Where the packages of other ecosystems lie: in the user's cache, in folders that are named by their versions.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from '../../dist/files/cache-folder.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const requirements = join(root, 'test', 'ecosystems', 'requirements.txt')
const { dependencies } = JSON.parse(readFileSync(join(root, 'examples', 'browser', 'package.json'), 'utf8'))
const NODE_PACKAGES = [`onnxruntime-node@1.30.0`, `onnxruntime-web@${dependencies['onnxruntime-web']}`]

/**
 * A folder that `fill` fills once; undefined where it is not there and `install` is false.
 * @param {string} versions
 * @param {(folder: string) => void} fill
 */
function folderOf(name, versions, install, fill) {
  const stamp = createHash('sha256').update(versions).digest('hex').slice(0, 12)
  const folder = join(cacheFolder(), 'ecosystems', `${name}-${stamp}`)
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return folder
  if (!install) return undefined
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  fill(folder)
  writeFileSync(complete, versions)
  return folder
}

const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })

/** The Python that has the packages of test/ecosystems/requirements.txt, or undefined. */
export function pythonWithPeers(install) {
  const at = (folder) => join(folder, process.platform === 'win32' ? 'Scripts' : 'bin', 'python')
  const folder = folderOf('python', readFileSync(requirements, 'utf8'), install, (made) => {
    run(process.env.CLMR_PYTHON ?? 'python3', ['-m', 'venv', made])
    run(at(made), ['-m', 'pip', 'install', '--quiet', '--no-input', '--requirement', requirements])
  })
  return folder && at(folder)
}

/** The folder in whose node_modules ONNX Runtime for Node and for browsers lies, or undefined. */
export function nodeWithPeers(install) {
  return folderOf('node', NODE_PACKAGES.join('\n'), install, (made) => {
    writeFileSync(join(made, 'package.json'), '{ "private": true }')
    run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...NODE_PACKAGES], made)
  })
}
