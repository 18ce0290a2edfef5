// npm run check:ecosystems: what clmr writes, in the hands of others. What cannot be run here is named.
//   Python     PyTorch, safetensors, onnx, ONNX Runtime and numpy read models and embeddings (bench/environment.sh has them)
//   Chromium   the page of a demo comes to life without an error; CHROMIUM or one on the path
//   --all      install the Python side where it is missing, and fail where something cannot be run
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runDemo } from '../dist/demo/run-demo.js'
import { writeEmbeddings } from '../dist/formats/embeddings.js'
import { allocateClips, Encoder } from '../dist/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const all = process.argv.includes('--all')
const folder = mkdtempSync(join(tmpdir(), 'clmr-ecosystems-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
let missing = 0

const say = (line) => process.stdout.write(`${line}\n`)
const cannot = (what, why) => {
  missing++
  say(`${what}: NOT RUN, ${why}`)
}

/** The Python that has the peers, or undefined. */
function pythonOfPeers() {
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', all ? 'inherit' : 'ignore'] }
  const { status, stdout } = spawnSync(
    'bash',
    [join(root, 'bench', 'environment.sh'), ...(all ? [] : ['--there'])],
    options,
  )
  return status === 0 ? stdout.trim().split('\n').at(-1) : undefined
}

async function checkPython() {
  const python = pythonOfPeers()
  if (!python) return cannot('Python', 'the peers are not installed: bench/environment.sh')
  const encoder = await Encoder.create()
  for (const name of ['model.pt', 'model.safetensors', 'model.onnx']) await encoder.save(join(folder, name))
  const { data, rows, cols } = await encoder.encode(allocateClips(3).fill(0.1))
  encoder.dispose()
  const table = Array.from({ length: rows }, (_, i) => ({
    path: `${i}.wav`,
    embedding: data.subarray(i * cols, (i + 1) * cols),
  }))
  for (const name of ['embeddings.npy', 'embeddings.jsonl']) await writeEmbeddings(join(folder, name), table)
  say(
    execFileSync(python, [join(root, 'test', 'ecosystems', 'read_files.py'), folder], {
      encoding: 'utf8',
    }).trim(),
  )
}

const browser = () =>
  [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome']
    .filter(Boolean)
    .find((command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0)

async function checkChromium() {
  const chromium = browser()
  if (!chromium) return cannot('Chromium', 'there is none: set CHROMIUM')
  const { report } = await runDemo({ out: join(folder, 'demo'), steps: 2, tracksPerClass: 3, batchSize: 3 })
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--enable-logging=stderr',
    '--virtual-time-budget=5000',
  ]
  const { status, stdout, stderr } = spawnSync(
    chromium,
    [...flags, `--user-data-dir=${join(folder, 'chromium')}`, '--dump-dom', pathToFileURL(report).href],
    { encoding: 'utf8', maxBuffer: 1 << 26, timeout: 120_000 },
  )
  const errors = stderr.split('\n').filter((line) => /CONSOLE.*(?:Error|Refused|Failed)/.test(line))
  // page.js sets the class when it is done
  if (status !== 0 || errors.length > 0 || !/<html[^>]* class="[^"]*\bready\b/.test(stdout))
    throw new Error(`the page of the demo does not come to life in ${chromium}:\n${errors.join('\n')}`)
  say(`Chromium: the page of the demo comes to life, ${stdout.match(/<canvas/g)?.length ?? 0} canvases`)
}

await checkPython()
await checkChromium()
if (missing > 0 && all) throw new Error(`${missing} checks could not be run here`)
