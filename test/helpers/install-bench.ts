/** An installation of libtorch from a server of our own, in a folder and an environment of its own. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type InstallOptions, installLibtorch } from '#lib/libtorch/install.js'
import { withEnvironment } from './environment.js'
import { fakeWheel, type ServerBehaviour, type WheelServer, withWheelServer } from './fake-wheel.js'
import { withTempDir } from './temp-dir.js'

/** No Python, no settings of pip, no proxy, and a cache of its own. */
const bare = (folder: string) => ({
  CLMR_CACHE: join(folder, 'cache'),
  CLMR_PYTHON: undefined,
  PATH: '',
  HOME: folder,
  PIP_CONFIG_FILE: join(folder, 'pip.conf'),
  PIP_INDEX_URL: undefined,
  XDG_CONFIG_HOME: undefined,
  XDG_CONFIG_DIRS: join(folder, 'xdg'),
  UV_DEFAULT_INDEX: undefined,
  UV_INDEX_URL: undefined,
  VIRTUAL_ENV: undefined,
  HTTP_PROXY: undefined,
  HTTPS_PROXY: undefined,
  http_proxy: undefined,
  https_proxy: undefined,
})

export interface Bench {
  folder: string
  server: WheelServer
  install: (options?: InstallOptions) => Promise<unknown>
  downloads: () => string[]
}

export function withBench(
  behaviour: ServerBehaviour,
  use: (bench: Bench) => Promise<void>,
  served = fakeWheel(),
): Promise<void> {
  const { wheel } = fakeWheel()
  return withTempDir((folder) =>
    withEnvironment(bare(folder), () =>
      withWheelServer({ wheel, bytes: served.bytes }, behaviour, (server) => {
        const downloads = join(folder, 'cache', 'downloads')
        return use({
          folder,
          server,
          install: (options) =>
            installLibtorch({ wheel, folder: join(folder, 'libtorch'), index: server.index, ...options }),
          downloads: () => (existsSync(downloads) ? readdirSync(downloads) : []),
        })
      }),
    ),
  )
}

/** Oracle: the library of the wheel, and nothing left of the download. */
export function checkInstalled(folder: string): void {
  const library = new Uint8Array(readFileSync(join(folder, 'libtorch', 'lib', 'libtorch_cpu.so')))
  assert.deepEqual(library, fakeWheel().library)
  assert.ok(existsSync(join(folder, 'libtorch', 'licenses', 'third_party', 'gloo', 'LICENSE')))
  assert.deepEqual(readdirSync(folder).sort(), ['cache', 'libtorch'])
}
