/** Two processes fill one cache while one of them is killed: the cache is whole, each time. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { verifyCache } from 'clmr'
import { startNode } from '../helpers/node-process.js'
import { corpus } from '../helpers/short-tracks.js'
import { drive } from './driver.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const TRACKS = 20
const PLANTED_ROUNDS = 20
const SCRIPT = `import { prepare } from 'clmr'
  await prepare(process.argv[1], { cache: process.argv[2], labels: 'folders' })`

await drive('A20 cache', async ({ folder, size, planted, draw, figure, fail }) => {
  const [source, cache] = [join(folder, 'music'), join(folder, 'cache')]
  await corpus(source, ['a', 'b'], TRACKS)
  const start = () => startNode(['--input-type=module', '-e', SCRIPT, source, cache], { cwd: root })
  // that both write one file at the same moment does not come up in every round
  const rounds = planted ? PLANTED_ROUNDS : size.rounds
  for (let round = 0; round < rounds; round++) {
    await rm(cache, { recursive: true, force: true })
    const [survivor, victim] = [start(), start()]
    const files = 1 + Math.floor(draw() * (2 * TRACKS - 5))
    const watch = setInterval(async () => {
      const names = await readdir(join(cache, 'audio'), { recursive: true }).catch(() => [])
      if (names.filter((name) => name.endsWith('.wav')).length >= files) victim.child.kill('SIGKILL')
    }, 1)
    const [{ code, stderr }] = await Promise.all([survivor.finished, victim.finished])
    clearInterval(watch)
    if (code !== 0) fail(`round ${round}: the survivor ends with ${code}: ${stderr.slice(-300)}`)
    const report = await verifyCache(cache).catch((error) => ({ ok: false, tracks: 0, problems: [error] }))
    if (!report.ok || report.tracks !== 2 * TRACKS)
      fail(`round ${round}: ${report.tracks} tracks, ${JSON.stringify(report.problems[0])}`)
  }
  figure('rounds', rounds)
})
