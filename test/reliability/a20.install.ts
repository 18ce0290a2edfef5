/** Installing: offline it fails at once and says what to do; a download with one flipped bit is refused and removed. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClmrError } from 'clmr'
import { installLibtorch } from '#lib/libtorch/install.js'
import { withEnvironment } from '../helpers/environment.js'
import { fakeWheel, withWheelServer } from '../helpers/fake-wheel.js'
import { drive } from './driver.js'
import { hasProgram } from './programs.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const OFFLINE_SECONDS = 5

/** Without a network, in a process of its own. @returns seconds, or why it was not tried */
function offline(env: Record<string, string | undefined>, fail: (reason: string) => void): string {
  if (!hasProgram('unshare', '-n', 'true')) return 'not as this user'
  const started = performance.now()
  const install = [MAIN, 'libtorch', 'install', '--index', 'https://index.invalid/simple']
  const { status, stderr } = spawnSync(
    'unshare',
    ['-n', 'env', 'PATH=/nowhere', process.execPath, ...install],
    {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, ...env, PATH: process.env.PATH },
    },
  )
  const seconds = (performance.now() - started) / 1000
  if (status !== 1) fail(`offline: exit ${status}: ${stderr}`)
  if (seconds > OFFLINE_SECONDS) fail(`offline: ${seconds.toFixed(1)} s`)
  return `refused in ${seconds.toFixed(1)} s`
}

await drive('A20 install', async ({ folder, size, draw, figure, fail }) => {
  const { wheel, bytes } = fakeWheel()
  const env = {
    CLMR_CACHE: join(folder, 'cache'),
    CLMR_PYTHON: undefined,
    PATH: '',
    HOME: folder,
    VIRTUAL_ENV: undefined,
  }
  await withEnvironment(
    {
      ...env,
      HTTP_PROXY: undefined,
      HTTPS_PROXY: undefined,
      http_proxy: undefined,
      https_proxy: undefined,
    },
    async () => {
      for (let i = 0; i < size.flips; i++) {
        const flipped = Uint8Array.from(bytes)
        flipped[Math.floor(draw() * flipped.length)]! ^= 1 << Math.floor(draw() * 8)
        const to = join(folder, 'libtorch')
        await withWheelServer(
          { wheel, bytes: Buffer.from(flipped) },
          { withoutRanges: true },
          async (server) => {
            const error = await installLibtorch({ wheel, folder: to, index: server.index }).catch(
              (caught) => caught,
            )
            if (!(error instanceof ClmrError)) fail(`flip ${i}: ${JSON.stringify(error)}`)
            if (existsSync(to)) fail(`flip ${i}: ${to} is there`)
            const left = await readdir(join(folder, 'cache', 'downloads')).catch(() => [])
            if (left.some((name) => name.endsWith('.whl'))) fail(`flip ${i}: ${left} are left`)
          },
        )
      }
    },
  )
  figure('flips', size.flips)
  figure('offline', offline(env, fail))
})
