/** Real music to learn from: soundtracks of free games, as Debian packages them, in the user's cache. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Dataset, prepare } from 'clmr'
import { cacheFolder } from '#lib/files/cache-folder.js'

interface Package {
  name: string
  /** what its paths of music, and no others, hold */
  music: RegExp
  /** after the package's copyright file, which is kept beside the music */
  licence: string
}

const PACKAGES: readonly Package[] = [
  {
    name: 'supertuxkart-data',
    music: /\/music\//,
    licence: 'CC-BY-SA 3.0 and 4.0, CC-BY 3.0, CC0, public domain, GPL',
  },
  { name: 'hedgewars-data', music: /\/Music\//, licence: 'GPL 2' },
  { name: 'widelands-data', music: /\/music\//, licence: 'GPL 2+, CC-BY-SA 3.0' },
  { name: 'freedroidrpg-data', music: /\/music\//, licence: 'GPL 2+' },
  { name: 'warzone2100-music', music: /\/music\//, licence: 'GPL 2+' },
  { name: 'flare-game', music: /\/music\//, licence: 'CC-BY-SA 3.0+' },
  { name: 'singularity-music', music: /\/music\//, licence: 'Creative Commons (BY-SA), spelt out there' },
  {
    name: 'drascula-music',
    music: /\/audio\//,
    licence: 'Drascula licence: free to distribute, not to be sold',
  },
]

const AUDIO = /\.(ogg|oga|opus|mp3|flac|wav)$/i
/** Shorter files are jingles. */
const LEAST_BYTES = 200_000

export interface Music {
  /** a folder a class: the game */
  tracks: string
  cache: string
}

export const benchFolder = () => join(cacheFolder(), 'bench', 'quality')
const say = (text: string) => process.stderr.write(`${text}\n`)

function download(name: string, into: string): string {
  const there = () => readdirSync(into).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'))
  if (!there()) {
    say(`downloading ${name}`)
    execFileSync('apt-get', ['download', '--quiet', name], { cwd: into, stdio: ['ignore', 2, 2] })
  }
  return join(into, there()!)
}

const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

/** Unpacks the music of one package, and its copyright file, into `target`. */
function unpack({ name, music }: Package, archive: string, target: string): void {
  const whole = `${target}.whole`
  const part = `${target}.part`
  for (const folder of [whole, part]) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
  }
  execFileSync('dpkg', ['-x', archive, whole])
  for (const file of filesBelow(whole)) {
    if (file.endsWith(`/doc/${name}/copyright`)) copyFileSync(file, join(part, 'copyright'))
    if (!AUDIO.test(file) || !music.test(file) || statSync(file).size < LEAST_BYTES) continue
    // two albums may have a track of one name
    const [album] = file.split('/').slice(-2)
    copyFileSync(file, join(part, `${album}-${basename(file)}`))
  }
  rmSync(whole, { recursive: true })
  renameSync(part, target)
}

/** Downloads and unpacks what is not there yet. */
function fetchMusic(): Music {
  const root = benchFolder()
  const packages = join(root, 'packages')
  const tracks = join(root, 'tracks')
  for (const folder of [packages, tracks]) mkdirSync(folder, { recursive: true })
  for (const one of PACKAGES) {
    const target = join(tracks, one.name)
    if (!existsSync(target)) unpack(one, download(one.name, packages), target)
  }
  return { tracks, cache: join(root, 'cache') }
}

/** Where the music of another folder is decoded to. */
function cacheFor(folder: string): string {
  const name = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 12)
  return join(benchFolder(), `cache-${name}`)
}

/** A folder of music, a folder a class, decoded. */
export async function prepareMusic({ tracks, cache }: Music): Promise<Dataset> {
  let told = 0
  return prepare(tracks, {
    cache,
    labels: 'folders',
    onProgress: ({ done, total }) => {
      if (done < told + 20 && done < total) return
      told = done
      say(`prepared ${done} of ${total} tracks`)
    },
  })
}

/** Music of a folder, or that of the packages. */
export const musicOf = (folder?: string): Music =>
  folder === undefined ? fetchMusic() : { tracks: resolve(folder), cache: cacheFor(folder) }

/** The packages with their licences, as a table. */
export function licenceTable(dataset: Dataset): string {
  const rows = PACKAGES.map(({ name, licence }) => {
    const own = dataset.tracks.filter(({ labels }) => labels[0] === name)
    const minutes = own.reduce((sum, { duration }) => sum + duration, 0) / 60
    return `| ${name} | ${own.length} | ${minutes.toFixed(0)} | ${licence} |`
  })
  return `| Debian package | tracks | minutes | licence |\n|---|---|---|---|\n${rows.join('\n')}`
}
