import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leaksIn } from '../scripts/check-leaks.mjs'
import { withTempDir } from './helpers/temp-dir.js'

/** Put together here, since the check reads this file as well. */
const path = (...parts: string[]) => parts.join('/')
const host = (...parts: string[]) => parts.join('.')

describe('92 process: repository', () => {
  it('every test file has a number of its own', () => {
    const names = readdirSync(fileURLToPath(new URL('.', import.meta.url)))
    const numbers = names.filter((name) => name.endsWith('.test.ts')).map((name) => name.split('.')[0])
    assert.deepEqual(numbers, [...new Set(numbers)])
  })

  it('BAD CALL - CLMR_CUDA=1 without nvcc, or with one of another CUDA, builds nothing: one sentence with the way out', () =>
    withTempDir(async (folder) => {
      const build = (env: NodeJS.ProcessEnv) => {
        const script = fileURLToPath(new URL('../scripts/build-native.mjs', import.meta.url))
        const options = { env: { ...process.env, CLMR_CUDA: '1', ...env }, encoding: 'utf8' } as const
        const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], options)
        assert.deepEqual([status, stdout, readdirSync(folder).length], [1, '', nvccs])
        return stderr
      }
      let nvccs = 0
      const nowhere = { PATH: '', CUDA_HOME: folder, CUDA_PATH: folder, CUDACXX: '', CLMR_PYTHON: '' }
      if (!existsSync('/usr/local/cuda/bin/nvcc'))
        assert.match(
          build(nowhere),
          /^clmr: CLMR_CUDA=1 needs nvcc 13, which is nowhere: .*set CUDACXX to it\n$/,
        )
      const nvcc = join(folder, 'nvcc')
      const says = "console.log('Cuda compilation tools, release 12.8, V12.8.93')"
      writeFileSync(nvcc, `#!${process.execPath}\n${says}\n`, { mode: 0o755 })
      nvccs = 1
      assert.match(
        build({ CUDACXX: nvcc }),
        /nvcc is of CUDA 12, but libtorch is built with CUDA 13: set CUDACXX to an nvcc 13\.x\n$/,
      )
    }))

  it('check-leaks: a folder of a user, of this machine or of a build is found, with its line', () => {
    const leaks = [
      path('', 'home', 'ada', 'music'),
      `"${path('', 'Users', 'ada')}"`,
      `from ${path('', 'root', '.cache')}`,
      ['C:', 'Users', 'ada'].join('\\'),
      path('', 'srv', 'build', 'clmr', 'x.ts'),
    ]
    for (const leak of leaks) {
      const found = leaksIn(`fine\n${leak}\n`, [path('', 'srv', 'build')])
      assert.equal(found.length, 1, leak)
      assert.match(found[0]!, /^line 2 names a folder of a machine: /)
    }
  })

  it('check-leaks: the host of a registry or a mirror is found, in the lock file by its field', () => {
    const leaks = [
      `https://${host('registry', 'npmjs', 'org')}/zod`,
      `index-url = https://${host('pypi', 'python', 'org')}/simple`,
      `http://${host('nexus', 'corp', 'example')}:8081/repository`,
      `https://${host('mirrors', 'example', 'com')}/simple`,
      `  "${'resolved'}": "https://packages.example/zod.tgz",`,
    ]
    for (const leak of leaks) {
      const found = leaksIn(leak)
      assert.equal(found.length, 1, leak)
      assert.match(found[0]!, /^line 1 names a package registry: /)
    }
  })

  it('check-leaks: what only looks like one is none', () => {
    for (const text of [
      '/tmp/demo',
      'examples/home/page',
      '~/Music',
      'a mirror.',
      'pip.conf',
      'index.html',
      'npm.cmd',
    ])
      assert.deepEqual(leaksIn(text), [], text)
    assert.deepEqual(leaksIn(`\0${path('', 'home', 'ada')}`), [], 'a binary file')
  })
})
