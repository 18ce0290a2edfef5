import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import { copyFile, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { findLibtorch } from '#lib/libtorch/find.js'
import { libraryFile } from '#lib/libtorch/release.js'
import { type Finished, startNode } from './helpers/node-process.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist', 'index.js')

const node = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
  startNode(args, { env: { ...process.env, ...env } }).finished

/** What `script` prints, a module that finds clmr's exports under the names that it awaits. */
async function printed(script: string, options: { args?: string[]; env?: NodeJS.ProcessEnv } = {}) {
  const { code, signal, stdout, stderr } = await node(
    [...(options.args ?? []), '--input-type=module', '-e', script],
    options.env,
  )
  assert.deepEqual([code, signal], [0, null], stderr)
  return stdout.trim()
}

/** By the small network, unless `options` say another: CLMR's takes longer to make than all else. */
const EMBED = `
const embed = async ({ Encoder }, options = { architecture: ${JSON.stringify(SMALL)} }) => {
  const encoder = await Encoder.create({ seed: 5, ...options })
  const { data } = await encoder.encode(encoder.allocateClips(1).fill(0.5))
  return data.slice(0, 4).join()
}`
const FAILS = `
${EMBED}
await embed(await import(${JSON.stringify(dist)})).then(() => console.log('it worked'), (error) => console.log(JSON.stringify(error)))`

const failure = async (options: { args?: string[]; env?: NodeJS.ProcessEnv; before?: string } = {}) =>
  JSON.parse(await printed(`${options.before ?? ''}${FAILS}`, options)) as Record<string, string>

/** The package without its dependencies, which stay where they are. */
async function copyPackage(folder: string, version: string): Promise<string> {
  const addon = join('build', 'Release')
  for (const part of ['dist', addon])
    await cp(join(root, part), join(folder, part), {
      recursive: true,
      filter: (from) => !from.startsWith(join(root, 'dist', 'packages')),
    })
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as object
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, version }))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'dist', 'index.js')
}

describe('91 process: loading', () => {
  it('BAD CALL - node --no-addons: importing works, the first use says which flag is in the way', async () => {
    const error = await failure({ args: ['--no-addons'] })
    assert.equal(error.code, 'ERR_ADDON')
    assert.match(error.message!, /node runs with --no-addons\. Start node without --no-addons/)
  })

  it('BAD CALL - musl is refused with the way out, before anything is looked for', () =>
    withTempDir(async (folder) => {
      // Played: a program whose head names the loader of musl stands in for node.
      const alpine = join(folder, 'node')
      await writeFile(alpine, Buffer.concat([Buffer.alloc(568), Buffer.from('/lib/ld-musl-x86_64.so.1\0')]))
      const before = `process.execPath = ${JSON.stringify(alpine)}\n`
      const error = await failure({ before, env: { CLMR_LIBTORCH: '/nonexistent' } })
      assert.equal(error.code, 'ERR_ADDON')
      assert.match(error.message!, /built for musl \(Alpine Linux\).*glibc 2\.28.*node:20-slim/)
    }))

  it('BAD CALL - a library without a version in the place of libtorch is refused before it is used', () =>
    withTempDir(async (folder) => {
      const addon = join(root, 'build', 'Release')
      await copyFile(join(addon, libraryFile('clmr_cudart_stub')), join(folder, libraryFile('torch_cpu')))
      await copyFile(join(addon, libraryFile('clmr_cupti_stub')), join(folder, libraryFile('c10')))
      const error = await failure({ env: { CLMR_LIBTORCH: folder } })
      assert.equal(error.code, 'ERR_LIBTORCH_VERSION')
      assert.match(error.message!, /one without a version, expected 2\.15\.0.*clmr libtorch install/)
    }))

  it('BAD CALL - a damaged libtorch is one sentence with its path', () =>
    withTempDir(async (folder) => {
      for (const name of ['torch_cpu', 'c10']) await writeFile(join(folder, libraryFile(name)), 'no library')
      const error = await failure({ env: { CLMR_LIBTORCH: folder } })
      assert.equal(error.code, 'ERR_ADDON')
      assert.equal(error.path, folder)
      assert.match(error.message!, /libtorch cannot be loaded: .*(invalid ELF|file too short).*clmr doctor/)
    }))

  for (const [name, given, expected] of [
    ['CLMR_KERNELS', 'winograd-six,fussed', /^CLMR_KERNELS .*'fussed', expected fused, plain, bfloat16, /],
    ['CLMR_CPU_CAPABILITY', 'sse', /^CLMR_CPU_CAPABILITY .*'sse', expected default, avx2, avx512\)/],
    ['CLMR_CUDA', 'yes', /CLMR_CUDA .*'yes', expected '0' or '1'\)/],
    ['CLMR_THREADS', 'many', /CLMR_THREADS .*'many', expected a number of threads from 1 to 1024/],
    ['CLMR_THREADS', '2000', /CLMR_THREADS .*'2000', expected a number of threads from 1 to 1024/],
  ] as const)
    it(`BAD CALL - '${given}' in ${name} is refused by name, with what is known`, async () => {
      const { code, message } = await failure({ env: { [name]: given } })
      assert.equal(code, 'ERR_CONFIG')
      assert.match(message!, expected)
    })

  it('a bundle works with clmr external, as module and as CommonJS', () =>
    withTempDir(async (folder) => {
      await mkdir(join(folder, 'node_modules'))
      await symlink(root, join(folder, 'node_modules', 'clmr'))
      const entry = join(folder, 'app.ts')
      await writeFile(entry, `import * as clmr from 'clmr'\n${EMBED}\nembed(clmr as never).then(console.log)`)
      const outputs = []
      for (const format of ['esm', 'cjs'] as const) {
        const outfile = join(folder, `app.${format === 'esm' ? 'mjs' : 'cjs'}`)
        await build({
          entryPoints: [entry],
          bundle: true,
          platform: 'node',
          format,
          outfile,
          external: ['clmr'],
        })
        outputs.push((await node([outfile])).stdout.trim())
      }
      const expected = await printed(
        `${EMBED}\nconsole.log(await embed(await import(${JSON.stringify(dist)})))`,
      )
      assert.deepEqual(outputs, [expected, expected])
    }))

  it('BAD CALL - a bundle that swallowed clmr says how to build it', () =>
    withTempDir(async (folder) => {
      const outfile = join(folder, 'app.mjs')
      const contents = `import * as clmr from ${JSON.stringify(dist)}\n${EMBED}\nembed(clmr).catch((error) => console.log(error.message))`
      await build({
        stdin: { contents, resolveDir: root },
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile,
        banner: {
          js: "import { createRequire as bundled } from 'node:module'; const require = bundled(import.meta.url)",
        },
        logLevel: 'silent',
      })
      const { stdout, stderr } = await node([outfile])
      assert.match(stdout, /clmr was bundled: .*esbuild: --external:clmr/, stderr)
    }))

  /** A libtorch with a CUDA of whatever `cuda` is, and a copy of the package with it for a plug-in: GPU of clmr doctor. */
  const gpuOf = async (
    folder: string,
    cuda: string | Buffer,
    env: NodeJS.ProcessEnv = { CLMR_CUDA: '1' },
    plugInFolder = join(folder, 'clmr', 'build', 'Release'),
  ) => {
    const addon = join(root, 'build', 'Release')
    const lib = join(folder, 'torch', 'lib')
    await mkdir(lib, { recursive: true })
    const { libraries } = findLibtorch()
    for (const name of await readdir(libraries)) await symlink(join(libraries, name), join(lib, name))
    // In the place of NVIDIA's, found by the search path of libtorch_cpu, so that clmr needs no stand-in of its own
    for (const name of ['cudart', 'cupti'])
      await copyFile(join(addon, libraryFile(`clmr_${name}_stub`)), join(lib, `lib${name}.so.13`))
    const bytes = typeof cuda === 'string' ? await readFile(join(addon, cuda)) : cuda
    for (const name of ['c10_cuda', 'torch_cuda']) await writeFile(join(lib, libraryFile(name)), bytes)
    const index = await copyPackage(join(folder, 'clmr'), '1.0.0')
    await mkdir(plugInFolder, { recursive: true })
    await writeFile(join(plugInFolder, libraryFile('clmr_cuda')), bytes)
    const script = `${EMBED}
      const clmr = await import(${JSON.stringify(index)})
      console.log(await embed(clmr))
      await clmr.Encoder.create({ device: 'cuda' }).catch((error) => console.log(error.message))
      const { diagnose } = await import(${JSON.stringify(join(folder, 'clmr', 'dist', 'cli', 'doctor.js'))})
      console.log(JSON.stringify((await diagnose()).find(({ what }) => what === 'GPU')))`
    const options = { env: { CLMR_LIBTORCH: join(folder, 'torch'), ...env } }
    const [embedding, refused, gpu] = (await printed(script, options)).split('\n')
    assert.match(embedding!, /^-?\d/)
    assert.match(refused!, /cuda is not there: libtorch sees 0 CUDA devices.*clmr doctor/)
    return JSON.parse(gpu!) as { level: string; found: string; remedy?: string }
  }

  it('a CUDA that cannot be opened leaves the CPU working; doctor says why, and a device says that it is not there', () =>
    withTempDir(async (folder) => {
      const { level, found, remedy } = await gpuOf(folder, Buffer.from('no library'))
      assert.equal(level, 'warn')
      assert.match(found, /cannot be opened: the CPU works: .*c10_cuda.*(invalid ELF|file too short)/)
      assert.match(remedy!, /libtorch install --cuda.*CLMR_CUDA=0/)
    }))

  it('a plug-in of kernels that is none is left out, and said', () =>
    withTempDir(async (folder) => {
      const { level, found, remedy } = await gpuOf(folder, libraryFile('clmr_cupti_stub'))
      assert.equal(level, 'warn', 'there is no device')
      assert.match(remedy!, /CUDA_VISIBLE_DEVICES/)
      assert.match(found, /^0 with CUDA, clmr's own kernels are left out: the library has no clmr_napi_init/)
    }))

  it('the plug-in comes out of its package, @clmr/cuda-<platform>-<arch>, where none was built', () =>
    withTempDir(async (folder) => {
      const home = join(folder, 'node_modules', '@clmr', `cuda-${process.platform}-${process.arch}`)
      await mkdir(home, { recursive: true })
      await writeFile(join(home, 'package.json'), '{ "name": "@clmr/cuda" }')
      const { found } = await gpuOf(
        folder,
        libraryFile('clmr_cupti_stub'),
        { CLMR_CUDA: '1' },
        join(home, 'lib'),
      )
      assert.match(found, /^0 with CUDA, clmr's own kernels are left out: the library has no clmr_napi_init/)
    }))

  it('CUDA is not looked for with CLMR_CUDA=0', () =>
    withTempDir(async (folder) => {
      const { found } = await gpuOf(folder, Buffer.from('no library'), { CLMR_CUDA: '0' })
      assert.match(found, /^not looked for \(CLMR_CUDA=0\)/)
    }))

  it('two versions in one process give the same numbers, with one libtorch and with a copy of it each, and tell their objects apart', () =>
    withTempDir(async (folder) => {
      const other = await copyPackage(join(folder, 'other'), '0.0.1')
      const libraries = dirname(join(findLibtorch().libraries, 'x'))
      const copy = join(folder, 'libtorch', 'lib')
      await mkdir(copy, { recursive: true })
      for (const name of ['c10', 'torch_cpu'])
        await copyFile(
          join(libraries, libraryFile(name)),
          join(copy, libraryFile(name)),
          constants.COPYFILE_FICLONE,
        )
      await cp(join(libraries, 'libgomp.so.1'), join(copy, 'libgomp.so.1')).catch(() => {})
      const script = (second: string) => `${EMBED}
        const first = await embed(await import(${JSON.stringify(dist)}), {})
        ${second}
        const clmr = await import(${JSON.stringify(other)})
        console.log([first, await embed(clmr, {}), await embed(await import(${JSON.stringify(dist)}), {})].join(' '))
        const encoder = await clmr.Encoder.create({ architecture: ${JSON.stringify(SMALL)} })
        const { Trainer } = await import(${JSON.stringify(dist)})
        await Trainer.create({ encoder }).catch(({ code, message }) => console.log(code, message))`
      for (const second of ['', `process.env.CLMR_LIBTORCH = ${JSON.stringify(dirname(copy))}`]) {
        const [numbers, refused] = (await printed(script(second))).split('\n')
        const [a, b, c] = numbers!.split(' ')
        assert.ok(a && a === b && b === c, `${a} ${b} ${c}`)
        assert.match(refused!, /^ERR_CONFIG .*it is an Encoder of another copy of clmr in this process/)
      }
    }))

  it('a process whose workers alone load it, and are ended in the middle of calls, ends well', async () => {
    const worker = `
      import(${JSON.stringify(dist)}).then(async ({ Encoder, allocateClips }) => {
        const encoder = await Encoder.create({ architecture: ${JSON.stringify(SMALL)} })
        const { parentPort } = await import('node:worker_threads')
        parentPort.postMessage('running')
        for (;;) await encoder.encode(allocateClips(2))
      })`
    const script = `
      import { Worker } from 'node:worker_threads'
      for (let i = 0; i < 8; i++) {
        const worker = new Worker(${JSON.stringify(worker)}, { eval: true })
        await new Promise((resolve) => worker.once('message', resolve))
        await new Promise((resolve) => setTimeout(resolve, 5 * i))
        await worker.terminate()
      }
      console.log('all ended')`
    assert.equal(await printed(script), 'all ended')
  })

  it('without external memory (Electron, forced here) every function copies, and gives the same bits', async () => {
    const script = fileURLToPath(new URL('helpers/every-result.mjs', import.meta.url))
    const results = async (copies: string) => {
      const { code, stdout, stderr } = await node([script], { CLMR_COPY_RESULTS: copies, CLMR_THREADS: '1' })
      assert.equal(code, 0, stderr)
      return stdout.trim().split('\n')
    }
    const [native, copied] = [await results('0'), await results('1')]
    assert.ok(native.length > 60)
    assert.deepEqual(copied.slice(0, -1), native.slice(0, -1))
    assert.deepEqual([native.at(-1), copied.at(-1)], ['memory of V8: false', 'memory of V8: true'])
  })
})
