import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type DatasetProgress, getDataset } from 'clmr'
import { datasetOptions } from '#lib/cache/dataset-options.js'
import { prepareNamed } from '#lib/cache/get-dataset.js'
import { findNamed, type NamedDataset, type PublishedFile } from '#lib/datasets/named/index.js'
import { download } from '#lib/download/download.js'
import { type FileServer, type Manners, withFileServer } from './helpers/file-server.js'
import * as miniature from './helpers/miniatures.js'
import { shortenWaits } from './helpers/short-waits.js'
import { withTempDir } from './helpers/temp-dir.js'

const BYTES = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7919) >> 3)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const hash = { algorithm: 'sha256', hex: sha256(BYTES) } as const

function withFile(
  manners: Manners,
  use: (server: FileServer, fetch: () => Promise<Uint8Array>, target: string) => Promise<void>,
): Promise<void> {
  return withTempDir((folder) =>
    withFileServer({ file: BYTES }, { file: manners }, (server) => {
      const target = join(folder, 'file')
      const fetch = async () => {
        await download({ url: `${server.origin}/file`, target, hash })
        assert.deepEqual(await readdir(folder), ['file'], 'nothing else stays')
        return new Uint8Array(await readFile(target))
      }
      return use(server, fetch, target)
    }),
  )
}

/** The descriptor with its files on another server; sizes are those of the miniature. */
function servedFrom(
  dataset: NamedDataset,
  origin: string,
  hashes: Record<string, string> = {},
): NamedDataset {
  const moved = ({ url, name, ...file }: PublishedFile): PublishedFile => {
    const own = name ?? url.split('/').at(-1)!
    const hex = hashes[own]
    return {
      ...file,
      name: own,
      url: `${origin}/${own}`,
      hash: hex ? { algorithm: 'sha256', hex } : undefined,
    }
  }
  return { ...dataset, bytes: () => 0, files: (scheme) => dataset.files(scheme).map(moved) }
}

const get = (dataset: NamedDataset, root: string, onProgress?: (news: DatasetProgress) => void) =>
  prepareNamed(dataset, root, datasetOptions.parse({ download: true, onProgress }), false)

describe('13 datasets: downloads', () => {
  shortenWaits()

  it('a connection that drops is taken up where it broke', () =>
    withFile({ drops: 3 }, async (server, fetch) => {
      assert.deepEqual(await fetch(), BYTES)
      assert.deepEqual(server.requests, [
        'file',
        'file bytes=25000-',
        'file bytes=37500-',
        'file bytes=43750-',
      ])
    }))

  it('a server that is busy for a moment is asked again', () =>
    withFile({ busy: 2 }, async (_server, fetch) => assert.deepEqual(await fetch(), BYTES)))

  it('a server without ranges sends all of it again', () =>
    withFile({ drops: 1, withoutRanges: true }, async (_server, fetch) =>
      assert.deepEqual(await fetch(), BYTES),
    ))

  it('a promise of more bytes than come is no end: the next answer decides', () =>
    withFile({ exaggerates: 1 }, async (_server, fetch) => assert.deepEqual(await fetch(), BYTES)))

  it('416 ends a download only where the part has the length of the file; else it begins anew', async () => {
    await withFile({}, async (server, fetch, target) => {
      await writeFile(`${target}.part`, BYTES)
      assert.deepEqual(await fetch(), BYTES)
      assert.deepEqual(server.requests, ['file bytes=50000-'])
    })
    await withFile({}, async (_server, fetch, target) => {
      await writeFile(`${target}.part`, Buffer.alloc(60_000))
      assert.deepEqual(await fetch(), BYTES)
    })
    await withFile({ refusesRangesAs: 40_000 }, async (_server, fetch, target) => {
      await writeFile(`${target}.part`, BYTES.subarray(0, 20_000))
      assert.deepEqual(await fetch(), BYTES)
    })
  })

  it('a file that was changed on the server in between is not mixed with what had arrived', () =>
    withFile({ etag: '"new"' }, async (server, fetch, target) => {
      await writeFile(`${target}.part`, Buffer.alloc(20_000, 1))
      await writeFile(`${target}.part.etag`, '"old"')
      assert.deepEqual(await fetch(), BYTES)
      assert.deepEqual(server.requests, ['file bytes=20000-'])
    }))

  it('bytes that are not the published ones are removed with one error, and the next call succeeds', () =>
    withFile({ damages: 1 }, async (_server, fetch, target) => {
      await assert.rejects(fetch(), { code: 'ERR_DOWNLOAD', expected: hash.hex })
      assert.ok(!existsSync(target))
      assert.deepEqual(await fetch(), BYTES)
    }))

  it('a server that never gets further, or refuses, is one error; what has arrived stays for the next call', () =>
    withFile({}, async (server, fetch, target) => {
      server.manners.file = { busy: 1000 }
      await writeFile(`${target}.part`, BYTES.subarray(0, 20_000))
      await assert.rejects(fetch(), { code: 'ERR_DOWNLOAD', message: /503/ })
      server.manners.file = {}
      assert.deepEqual(await fetch(), BYTES)
      assert.equal(server.requests.at(-1), 'file bytes=20000-')
      await assert.rejects(download({ url: `${server.origin}/none`, target: `${target}2` }), {
        message: /404/,
      })
    }))

  it('magnatagatune: 13 files arrive with progress, whatever the server does; a second call asks for nothing', () =>
    withTempDir((root) => {
      const files = miniature.magnatagatune()
      const manners = {
        'mp3.zip.001': { drops: 2 },
        'mp3.zip.003': { exaggerates: 1 },
        'tags.npy': { busy: 1 },
      }
      return withFileServer(files, manners, async (server) => {
        const news: DatasetProgress[] = []
        const dataset = servedFrom(findNamed('magnatagatune'), server.origin)
        using made = await get(dataset, root, (one) => news.push(one))
        assert.equal(made.length, 4)
        const arrived = news.filter((one) => one.phase === 'download' && one.have === one.total)
        assert.equal(new Set(arrived.map((one) => 'file' in one && one.file)).size, 13)
        const before = server.requests.length
        using _again = await get(dataset, root)
        using _other = await getDataset('magnatagatune', root, { download: true, scheme: 'minzwon' })
        assert.equal(server.requests.length, before)
      })
    }))

  it('a part that arrives damaged is found by its checksum, and the next call goes on', () =>
    withTempDir((root) => {
      const files = miniature.magnatagatune()
      return withFileServer(files, { 'mp3.zip.002': { damages: 1 } }, async (server) => {
        const hashes = { 'mp3.zip.002': sha256(files['mp3.zip.002'] as Uint8Array) }
        const dataset = servedFrom(findNamed('magnatagatune'), server.origin, hashes)
        await assert.rejects(get(dataset, root), { code: 'ERR_DOWNLOAD', path: /mp3\.zip\.002/ })
        using made = await get(dataset, root)
        assert.equal(made.length, 4)
        assert.equal(server.requests.filter((path) => path.startsWith('mp3.zip.001')).length, 1)
      })
    }))

  it('tar archives are unpacked and removed; links in them are left out', () =>
    withTempDir((root) => {
      const stems = ['blues/blues.00029', 'blues/blues.00000', 'blues/blues.00012']
      const archive = gzipSync(tarOf(stems, [{ name: 'genres/link', type: '2', link: '/etc' }]))
      return withFileServer(
        { 'genres.tar.gz': archive },
        { 'genres.tar.gz': { drops: 1 } },
        async (server) => {
          const dataset = servedFrom(findNamed('gtzan'), server.origin)
          using made = await get(dataset, root)
          assert.equal(made.length, 3)
          const there = await readdir(join(root, 'gtzan'))
          assert.ok(there.includes('genres') && !there.includes('genres.tar.gz'), there.join())
          assert.ok(!existsSync(join(root, 'gtzan', 'genres', 'link')))
          const before = server.requests.length
          using _again = await get(dataset, root)
          assert.equal(server.requests.length, before)
        },
      )
    }))

  it('a tar archive with a path that leads out of the folder is refused', () =>
    withTempDir((root) => {
      const archive = gzipSync(tarOf(['blues/blues.00029'], [{ name: '../outside', type: '5' }]))
      return withFileServer({ 'genres.tar.gz': archive }, {}, async (server) => {
        const dataset = servedFrom(findNamed('gtzan'), server.origin)
        await assert.rejects(get(dataset, root), { code: 'ERR_DOWNLOAD' })
        assert.ok(!existsSync(join(root, 'outside')))
      })
    }))

  it('a tar archive that is cut off is one error, and the next call fetches it anew', () =>
    withTempDir((root) => {
      const whole = gzipSync(tarOf(['blues/blues.00029', 'rock/rock.00000']))
      return withFileServer({ 'genres.tar.gz': whole.subarray(0, whole.length - 40) }, {}, async (server) => {
        const dataset = servedFrom(findNamed('gtzan'), server.origin)
        await assert.rejects(get(dataset, root), { code: 'ERR_DOWNLOAD', message: /damaged/ })
        server.files['genres.tar.gz'] = whole
        using made = await get(dataset, root)
        assert.equal(made.length, 2)
      })
    }))

  it('an abort ends the download; the next call goes on from there', () =>
    withTempDir((root) => {
      const files = miniature.magnatagatune()
      return withFileServer(files, {}, async (server) => {
        const dataset = servedFrom(findNamed('magnatagatune'), server.origin)
        const controller = new AbortController()
        const onProgress = (news: DatasetProgress) => {
          if (news.phase === 'download' && news.number === 3) controller.abort()
        }
        const settings = { download: true, signal: controller.signal, onProgress }
        await assert.rejects(prepareNamed(dataset, root, datasetOptions.parse(settings), false), {
          name: 'AbortError',
        })
        using made = await get(dataset, root)
        assert.equal(made.length, 4)
        assert.equal(server.requests.filter((path) => path.startsWith('mp3.zip.001')).length, 1)
      })
    }))
})

const tarOf = (stems: readonly string[], extra: Parameters<typeof miniature.tar>[1] = []) =>
  miniature.tar(miniature.gtzan(...stems), extra)
