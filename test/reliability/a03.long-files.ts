/** A recording of hours is embedded in the memory of one of minutes. The files are silence: a file system keeps nothing of it. */
import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chunk, format } from '../helpers/wav.js'
import { drive } from './driver.js'

const RATE = 44100
const BYTES_A_SECOND = RATE * 4
const MAX_GROWTH_MIB = 64
const root = fileURLToPath(new URL('../..', import.meta.url))

/** A stereo 16-bit file of silence, as RF64. */
async function silence(path: string, seconds: number): Promise<void> {
  const dataBytes = seconds * BYTES_A_SECOND
  const ds64 = new Uint8Array(28)
  const view = new DataView(ds64.buffer)
  view.setBigUint64(0, BigInt(dataBytes + 72), true)
  view.setBigUint64(8, BigInt(dataBytes), true)
  const header = Buffer.concat([
    Buffer.from('RF64\xff\xff\xff\xffWAVE', 'latin1'),
    chunk('ds64', ds64),
    chunk('fmt ', format({ channels: 2, sampleRate: RATE })),
    chunk('data', new Uint8Array(0), 0xffffffff),
  ])
  const file = await open(path, 'w')
  await file.write(header)
  await file.truncate(header.length + dataBytes)
  await file.close()
}

/** Peak memory in MiB and the number of windows of a process that embeds the file once a minute. */
function embedInProcess(path: string): { peak: number; windows: number } {
  const script = `
    import { Encoder } from 'clmr'
    const encoder = await Encoder.create()
    const { windows } = await encoder.encodeFile(${JSON.stringify(path)}, { hop: 60 })
    console.log(JSON.stringify({ peak: process.resourceUsage().maxRSS / 1024, windows: windows.rows }))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  })
  return JSON.parse(printed)
}

await drive('A3', async ({ folder, size, figure, fail }) => {
  const path = join(folder, 'long.wav')
  await silence(path, 300)
  const short = embedInProcess(path)
  await silence(path, 60 * size.minutes)
  const long = embedInProcess(path)
  figure('minutes', size.minutes)
  figure('gigabytes', Math.round(60 * size.minutes * BYTES_A_SECOND) / 1e9)
  figure('grownMiB', Math.round(long.peak - short.peak))
  if (short.windows !== 5 || long.windows !== size.minutes)
    fail(`${short.windows} and ${long.windows} windows`)
  if (long.peak > short.peak + MAX_GROWTH_MIB) fail(`${long.peak} MiB against ${short.peak} MiB`)
})
