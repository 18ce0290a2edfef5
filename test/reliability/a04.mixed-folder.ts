/** A folder as people have them: every file in it is accepted or listed with a reason, and the run goes on. */
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clmr } from '../helpers/command-line.js'
import { tone, wav } from '../helpers/wav.js'
import { drive } from './driver.js'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url))
const SECONDS = 60

/** @returns the names of what can be used, and of what cannot */
async function fill(folder: string): Promise<{ good: string[]; bad: string[] }> {
  const put = (name: string, bytes: Uint8Array | string) => writeFile(join(folder, name), bytes)
  const good = ['tone.mp3', 'tone.flac', 'tone.ogg']
  for (const name of good) await copyFile(fixture(name), join(folder, name))
  await put('sine.wav', wav({ frames: 30000 }))
  await put('stereo.wav', wav({ channels: 2, sampleRate: 48000, frames: 60000, value: tone(48000) }))
  await put('silence.wav', wav({ frames: 30000, value: () => 0 }))
  await put('one-sample.wav', wav({ frames: 1 }))
  await put('empty.wav', '')
  await put('no-samples.wav', wav({ frames: 0 }))
  await put(
    'nan.wav',
    wav({ float: true, bits: 32, frames: 3000, value: (i) => (i === 1000 ? Number.NaN : 0) }),
  )
  await put('text.mp3', 'this is not music\n'.repeat(200))
  await put(
    'cut.flac',
    new Uint8Array((await import('node:fs')).readFileSync(fixture('tone.flac')).subarray(0, 3000)),
  )
  await mkdir(join(folder, 'folder.wav'))
  execFileSync('mkfifo', [join(folder, 'pipe.wav')])
  await symlink(join(folder, 'nowhere'), join(folder, 'dangling.wav'))
  return {
    good: [...good, 'sine.wav', 'stereo.wav', 'silence.wav', 'one-sample.wav'],
    bad: ['empty.wav', 'no-samples.wav', 'nan.wav', 'text.mp3', 'cut.flac', 'pipe.wav', 'dangling.wav'],
  }
}

interface Summary {
  in: number
  accepted: number
  rejected: number
  skipped: { path: string; reason: string; code: string }[]
}

await drive('A4', async ({ folder, figure, fail }) => {
  const music = join(folder, 'music')
  await mkdir(music)
  const { good, bad } = await fill(music)
  const started = performance.now()
  const { code, stdout, stderr } = await clmr('prepare', music, '--cache', join(folder, 'cache'), '--json')
  const seconds = (performance.now() - started) / 1000
  if (code !== 0) return fail(`exit ${code}: ${stderr}`)
  const summary = JSON.parse(stdout) as Summary
  const { accepted, rejected, skipped } = summary
  figure('in', summary.in)
  figure('accepted', accepted)
  figure('rejected', rejected)
  figure('prepareSeconds', Math.round(seconds * 10) / 10)
  if (accepted !== good.length) fail(`${accepted} accepted of ${good.length}`)
  const listed = skipped.map(({ path }) => path)
  for (const name of bad) if (!listed.includes(name)) fail(`${name} is neither accepted nor listed`)
  for (const { path, reason, code } of skipped)
    if (!reason || !code) fail(`${path} is rejected without a reason or a code`)
  if (summary.in !== accepted + rejected) fail(`${summary.in} in, ${accepted} + ${rejected} out`)
  if (seconds > SECONDS) fail(`it took ${seconds} s`)
  const strict = await clmr('prepare', music, '--cache', join(folder, 'strict'), '--max-reject', '0')
  if (strict.code !== 3) fail(`--max-reject 0 ends with ${strict.code}`)
})
