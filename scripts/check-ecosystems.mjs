// npm run check:ecosystems: what clmr writes, in the hands of others, and what they write, in ours. What cannot be run here
// is named.
//   Python     models of PyTorch and of both its exporters read here; models and embeddings read there
//   Node       ONNX Runtime computes with encoder.save('x.onnx')
//   Chromium   a report comes to life; examples/browser embeds dropped files; CHROMIUM or one on the path
//   --all      with the report of a demo and all exports; installs Python's and Node's packages in the cache where they
//              are missing, and fails where something cannot be run
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cannot, failWhereMissing, say } from './check-report.mjs'
import { findChromium } from './ecosystems/chromium.mjs'
import { checkOnnxRuntimeNode, checkPython } from './ecosystems/models.mjs'
import { checkBrowserExample, checkReport, demoReport, smallReport } from './ecosystems/pages.mjs'
import { nodeWithPeers, pythonWithPeers } from './ecosystems/peers.mjs'

const all = process.argv.includes('--all')
const folder = mkdtempSync(join(tmpdir(), 'clmr-ecosystems-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const sounds = fileURLToPath(new URL('../test/fixtures/audio/', import.meta.url))
const below = (name) => {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

async function checkPages(modules) {
  const chromium = findChromium()
  if (!chromium) return cannot('Chromium', 'there is none: set CHROMIUM')
  await checkReport(chromium, all ? await demoReport(folder) : await smallReport(folder), folder, say)
  if (!modules) return cannot('examples/browser', 'ONNX Runtime Web is not installed: --all')
  say('Chromium: files dropped on examples/browser, beside encoder.encodeFile')
  const files = ['tone.flac', 'tone.mp3', 'tone.ogg'].map((name) => join(sounds, name))
  await checkBrowserExample(chromium, modules, files, below('pages'), say)
}

const python = pythonWithPeers(all)
if (python) await checkPython(python, below('python'), all, say)
else cannot('Python', 'PyTorch and the others are not installed: --all')
const modules = nodeWithPeers(all)
if (modules) await checkOnnxRuntimeNode(modules, below('node'), say)
else cannot('Node', 'ONNX Runtime is not installed: --all')
await checkPages(modules)
failWhereMissing()
