// A folder of mp3s through `prepare`, against what the decoders alone take for the same files, in one run: the time that
// passes, and the processor's. Needs ffmpeg (to make the mp3s). Writes bench/RESULTS.md.
//   npm run bench:prepare -- [--files 40] [--rounds 3] [--threads 2]
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare, setThreads } from 'clmr'
import { decodePool } from '#lib/audio/pool.js'
import { decodeStream } from '#lib/audio/stream.js'
import { SAMPLE_RATE } from '#lib/clip.js'
import { commandLine, machine, optionsOf, timingOf, writeSection } from '../shared/bench.js'
import { MP3_SECONDS, makeMp3s } from '../shared/mp3s.js'

const values = optionsOf({ files: '40', rounds: '3', threads: '2' })
const [count, threads] = [Number(values.files), Number(values.threads)]
const { folder, paths } = await makeMp3s(count)
setThreads(threads)

/** All that a decoding thread sends: runs that are mixed down, at the rate of the file. */
async function decode(path: string): Promise<void> {
  const handle = await open(path)
  const runs = decodePool().stream({ fd: handle.fd, length: (await handle.stat()).size })
  while (!(await runs.next()).done);
  await handle.close()
}

async function resampled(path: string): Promise<void> {
  const pieces = decodeStream(path, SAMPLE_RATE)
  while (!(await pieces.next()).done);
}

async function each(work: (path: string) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await work(paths[next++]!)
  }
  await Promise.all(Array.from({ length: threads }, worker))
}

const caches: string[] = []

async function prepareAll(): Promise<void> {
  const cache = mkdtempSync(join(tmpdir(), 'clmr-bench-prepare-'))
  caches.push(cache)
  const dataset = await prepare(folder, { cache, concurrency: threads })
  dataset.dispose()
}

interface Cost {
  seconds: number[]
  processor: number[]
}

const works: [string, () => Promise<void>][] = [
  ['the decoders alone', () => each(decode)],
  ['decoded and resampled', () => each(resampled)],
  ['`prepare`', prepareAll],
]
const costs = works.map((): Cost => ({ seconds: [], processor: [] }))
for (const [, work] of works) await work() // threads are there, files are in the page cache
for (let round = 0; round < Number(values.rounds); round++)
  for (const [i, [name, work]] of works.entries()) {
    const [started, before] = [performance.now(), process.cpuUsage()]
    await work()
    const { user, system } = process.cpuUsage(before)
    costs[i]!.seconds.push((performance.now() - started) / 1000)
    costs[i]!.processor.push((user + system) / 1e6)
    for (const cache of caches.splice(0)) rmSync(cache, { recursive: true })
    process.stderr.write(`round ${round + 1}: ${name}\n`)
  }

const timings = costs.map(({ seconds, processor }) => ({
  wall: timingOf(seconds),
  processor: timingOf(processor),
}))
const [alone] = timings as [(typeof timings)[0]]
const rows = timings.map(({ wall, processor }, i) => {
  const share = (of: number, by: number) => `${((100 * of) / by).toFixed(0)} %`
  const passed = `${(count / wall.best).toFixed(1)} | ${(count / wall.median).toFixed(1)} | ${share(alone.wall.best, wall.best)}`
  const used = `${processor.best.toFixed(2)} | ${processor.median.toFixed(2)} | ${share(alone.processor.best, processor.best)}`
  return `| ${works[i]![0]} | ${passed} | ${used} |`
})
const body = `${machine()}

Command: \`${commandLine('bench:prepare')}\`. ${count} stereo mp3s of ${MP3_SECONDS} s at 44.1 kHz, ${threads} threads.

| | files/s, best | median | share of the decoders | processor seconds, best | median | share of the decoders |
|---|---|---|---|---|---|---|
${rows.join('\n')}

The decoders mix down in their threads. What \`prepare\` does beside decoding is resampling, rounding to 16 bits, hashing both files, and writing and reading back each track: its length, which is a part of the hash, stands in front of the samples and is known at the end.`
process.stdout.write(`${rows.join('\n')}\n`)
writeSection('Prepare', body)
