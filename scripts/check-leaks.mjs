// Nothing in the repository tells of the machine or the network that it was made on: no folder of a user, no host of a
// package registry or a mirror of one, in the lock file neither.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const PLACES = [
  /(?<![\w.~/-])\/(?:home|Users)\/[\w.-]+/,
  /(?<![\w.~/-])\/(?:root|work|workspace|builds)\/[\w.-]+/,
  /\b[A-Z]:\\+Users\\+\w+/,
]
const HOSTS = [
  /\b(?:registry|npm|pypi|pip|index|proxy|mirrors?)(?:\.[\w-]+)*\.(?:org|com|net|io|dev|cn|internal|local|corp)(?=[/:"'\s]|$)/i,
  /\b[\w-]+\.(?:npmjs\.org|pythonhosted\.org|jfrog\.io)\b/i,
  /\b(?:artifactory|nexus|verdaccio|devpi)[\w.-]*\.\w+(?=[/:])/i,
  /"resolved": *"https?:/,
]

/** `folder` as a whole path: /build is none in scripts/build-native.mjs, nor in https://host/build */
const names = (folder) =>
  new RegExp(`(?<![\\w.@~/-])${folder.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w.-])`)

/** @returns {string[]} what `text` tells, a sentence each; `own`: folders of this machine */
export function leaksIn(text, own = []) {
  if (text.includes('\0')) return []
  return text.split('\n').flatMap((line, i) => {
    const place =
      own.find((folder) => names(folder).test(line)) ?? PLACES.map((it) => it.exec(line)?.[0]).find(Boolean)
    const host = HOSTS.map((it) => it.exec(line)?.[0]).find(Boolean)
    return [
      ...(place ? [`line ${i + 1} names a folder of a machine: ${place}`] : []),
      ...(host ? [`line ${i + 1} names a package registry: ${host}`] : []),
    ]
  })
}

function check(root) {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
  // A parent such as /tmp or /build says nothing about a machine.
  const own = [root.replace(/\/$/, ''), dirname(root), homedir()].filter((it) => it.split('/').length > 2)
  const faults = files
    .filter((file) => existsSync(root + file))
    .flatMap((file) => leaksIn(readFileSync(root + file, 'utf8'), own).map((fault) => `${file}: ${fault}`))
  if (faults.length > 0) process.stderr.write(`${faults.join('\n')}\n`)
  else process.stdout.write(`${files.length} files tell of no machine and no registry\n`)
  return faults.length === 0
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = check(fileURLToPath(new URL('..', import.meta.url))) ? 0 : 1
