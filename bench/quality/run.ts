// What training is worth, on real music: clmr beside CLMR in PyTorch at equal wall time on the same tracks and seeds,
// and both beside random weights and log-mel statistics. Writes bench/RESULTS.md and bench/quality/curves.svg.
//   npm run bench:quality -- [--minutes 15] [--seeds 1] [--systems small,clmr,pytorch] [--marks 0.25,0.5,1]
//                            [--music FOLDER] [--check FOLDER] [--print]
// The music comes from Debian (apt-get), and lies with all else in the user's cache: a run that is cut off goes on with
// the same command. --music FOLDER: that music instead, a folder a class. --check FOLDER: other music, a folder a class, that no training hears. --print writes no file.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commandLine, machine, optionsOf, writeSection } from '../shared/bench.js'
import { BASELINES, baselineCell, type Plan, type Point, SYSTEMS, trainedCell } from './cells.js'
import { chartSvg } from './chart.js'
import { benchFolder, licenceTable, musicOf, prepareMusic } from './music.js'
import { type Entry, panelsOf, tablesOf } from './tables.js'

const values = optionsOf({
  minutes: '15',
  seeds: '1',
  systems: 'small,clmr,pytorch',
  marks: '0.25,0.5,1',
  music: undefined,
  check: undefined,
  print: false,
})
const minutes = Number(values.minutes)
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1)
const marks = values.marks.split(',').map(Number)
const systems = values.systems.split(',').map((key) => {
  const found = SYSTEMS.find((system) => system.key === key)
  if (!found)
    throw new Error(`--systems: ${key} is none of ${SYSTEMS.map((system) => system.key).join(', ')}`)
  return found
})

const { music, check } = values
const dataset = await prepareMusic(musicOf(music))
const plan: Plan = {
  dataset,
  minutes,
  marks,
  ...(check !== undefined && { check: await prepareMusic(musicOf(check)) }),
}
const say = (text: string) => process.stderr.write(`${text}\n`)

/** Points of every seed, seed after seed: a run that is cut off has whole seeds first. */
const entries = new Map<string, Entry>()
const entryOf = (key: string, name: string, trained: boolean) => {
  const entry = entries.get(key) ?? { key, name, trained, runs: [] }
  entries.set(key, entry)
  return entry
}
for (const seed of seeds) {
  for (const baseline of BASELINES) {
    say(`${baseline}, seed ${seed}`)
    const found = await baselineCell(baseline, seed, plan)
    entryOf(baseline, baseline, false).runs.push([{ minutes: 0, views: 0, ...found }])
  }
  for (const system of systems) {
    say(`${system.name}, ${minutes} minutes, seed ${seed}`)
    const points: Point[] = await trainedCell(system, seed, plan)
    entryOf(system.key, system.name, true).runs.push(points)
  }
}

const all = [...entries.values()]
const svg = chartSvg(panelsOf(all), minutes)
const body = `${machine()}

Command: \`${commandLine('bench:quality')}\`. ${dataset.length} tracks, ${seeds.length} seed${seeds.length > 1 ? 's' : ''}, ${minutes} minutes each, ${process.env.CLMR_THREADS ?? 'all'} threads. One crop of each track is the library, another one asks; top 1; altered: the query went through the published chain once. Same label: of the ten nearest, those of the same game. All tracks were trained on, without their labels; the probe is tested on a fifth of them. Vectors as they are · standardised · whitened; 95 % intervals over tracks, for the first seed, in brackets.

${tablesOf(all, minutes)}${
  music === undefined
    ? `

${licenceTable(dataset)}`
    : ''
}`
if (values.print) {
  const file = `${benchFolder()}/curves.svg`
  writeFileSync(file, svg)
  process.stdout.write(`${body}\n\nCurves: ${file}\n`)
} else {
  writeFileSync(fileURLToPath(new URL('curves.svg', import.meta.url)), svg)
  writeSection('Quality', `${body}\n\n![Curves over minutes](quality/curves.svg)`)
}
process.exit()
