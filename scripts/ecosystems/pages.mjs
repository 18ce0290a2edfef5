// Pages in Chromium: the report of a demo, and the example that embeds files with ONNX Runtime Web.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { writeCorpus } from '../../dist/demo/index.js'
import { runDemo } from '../../dist/demo/run-demo.js'
import { wavHeader } from '../../dist/formats/wav/writer.js'
import { Encoder, LogMel, prepare, writeReport } from '../../dist/index.js'
import { withPage } from './chromium.mjs'

const LIMIT = 1e-4
const root = fileURLToPath(new URL('../..', import.meta.url))
const WAIT_MILLISECONDS = 120_000

function noErrors(page, what) {
  const errors = page.errors()
  if (errors.length > 0) throw new Error(`${what} has errors:\n${errors.join('\n')}`)
}

/** The report of a demo, with all its sections. */
export async function demoReport(folder) {
  const { report } = await runDemo({ out: join(folder, 'demo'), steps: 2, tracksPerClass: 3, batchSize: 3 })
  return report
}

/** A report of a loss curve and a map, in a few seconds. */
export async function smallReport(folder) {
  const corpus = join(folder, 'corpus')
  await writeCorpus(corpus, { tracksPerClass: 1 })
  const dataset = await prepare(corpus, { cache: join(folder, 'cache'), labels: 'folders' })
  const run = join(root, 'test', 'fixtures', 'run-of-before')
  const encoder = new LogMel()
  const { path } = await writeReport({ out: join(folder, 'report.html'), run, dataset, encoder })
  dataset.dispose()
  return path
}

/** The page of a report comes to life: page.js sets the class when it is done. */
export async function checkReport(chromium, report, folder, say) {
  await withPage(chromium, join(folder, 'profile-of-report'), pathToFileURL(report).href, async (page) => {
    await page.until("document.documentElement.classList.contains('ready')", WAIT_MILLISECONDS)
    noErrors(page, 'the report')
    const canvases = await page.value("document.querySelectorAll('canvas').length")
    say(`Chromium: a report comes to life, ${canvases} canvases`)
  })
}

/** examples/browser as its README says it, at a free port; `use` gets the address. */
async function withExample(modules, model, folder, use) {
  const example = join(folder, 'browser')
  cpSync(join(root, 'examples', 'browser'), example, { recursive: true })
  symlinkSync(join(modules, 'node_modules'), join(example, 'node_modules'), 'junction')
  const server = spawn(process.execPath, [join(example, 'serve.mjs'), model, '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(server, 'close')
  try {
    const [text] = await once(server.stdout, 'data')
    await use(/http\S+/.exec(String(text))[0])
  } finally {
    server.kill()
    await ended
  }
}

/** The largest difference between the embeddings of the page and those of the encoder, relative to the largest number. */
async function compare(encoder, file, { times, windows }) {
  const expected = await encoder.encodeFile(file)
  if (`${times}` !== `${[...expected.times]}`) throw new Error(`${basename(file)}: windows at ${times}`)
  const { data } = expected.windows
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const differences = windows.flat().map((value, i) => Math.abs(value - data[i]))
  return differences.reduce((a, b) => Math.max(a, b), 0) / largest
}

/** 9 s of rising tones as 16-bit stereo at 48 kHz: three windows, which have to be resampled. */
function writeTones(path) {
  const [frames, sampleRate] = [432_000, 48_000]
  const samples = Int16Array.from({ length: 2 * frames }, (_, i) => {
    const t = Math.floor(i / 2) / sampleRate
    return 20_000 * Math.sin(2 * Math.PI * (200 + 300 * t + 110 * (i % 2)) * t)
  })
  const header = wavHeader({ frames, sampleRate, channels: 2 })
  writeFileSync(path, Buffer.concat([header, new Uint8Array(samples.buffer)]))
  return path
}

/**
 * Files that are dropped on the page have the embeddings of `encoder.encodeFile`, whatever their rate.
 * @param {string[]} sounds in formats that the browser decodes to the same samples
 */
export async function checkBrowserExample(chromium, modules, sounds, folder, say) {
  const files = [writeTones(join(folder, '<b>48 kHz.wav')), ...sounds]
  // new weights tell one sound from another by next to nothing; these do
  const encoder = await Encoder.load(join(root, 'test', 'golden', 'checkpoints', 'bare.pt'))
  const onnx = join(folder, 'browser.onnx')
  await encoder.save(onnx)
  await withExample(modules, onnx, folder, (address) =>
    withPage(chromium, join(folder, 'profile-of-example'), address, async (page) => {
      await page.drop('#drop', files)
      await page.until(`document.querySelectorAll('li.done').length === ${files.length}`, WAIT_MILLISECONDS)
      noErrors(page, 'the page of examples/browser')
      const shown = await page.value(
        "Promise.all([...document.querySelectorAll('li')].map((item) => item.querySelector('a') ? fetch(item.querySelector('a').href).then((r) => r.json()) : item.innerText))",
      )
      for (const [i, file] of files.entries()) {
        if (typeof shown[i] === 'string') throw new Error(shown[i])
        const far = await compare(encoder, file, shown[i])
        if (!(far <= LIMIT))
          throw new Error(`${basename(file)}: the page's embeddings differ by ${far} of the largest`)
        say(
          `  ${basename(file)}: ${shown[i].windows.length} windows, embeddings within ${far.toExponential(0)}`,
        )
      }
    }),
  )
  encoder.dispose()
}
