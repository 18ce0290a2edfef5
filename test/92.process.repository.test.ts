import assert from 'node:assert/strict'
import { leaksIn } from '../scripts/check-leaks.mjs'

/** Put together here, since the check reads this file as well. */
const path = (...parts: string[]) => parts.join('/')
const host = (...parts: string[]) => parts.join('.')

describe('92 process: repository', () => {
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
