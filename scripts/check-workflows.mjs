// The workflows call only what there is: YAML that can be read, scripts of package.json, files of the repository. What is
// built on Linux is built in a container whose glibc keeps the floor.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('..', import.meta.url))
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const faults = []
const folder = `${root}.github/workflows`

for (const name of readdirSync(folder)) {
  const { jobs } = parse(readFileSync(`${folder}/${name}`, 'utf8'))
  for (const [job, { steps, needs = [], container, strategy }] of Object.entries(jobs)) {
    const rows = strategy?.matrix?.include ?? [{ runner: 'ubuntu', image: container?.image }]
    const builds = steps.some(({ run = '' }) => /npm run prebuilds|\.ci\/run/.test(run))
    for (const { runner, image } of rows)
      if (builds && /ubuntu/.test(runner) && !/-bookworm$/.test(image ?? ''))
        faults.push(`${name}: ${job} builds for Linux outside of Debian 12`)
    for (const other of [needs].flat()) if (!(other in jobs)) faults.push(`${name}: ${job} needs ${other}`)
    for (const { run = '' } of steps) {
      for (const [, script] of run.matchAll(/npm run ([\w:-]+)/g))
        if (!(script in scripts)) faults.push(`${name}: ${job} runs ${script}, which package.json has not`)
      for (const [, file] of run.matchAll(/\b(?:bash|node) (\S+)/g))
        if (/^[\w.]+\//.test(file) && !existsSync(root + file)) faults.push(`${name}: there is no ${file}`)
    }
  }
}
if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`)
  process.exit(1)
}
process.stdout.write('the workflows call only what there is\n')
