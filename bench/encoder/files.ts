// A folder of mp3s through `encodeFiles`, against what decoding alone and encoding alone take of the same files, in one
// run. Needs ffmpeg (to make the mp3s). Writes bench/RESULTS.md.
//   npm run bench:files -- [--files 200] [--rounds 3]
import { availableParallelism } from 'node:os'
import { allocateClips, decodeAudio, Encoder, setThreads } from 'clmr'
import { commandLine, machine, optionsOf, timingOf, writeSection } from '../shared/bench.js'
import { makeMp3s, MP3_SECONDS as SECONDS } from '../shared/mp3s.js'

const values = optionsOf({
  files: '200',
  rounds: '3',
})
const count = Number(values.files)
const THREADS = 2
const CLIP = 59049
const CONCURRENCY = [2, 4, 8]

const { paths } = await makeMp3s(count)
setThreads(THREADS)
using encoder = await Encoder.create()
const { samples } = await decodeAudio(paths[0]!)

async function decodeAll(): Promise<void> {
  let next = 0
  const work = async () => {
    while (next < count) await decodeAudio(paths[next++]!)
  }
  await Promise.all(Array.from({ length: THREADS }, work))
}

/** As many windows as the files have, in batches of 16. */
async function encodeAll(): Promise<void> {
  const windows = count * Math.floor((samples.length - CLIP) / CLIP + 1)
  const clips = allocateClips(16)
  for (let i = 0; i < 16; i++) clips.set(samples.subarray((i % 11) * CLIP, ((i % 11) + 1) * CLIP), i * CLIP)
  for (let at = 0; at < windows; at += 16)
    await encoder.encode(clips.subarray(0, Math.min(16, windows - at) * CLIP))
}

async function encodeFiles(concurrency: number): Promise<void> {
  for await (const { error } of encoder.encodeFiles(paths, { concurrency })) if (error) throw error
}

const works: [string, () => Promise<void>][] = [
  ['decoding alone, all cores (`decodeAudio`)', decodeAll],
  ['encoding alone, all cores (as many windows, in batches of 16)', encodeAll],
  ...CONCURRENCY.map((n): [string, () => Promise<void>] => [
    `\`encodeFiles\`, concurrency ${n}`,
    () => encodeFiles(n),
  ]),
]

const times = new Map<string, number[]>(works.map(([name]) => [name, []]))
for (const [, work] of works.slice(0, 2)) await work() // threads are there, files are in the page cache
for (let round = 0; round < Number(values.rounds); round++)
  for (const [name, work] of works) {
    const started = performance.now()
    await work()
    times.get(name)!.push((performance.now() - started) / 1000)
    process.stderr.write(`round ${round + 1}: ${name}\n`)
  }

const timings = works.map(([name]) => ({ name, ...timingOf(times.get(name)!) }))
const [decoding, encoding] = timings as [(typeof timings)[0], (typeof timings)[0]]
const slower = Math.max(decoding.best, encoding.best)
const both = decoding.best + encoding.best
const rows = timings.map(({ name, best, median }) => {
  const share = (of: number) => `${((100 * of) / best).toFixed(0)} %`
  return `| ${name} | ${(count / best).toFixed(1)} | ${(count / median).toFixed(1)} | ${share(slower)} | ${share(both)} |`
})
writeSection(
  'Files',
  `${machine()}\n\nCommand: \`${commandLine('bench:files')}\`. ${count} stereo mp3s of ${SECONDS} s at 44.1 kHz, ${availableParallelism()} cores, ${THREADS} threads.\n\n| | files/s, best | median | share of the slower of the two alone | share of what is possible where both need all cores |\n|---|---|---|---|---|\n${rows.join('\n')}\n\nDecoding and encoding both keep all cores busy, so that together they take at least the sum of their times: the last column is that sum by the time taken. The column before is what the same pipeline would be measured by where decoding has cores of its own.`,
)
