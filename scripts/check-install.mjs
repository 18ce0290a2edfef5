// npm run check:install: what a user has who installs the tarballs of dist/packages/ in an empty folder, with node and
// npm and nothing else: no compiler, no CMake, no Python, an empty home; and no network once npm is done.
//   --timed     fail, too, where the first embedding takes longer than it may: for a machine that does nothing else
//   --all       fail, too, where the network cannot be taken away from what runs
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'
import { fail, say } from './check-report.mjs'
import { HERE } from './platforms.mjs'

const PACKAGE_LIMIT = 6e6
const FIRST_EMBEDDING_LIMIT_MS = 500

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'clmr-install-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const app = join(folder, 'app')
const bin = join(folder, 'bin')

const which = (name) =>
  process.env.PATH.split(delimiter)
    .map((place) => join(place, name))
    .find((file) => existsSync(file)) ?? fail(`${name} is not on the path`)

/** A PATH with these and nothing else; npm's own commands are scripts that begin with /usr/bin/env node. */
function scrubbedPath() {
  mkdirSync(bin, { recursive: true })
  for (const name of ['node', 'npm', 'sh']) symlinkSync(realpathSync(which(name)), join(bin, name))
  return bin
}

// How npm reaches its registry here, where that is told by variables; and how many threads there are for us.
const passed = Object.entries(process.env).filter(([name]) =>
  /^(npm_config_registry|https?_proxy|no_proxy|node_extra_ca_certs|clmr_threads)$/i.test(name),
)

const environment = {
  ...Object.fromEntries(passed),
  PATH: scrubbedPath(),
  HOME: join(folder, 'home'),
  TMPDIR: folder,
  npm_config_cache: execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim(),
  npm_config_userconfig: join(homedir(), '.npmrc'),
  npm_config_prefer_offline: 'true',
}
mkdirSync(environment.HOME)
mkdirSync(app)

/** In front of a command: it has no network interface at all then. Who is not root needs a user namespace for it. */
function withoutNetwork() {
  const ways = [['--net'], ['--user', '--map-root-user', '--net']]
  const way = ways.find((flags) => spawnSync('unshare', [...flags, 'true']).status === 0)
  if (way) return [which('unshare'), ...way]
  const text = 'the network cannot be taken away here (unshare --net is refused)'
  if (process.argv.includes('--all')) fail(text)
  say(`NOT OFFLINE: ${text}; what follows may have used it`)
  return []
}
const offline = withoutNetwork()

function run(command, args, { network = false, env = {} } = {}) {
  const [file, ...rest] = [...(network ? [] : offline), command, ...args]
  const options = { cwd: app, encoding: 'utf8', env: { ...environment, ...env } }
  const { status, signal, stdout, stderr } = spawnSync(file, rest, options)
  if (status !== 0) fail(`${command} ${args.join(' ')} ended with ${status ?? signal}:\n${stdout}${stderr}`)
  return { stdout, stderr }
}

const node = (...args) => run(join(bin, 'node'), args)
const clmr = (...args) => node(join(app, 'node_modules', 'clmr', 'dist', 'cli', 'main.js'), ...args)

function tarballs() {
  const packages = join(root, 'dist', 'packages')
  const there = existsSync(packages) ? readdirSync(packages) : []
  const own = there.find((name) => /^clmr-\d.*\.tgz$/.test(name))
  const libtorch = there.find((name) => name.startsWith(`clmr-libtorch-${HERE}-`))
  if (!own || !libtorch)
    fail('dist/packages/ has no tarballs: run `npm run prebuilds && npm run package` first')
  return [join(packages, own), join(packages, libtorch)]
}

function install() {
  writeFileSync(join(app, 'package.json'), '{ "private": true }')
  const [own, libtorch] = tarballs()
  const { stderr } = run(join(bin, 'npm'), ['install', '--no-audit', '--no-fund', own, libtorch], {
    network: true,
  })
  if (/\bwarn\b/i.test(stderr)) fail(`npm warns:\n${stderr}`)
  // What npm knows from its lock file is less: a binding.gyp in the package would count as an install script then.
  const again = run(join(bin, 'npm'), ['install', '--no-audit', '--no-fund', 'piscina@5'], {
    network: true,
  }).stderr
  if (/\bwarn\b/i.test(again)) fail(`npm warns at the next install:\n${again}`)
  const size = statSync(own).size
  if (size > PACKAGE_LIMIT) fail(`the package has ${size} bytes, the limit is ${PACKAGE_LIMIT}`)
  say(
    `installed: clmr ${(size / 1e6).toFixed(2)} MB, libtorch ${(statSync(libtorch).size / 1e6).toFixed(1)} MB, no warning of npm`,
  )
}

function checkContents() {
  const installed = join(app, 'node_modules', 'clmr')
  const names = readdirSync(installed, { recursive: true })
  const unwanted = names.filter((name) => /^(test|bench|build|node_modules|\.ci|dist\/packages)\//.test(name))
  if (unwanted.length) fail(`the package must not hold ${unwanted.join(', ')}`)
  const wanted = [
    'LICENSE',
    'dist/index.d.ts',
    'CMakeLists.txt',
    'native/addon.c',
    `prebuilds/${HERE}/clmr.node`,
  ]
  const missing = wanted.filter((name) => !names.includes(name))
  if (missing.length) fail(`the package lacks ${missing.join(', ')}`)
  const links = [...readFileSync(join(installed, 'README.md'), 'utf8').matchAll(/\]\((?!\w+:|#)([^)#]+)/g)]
  const dead = links.map(([, link]) => link).filter((link) => !existsSync(join(installed, link)))
  if (dead.length) fail(`README.md links to ${dead.join(', ')}, which the package lacks`)
  const libtorch = join(app, 'node_modules', '@clmr', `libtorch-${HERE}`)
  for (const file of ['NOTICE.md', 'licenses/LICENSE', 'licenses/added/GPL-3.0.txt'])
    if (!existsSync(join(libtorch, file))) fail(`the libtorch package lacks ${file}`)
  say(`contents: ${names.length} files and folders, nothing missing, no dead link`)
}

const FIRST = `
const before = performance.now()
const use = async ({ Encoder, allocateClips }) => {
  const encoder = await Encoder.create({ seed: 1 })
  const { rows, cols } = await encoder.encode(allocateClips(1))
  if (rows !== 1 || cols !== 512) throw new Error('wrong shape')
  console.log(performance.now() - before)
}
`

function checkFirstEmbedding() {
  writeFileSync(join(app, 'required.cjs'), `${FIRST}use(require('clmr'))`)
  writeFileSync(join(app, 'imported.mjs'), `${FIRST}use(await import('clmr'))`)
  const timed = process.argv.includes('--timed')
  const times = (file) => Array.from({ length: timed ? 5 : 1 }, () => Math.round(Number(node(file).stdout)))
  const required = times('required.cjs')
  const imported = times('imported.mjs')
  say(`first embedding after require: ${required.join(', ')} ms; after import: ${imported.join(', ')} ms`)
  const best = Math.min(...required)
  if (timed && best > FIRST_EMBEDDING_LIMIT_MS)
    fail(`the first embedding took ${best} ms, the limit is ${FIRST_EMBEDDING_LIMIT_MS}`)
}

function checkCommands() {
  const { findings } = JSON.parse(clmr('doctor', '--json').stdout)
  const libtorch = findings.filter(({ what }) => what === 'libtorch').map(({ found }) => found)
  if (!libtorch.some((found) => found.includes('from the platform package')))
    fail(`doctor: ${libtorch.join('; ')}`)
  const started = performance.now()
  clmr('demo', '--minutes', '1', '--tracks', '4', '--precision', 'bfloat16', '--out', 'demo')
  if (!existsSync(join(app, 'demo', 'report.html'))) fail('the demo wrote no report.html')
  const seconds = (performance.now() - started) / 1000
  say(
    `clmr doctor finds the platform package; clmr demo runs${offline.length ? ' without a network' : ''}: ${seconds.toFixed(0)} s`,
  )
}

const uploads = join(folder, 'uploads')

/** Starts a server of the examples; `use` gets its address. Ends it, and looks at how. */
async function withServer(args, use) {
  const child = spawn(join(bin, 'node'), args, {
    cwd: app,
    env: { ...environment, TMPDIR: uploads },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  try {
    const [text] = await Promise.race([
      new Promise((resolve) => child.stdout.once('data', (data) => resolve([String(data)]))),
      ended.then(() => fail(`${args[0]} ended`)),
    ])
    await use(/listening at (\S+)/.exec(text)?.[1] ?? fail(text))
  } finally {
    child.kill('SIGTERM')
  }
  if ((await ended) !== 0) fail(`${args[0]} ended with ${await ended}`)
}

/** What is no music is refused, and ffmpeg is asked first; before that nothing may have been written. */
async function checkRefused(example, url, untouched) {
  if (statSync(uploads).mtimeMs !== untouched) fail(`${example} wrote a temporary file`)
  const { status } = await post(url, join(app, 'broken.mp3'))
  if (status !== 422) fail(`${example} answered no music with ${status}`)
  const left = readdirSync(uploads)
  if (left.length > 0) fail(`${example} left ${left.join(', ')}`)
}

/** Posts a file piece by piece, as a client that is still recording would. */
const post = (url, file) =>
  fetch(url, { method: 'POST', body: Readable.toWeb(createReadStream(file)), duplex: 'half' })

function checkService(model, music, track) {
  const { mtimeMs } = statSync(uploads)
  return withServer(['http-service.mjs', model, music, '0'], async (address) => {
    const found = await (await post(`${address}/similar?k=2`, track)).json()
    if (found.length !== 2 || join(app, found[0].path) !== track || found[0].score < 0.9999)
      fail(`the service found ${JSON.stringify(found)}`)
    await checkRefused('http-service.mjs', `${address}/similar`, mtimeMs)
  })
}

function checkUploads(example, model, tracks) {
  const { mtimeMs } = statSync(uploads)
  return withServer([example, model, '0'], async (address) => {
    for (const track of tracks) {
      const { embedding, windows } = await (await post(`${address}/embed`, track)).json()
      if (windows < 1 || embedding?.length !== 512 || Math.abs(Math.hypot(...embedding) - 1) > 1e-5)
        fail(`${example} answered ${track} with ${windows} windows and ${embedding?.length} numbers`)
    }
    await checkRefused(example, `${address}/embed`, mtimeMs)
  })
}

/** The servers, with uploads that come as streams. */
async function checkServers(model, music, tracks) {
  mkdirSync(uploads)
  await checkService(model, music, tracks[0])
  for (const example of ['http-upload.mjs', 'fetch-handler.mjs']) await checkUploads(example, model, tracks)
}

/** An example in TypeScript, as the installed package has it, without its types. */
function asJavaScript(name) {
  const source = readFileSync(join(app, 'node_modules', 'clmr', 'examples', `${name}.ts`), 'utf8')
  const { code } = transformSync(source, { loader: 'ts', format: 'esm', target: 'node20' })
  writeFileSync(join(app, `${name}.mjs`), code)
  return `${name}.mjs`
}

/** The programs that README and docs show, with what they print. */
function checkPrograms(model, music, track) {
  const { stdout, stderr } = node(asJavaScript('embed-a-file'))
  if (
    !/^Float32Array\(512\)[\s\S]*^b\.ogg Float32Array/m.test(stdout) ||
    !/^broken\.mp3 .*not audio/m.test(stderr)
  )
    fail(`the example of the README printed ${stdout}${stderr}`)
  const expected = {
    'find-similar': [[model, track, track, 'a.flac'], /^1\.000 {2}\S+\.wav\n/],
    'abort-with-timeout': [['60000', track], /all 1 files are done/],
    'train-on-a-folder': [[music, 'run-of-example', '1', '4'], /^epoch 1: loss /m],
    'hear-the-augmentations': [['augmentations', 'a.flac'], /./],
  }
  for (const [name, [args, words]] of Object.entries(expected)) {
    const printed = node(asJavaScript(name), ...args).stdout
    if (!words.test(printed)) fail(`${name} printed ${printed}`)
  }
}

async function checkExamples() {
  cpSync(join(app, 'node_modules', 'clmr', 'examples', 'applications'), app, { recursive: true })
  run(join(bin, 'npm'), ['install', '--no-audit', '--no-fund', 'fastify@5'], { network: true })
  const corpus = join(app, 'demo', 'corpus')
  // two classes of the demo's music are enough here
  const music = 'some-music'
  for (const name of readdirSync(corpus).slice(0, 2))
    cpSync(join(corpus, name), join(app, music, name), { recursive: true })
  const files = readdirSync(join(app, music), { recursive: true }).filter((name) => name.endsWith('.wav'))
  const model = join('demo', 'run')
  // the names in the example of the README
  cpSync(join(app, model), join(app, 'runs', 'mine'), { recursive: true })
  const sounds = { 'song.mp3': 'tone.mp3', 'a.flac': 'tone.flac', 'b.ogg': 'tone.ogg' }
  for (const [name, fixture] of Object.entries(sounds))
    cpSync(join(root, 'test', 'fixtures', 'audio', fixture), join(app, name))
  writeFileSync(join(app, 'broken.mp3'), 'no music')
  const track = join(music, files[0])
  checkPrograms(model, music, track)
  const alone = node('require.cjs', model, track).stdout
  if (!/ \d+ windows, 512 numbers/.test(alone)) fail(`require.cjs printed ${alone}`)
  const rows = node('worker-pool.mjs', model, music, '2')
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  if (rows.length !== files.length || rows.some(({ embedding }) => embedding.length !== 512))
    fail(`worker-pool.mjs embedded ${rows.length} of ${files.length} files`)
  const uploaded = [track, ...Object.keys(sounds)].map((name) => join(app, name))
  await checkServers(model, music, uploaded)
  say(
    `examples: that of the README and the others in TypeScript, require.cjs, worker-pool.mjs (${rows.length} tracks) work; http-service.mjs, http-upload.mjs, fetch-handler.mjs take uploads as streams, without a temporary file`,
  )
}

install()
checkContents()
checkFirstEmbedding()
checkCommands()
await checkExamples()
