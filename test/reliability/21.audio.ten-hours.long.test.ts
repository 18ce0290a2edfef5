import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withTempDir } from '../helpers/temp-dir.js'
import { chunk, format } from '../helpers/wav.js'

const RATE = 44100
const root = fileURLToPath(new URL('../..', import.meta.url))

/** A stereo 16-bit file of silence, as RF64; a file system with holes stores next to nothing of it. */
async function silence(path: string, seconds: number): Promise<void> {
  const dataBytes = seconds * RATE * 4
  const ds64 = new Uint8Array(28)
  const view = new DataView(ds64.buffer)
  view.setBigUint64(0, BigInt(dataBytes + 72), true)
  view.setBigUint64(8, BigInt(dataBytes), true)
  const header = [
    Buffer.from('RF64\xff\xff\xff\xffWAVE', 'latin1'),
    chunk('ds64', ds64),
    chunk('fmt ', format({ channels: 2, sampleRate: RATE })),
    chunk('data', new Uint8Array(0), 0xffffffff),
  ]
  const file = await open(path, 'w')
  const bytes = Buffer.concat(header)
  await file.write(bytes)
  await file.truncate(bytes.length + dataBytes)
  await file.close()
}

/** Peak memory in MiB and the number of windows of a process that embeds the file once a minute. */
function embedInProcess(path: string): { peak: number; windows: number } {
  const script = `
    import { Encoder } from 'clmr'
    const encoder = await Encoder.create()
    const { frames } = await encoder.encodeFile(${JSON.stringify(path)}, { hop: 60 })
    console.log(JSON.stringify({ peak: process.resourceUsage().maxRSS / 1024, windows: frames.rows }))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  })
  return JSON.parse(printed)
}

describe('a recording of ten hours', () => {
  it('is embedded in the memory of one of ten minutes, give or take 64 MiB', async function () {
    this.timeout(900_000)
    await withTempDir(async (folder) => {
      const path = join(folder, 'long.wav')
      await silence(path, 600)
      const short = embedInProcess(path)
      await silence(path, 36_000)
      const long = embedInProcess(path)
      assert.deepEqual([short.windows, long.windows], [10, 600])
      assert.ok(
        long.peak < short.peak + 64,
        `${long.peak.toFixed(0)} MiB against ${short.peak.toFixed(0)} MiB`,
      )
      process.stdout.write(
        `      ${short.peak.toFixed(0)} MiB for 10 minutes, ${long.peak.toFixed(0)} MiB for 10 hours\n`,
      )
    })
  })
})
