/** Damaged audio of every format: no crash, no hang, no flood of memory, and each refusal is typed. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ClmrError, decodeAudio } from 'clmr'
import { wav } from '../helpers/wav.js'
import { drive } from './driver.js'

const HANG_MS = 2000
const MAX_RISE = 256 * 2 ** 20
const fixture = (name: string) =>
  readFile(fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url)))

/** The file with a few bytes changed, parts cut out, repeated or swapped. */
function mutate(seed: Uint8Array, draw: () => number): Uint8Array {
  let bytes = Uint8Array.from(seed)
  const place = () => Math.floor(draw() ** 2 * bytes.length) // more often in the headers
  for (let n = 1 + Math.floor(draw() * 6); n > 0 && bytes.length > 0; n--) {
    const [at, length] = [place(), 1 + Math.floor(draw() * 64)]
    const how = draw()
    if (how < 0.4) bytes[at]! ^= 1 << Math.floor(draw() * 8)
    else if (how < 0.6) bytes.fill(draw() < 0.5 ? 0 : 255, at, at + Math.min(length, 8))
    else if (how < 0.7) bytes = bytes.slice(0, place())
    else if (how < 0.8)
      bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]))
    else if (how < 0.9)
      bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]))
    else bytes.copyWithin(at, place(), place())
  }
  return bytes
}

async function decode(bytes: Uint8Array): Promise<{ error?: Error; milliseconds: number }> {
  const started = performance.now()
  const error = await decodeAudio(bytes, { signal: AbortSignal.timeout(2 * HANG_MS) }).then(
    () => undefined,
    (caught: Error) => caught,
  )
  return { error, milliseconds: performance.now() - started }
}

const isTyped = (error: Error) =>
  error instanceof ClmrError ? error.code !== 'ERR_INTERNAL' : error.name === 'TimeoutError'

await drive('A1', async ({ size, draw, figure, fail }) => {
  const seeds: Record<string, Uint8Array> = { wav: wav({ frames: 8000, channels: 2 }) }
  for (const format of ['mp3', 'flac', 'ogg', 'opus']) seeds[format] = await fixture(`tone.${format}`)
  const counts = { decoded: 0, refused: 0, slowestMs: 0 }
  for (const [format, seed] of Object.entries(seeds)) {
    await decodeAudio(seed)
    for (let i = 0; i < size.mutants; i++) {
      const bytes = mutate(seed, draw)
      if (bytes.length === 0) continue
      const before = process.memoryUsage.rss()
      let tried = await decode(bytes)
      if (tried.milliseconds > HANG_MS) tried = await decode(bytes) // a busy machine is slow once, a hang is one always
      const { error, milliseconds } = tried
      if (error === undefined) counts.decoded++
      else counts.refused++
      if (error && !isTyped(error)) fail(`${format} mutant ${i}: ${error.stack}`)
      counts.slowestMs = Math.max(counts.slowestMs, Math.round(milliseconds))
      if (milliseconds > HANG_MS) fail(`${format} mutant ${i} takes ${milliseconds.toFixed(0)} ms`)
      const rise = process.memoryUsage.rss() - before
      if (rise > MAX_RISE) fail(`${format} mutant ${i} takes ${rise >> 20} MiB`)
    }
    await decodeAudio(seed)
  }
  figure('formats', Object.keys(seeds).join())
  figure('mutantsPerFormat', size.mutants)
  for (const [name, value] of Object.entries(counts)) figure(name, value)
})
