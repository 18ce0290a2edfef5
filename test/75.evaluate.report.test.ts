import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { embedDataset, IoError, Matrix, writeReport } from 'clmr'
import { worstTracks } from '#lib/evaluate/evaluation.js'
import { evaluateProbabilities } from '#lib/evaluate/probe.js'
import { escapeHtml, jsonForScript, visible } from '#lib/evaluate/report/escape.js'
import { planExcerpts, toMuLaw } from '#lib/evaluate/report/excerpts.js'
import { readTrainingCurve } from '#lib/evaluate/report/training-curve.js'
import { agreementOf } from '#lib/evaluate/report/write-report.js'
import { withTempDir } from './helpers/temp-dir.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'

const encoder = new ToyEncoder()

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<img src=x onerror="alert(2)">',
  '\u001b[31mred\u0007\u0000',
  `a"'&amp;<b>`,
  '\u202egnp.exe',
  '--><!--<script>',
  'half \ud800 of a pair',
  '*/</style><style>@import "http://evil.example"',
]

/** A run of `steps` steps as the trainer logs it. */
async function writeRun(folder: string, steps: number, more = ''): Promise<string> {
  const run = join(folder, 'run')
  await mkdir(run, { recursive: true })
  const lines = Array.from({ length: steps }, (_, i) =>
    JSON.stringify({
      step: i + 1,
      epoch: 1 + Math.floor(i / 10),
      loss: 5 - i / steps,
      viewsPerSecond: 90,
      seconds: 0.5,
    }),
  )
  await writeFile(join(run, 'metrics.jsonl'), `${lines.join('\n')}\n${more}`)
  return run
}

interface PageData {
  curve?: { step: number[] }
  map?: {
    classes: string[]
    rate: number
    tracks: { name: string; labels: number[]; near: [number, number][]; audio?: string }[]
  }
}

/** The elements of a page, as a browser's tokeniser would see the ends of script and style. */
function takeApart(page: string) {
  const scripts = [...page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script/gi)].map((m) => ({
    attributes: m[1]!,
    text: m[2]!,
  }))
  const styles = [...page.matchAll(/<style[^>]*>([\s\S]*?)<\/style/gi)].map((m) => m[1]!)
  const markup = page.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/gi, '')
  const data = JSON.parse(scripts.find((s) => s.attributes.includes('application/json'))!.text) as PageData
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!
  return { scripts, styles, markup, data, policy }
}

/** A data set with real tracks' lengths, so that there is something to hear. */
function audibleDataset(tracks: number, names: readonly string[], classes?: string[]) {
  const dataset = toyDataset({ tracks, classes })
  const { readTrack } = dataset
  return {
    ...dataset,
    tracks: dataset.tracks.map((_, i) => ({ path: names[i % names.length]! })),
    readTrack: async (i: number) => {
      const clips = await readTrack(i)
      return Float32Array.from({ length: 22050 * 6 }, (_, at) => clips[at] ?? 0.5 * Math.sin(at / 10))
    },
  }
}

function resultsFor(classes: readonly string[]) {
  const { labels } = toyDataset({ tracks: 12, classes: [...classes] })
  return HOSTILE.slice(0, 2).map((name) => ({
    name,
    evaluation: { ...evaluateProbabilities(labels, labels, classes, false), clips: 12 },
  }))
}

describe('75 evaluate: the report page', () => {
  it('is one file that asks for nothing: no address in markup or styles, and a policy that forbids requests', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'report.html')
      const run = await writeRun(folder, 30)
      const embeddings = await embedDataset(encoder, audibleDataset(12, HOSTILE))
      const written = await writeReport({
        out,
        run,
        embeddings,
        results: resultsFor(['drums', 'flute', 'voice']),
      })
      const page = await readFile(out, 'utf8')
      assert.equal(written.bytes, Buffer.byteLength(page))
      const { scripts, styles, markup, policy } = takeApart(page)
      for (const [tag] of markup.matchAll(/<[a-z][^>]*>/gi))
        assert.doesNotMatch(tag, /\b(src|href|action|srcset|poster|data|style|on\w+)=|url\(|https?:/i)
      for (const style of styles) assert.doesNotMatch(style, /url\(|@import/)
      assert.match(policy, /^default-src 'none'; /)
      assert.doesNotMatch(policy, /unsafe|https?:|\*/)
      const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
      const running = scripts.filter((s) => !s.attributes.includes('application/json'))
      assert.equal(running.length, 1)
      assert.ok(policy.includes(`script-src ${hash(running[0]!.text)};`))
      assert.equal(styles.length, 1)
      assert.ok(policy.includes(`style-src ${hash(styles[0]!)};`))
      assert.match(running[0]!.text, /MIT License[\s\S]*Leon Sorokin/)
    }))

  it('hostile names of tracks, classes, results and the page stay text', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'report.html')
      const classes = [HOSTILE[0]!, HOSTILE[3]!, HOSTILE[7]!]
      const embeddings = await embedDataset(encoder, audibleDataset(16, HOSTILE, classes))
      await writeReport({
        out,
        embeddings,
        results: resultsFor(classes),
        title: HOSTILE[0],
        maxAudioBytes: 0,
      })
      const page = await readFile(out, 'utf8')
      const { scripts, markup, data } = takeApart(page)
      assert.equal(scripts.length, 2)
      assert.doesNotMatch(markup, /<img|onerror="|<b>|<!--/i)
      assert.doesNotMatch(page.replaceAll('\n', '').replaceAll('\t', ''), /[\p{Cc}\u202a-\u202e]/u)
      assert.deepEqual(data.map!.classes, classes.map(visible))
      assert.deepEqual(data.map!.tracks.map((t) => t.name).slice(0, 8), HOSTILE.map(visible))
      assert.ok(markup.includes(`<title>${escapeHtml(HOSTILE[0]!)}</title>`))
    }))

  it('holds an excerpt of every track that decodes back to what was played: oracle is G.711 written out', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'report.html')
      const dataset = audibleDataset(3, ['a.wav', 'b.wav', 'c.wav'])
      const written = await writeReport({ out, dataset, encoder, seconds: 2 })
      assert.deepEqual([written.tracks, written.audible], [3, 3])
      const { map } = takeApart(await readFile(out, 'utf8')).data
      assert.equal(map!.rate, 11025)
      for (const [i, track] of map!.tracks.entries()) {
        const bytes = Buffer.from(track.audio!, 'base64')
        assert.ok(Math.abs(bytes.length - 22050) <= 1, `${bytes.length} samples`)
        const samples = await dataset.readTrack(i)
        const decoded = [...bytes].map(fromMuLaw)
        for (let at = 1000; at < 20000; at += 371)
          assert.ok(Math.abs(decoded[at]! - samples[44100 + 2 * at]!) < 0.02, `track ${i}, sample ${at}`)
      }
    }))

  it('leaves out sound beyond its limit, spread over the tracks, and says so', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'report.html')
      const dataset = audibleDataset(12, ['x.wav'])
      const embeddings = await embedDataset(encoder, dataset)
      const written = await writeReport({ out, embeddings, maxAudioBytes: 100_000 })
      assert.deepEqual([written.tracks, written.audible], [12, 3])
      const page = await readFile(out, 'utf8')
      assert.match(page, /3 of the 12 tracks can be heard/)
      const { map } = takeApart(page).data
      assert.deepEqual(
        map!.tracks.flatMap((t, i) => (t.audio ? [i] : [])),
        [0, 4, 8],
      )
      assert.ok(map!.tracks.reduce((sum, t) => sum + (t.audio?.length ?? 0), 0) <= 100_000)
    }))

  it('a track that cannot be read any more has no excerpt, and the report is written', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'report.html')
      const dataset = audibleDataset(4, ['x.wav'])
      const embeddings = await embedDataset(encoder, dataset)
      const { readTrack } = dataset
      dataset.readTrack = async (i) => {
        if (i === 2) throw new IoError({ what: 'gone', remedy: 'Prepare again' })
        return readTrack(i)
      }
      assert.equal((await writeReport({ out, embeddings })).audible, 3)
    }))

  it('shows F1 and threshold of every class, what is taken for what, and the tracks that went worst by name', () =>
    withTempDir(async (folder) => {
      const classes = ['drums', 'flute', 'voice']
      const labels = Matrix.fromRows([0, 0, 1, 1, 2, 2].map((k) => classes.map((_, i) => Number(i === k))))
      const said = Matrix.fromRows(
        [0, 1, 1, 1, 2, 0].map((k) => classes.map((_, i) => (i === k ? 0.7 : 0.15))),
      )
      const tracks = HOSTILE.slice(0, 6).map((path) => ({ path }))
      const page = async (multilabel: boolean, more: object) => {
        const out = join(folder, `${multilabel}.html`)
        const worst = worstTracks(said, labels, classes, multilabel, tracks)
        const figures = evaluateProbabilities(said, labels, classes, multilabel)
        await writeReport({
          out,
          results: [{ name: 'ours', evaluation: { ...figures, ...more, clips: 6, worst } }],
        })
        return takeApart(await readFile(out, 'utf8')).markup
      }
      const one = await page(false, {})
      // F1 written out: drums 2·1/(2 + 2), flute 2·2/(3 + 2), voice 2·1/(1 + 2)
      for (const [name, f1] of [
        ['drums', '0.500'],
        ['flute', '0.800'],
        ['voice', '0.667'],
      ])
        assert.match(
          one,
          new RegExp(`<bdi>${name}</bdi></td><td class="bar">.*?<td>${f1}</td><td>2</td></tr>`),
        )
      const counts = [...one.matchAll(/<td class="heat">.*?<span>(\d+)<\/span>/g)].map((m) => m[1])
      assert.deepEqual(counts, ['1', '1', '0', '0', '2', '0', '1', '0', '1'])
      const worst = one.slice(one.indexOf('Worst predictions'))
      for (const i of [1, 5]) assert.ok(worst.includes(escapeHtml(HOSTILE[i]!)), HOSTILE[i])
      assert.ok(!worst.includes(escapeHtml(HOSTILE[2]!)))
      const several = await page(true, { thresholds: [0.25, 0.7, 0.125] })
      assert.match(several, /<th>F1<\/th><th>Threshold<\/th>/)
      assert.match(several, /<bdi>flute<\/bdi>.*?<td>0\.800<\/td><td>0\.700<\/td>/)
      assert.doesNotMatch(several, /took the tracks for/)
    }))

  it('the agreement by chance is that of all pairs: oracle is every pair written out', () => {
    const tracks = Array.from({ length: 60 }, (_, i) => ({
      labels: [0, 1, 2, 3].filter((k) => (i * 7 + k * k * 5) % (k + 3) === 0),
      near: i % 9 === 8 ? [] : ([[(i + 1) % 60, 1]] as [number, number][]),
    }))
    const asked = tracks.filter((t) => t.labels.length > 0 && t.near.length > 0)
    const others = asked.flatMap((t) => tracks.filter((u) => u !== t).map((u) => ({ t, u })))
    const hits = others.filter(({ t, u }) => t.labels.some((k) => u.labels.includes(k))).length
    assert.ok(hits > 0 && hits < others.length && asked.length < 50)
    assert.equal(agreementOf(tracks, 1)!.chance, hits / others.length)
  })

  it('counts the agreement of 20,000 tracks without a list of their pairs', () => {
    const tracks = Array.from({ length: 20_000 }, (_, i) => ({
      labels: [i % 10],
      near: [[(i + 10) % 20_000, 1]] as [number, number][],
    }))
    assert.deepEqual(agreementOf(tracks, 1), { share: 1, chance: 1999 / 19_999, neighbours: 1 })
  })

  it('lists for every track its nearest ones, and how many share its class', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'report.html')
      const embeddings = await embedDataset(encoder, toyDataset({ tracks: 30, gap: 9 }))
      await writeReport({ out, embeddings, neighbours: 4, maxAudioBytes: 0 })
      const page = await readFile(out, 'utf8')
      const { tracks } = takeApart(page).data.map!
      for (const [i, track] of tracks.entries()) {
        assert.equal(track.near.length, 4)
        for (const [to, score] of track.near) {
          assert.ok(to !== i && score <= 1)
          assert.deepEqual(tracks[to]!.labels, track.labels)
        }
      }
      assert.match(page, /100\.0 %<small>share a class, of 4; by chance 31\.0 %/)
    }))

  it('UMAP runs in a thread of its own and repeats itself', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'report.html')
      const embeddings = await embedDataset(encoder, toyDataset({ tracks: 20 }))
      const map = async () => {
        await writeReport({ out, embeddings, projection: 'umap', maxAudioBytes: 0 })
        return takeApart(await readFile(out, 'utf8')).data.map
      }
      const [first, second] = [await map(), await map()]
      assert.deepEqual(first, second)
      assert.match(await readFile(out, 'utf8'), /laid out by UMAP/)
      const controller = new AbortController()
      const onProgress = () => controller.abort()
      const stopped = writeReport({
        out,
        embeddings,
        projection: 'umap',
        signal: controller.signal,
        onProgress,
      })
      await assert.rejects(stopped, { name: 'AbortError' })
    }))

  it('reads the log of a run that was killed, resumed and is long', () =>
    withTempDir(async (folder) => {
      const again = JSON.stringify({ step: 4000, epoch: 9, loss: 1, viewsPerSecond: 90, seconds: 0.5 })
      const run = await writeRun(folder, 4000, `${again}\n{"note":"no step"}\nnull\n{"step":4001,"lo`)
      const curve = await readTrainingCurve(run)
      assert.equal(curve.steps, 4000)
      assert.ok(curve.step.length <= 1500 && curve.step.at(-1) === 4000)
      assert.equal(curve.viewsPerSecond, 90)
      assert.ok(Math.abs(curve.seconds - 2000) < 1e-6)
      assert.ok(curve.loss[0]! > 4.9 && curve.finalLoss < 4.1 && curve.name === 'run')
    }))

  it('BAD CALL - nothing to show, no such run, an empty run, an unknown option, an unwritable place', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'report.html')
      const run = await writeRun(folder, 3)
      const cases: [object, string, RegExp][] = [
        [{ out }, 'ERR_ARGUMENT', /nothing to report/],
        [{ out, run: join(folder, 'none') }, 'ERR_IO', /ENOENT/],
        [{ out, run: folder }, 'ERR_IO', /metrics\.jsonl/],
        [{ out, run: await writeRun(join(folder, 'empty'), 0) }, 'ERR_ARGUMENT', /no steps/],
        [{ out, run, projektion: 'umap' }, 'ERR_CONFIG', /"projection"/],
        [{ run }, 'ERR_CONFIG', /out/],
        [{ out: join(folder, 'no', 'such', 'report.html'), run }, 'ERR_IO', /ENOENT/],
      ]
      for (const [options, code, message] of cases)
        await assert.rejects(writeReport(options as never), { code, message }, String(message))
    }))

  it('plans excerpts within the limit: oracle is arithmetic', () => {
    assert.deepEqual(planExcerpts(10, 5, 8_000_000), { tracks: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], seconds: 5 })
    const many = planExcerpts(1000, 5, 8_000_000)
    assert.equal(many.tracks.length, 272)
    assert.equal(new Set(many.tracks).size, 272)
    assert.ok(many.tracks.at(-1)! > 990 && many.seconds >= 2 && many.seconds < 2.01)
    assert.deepEqual(planExcerpts(5, 5, 0), { tracks: [], seconds: 0 })
  })

  it('µ-law keeps every sample within its step: oracle is the inverse written out', () => {
    const samples = Int16Array.from({ length: 65536 }, (_, i) => i - 32768)
    const bytes = toMuLaw(samples)
    for (const [i, sample] of samples.entries()) {
      const error = Math.abs(fromMuLaw(bytes[i]!) * 32768 - sample)
      assert.ok(error <= Math.max(4, (Math.abs(sample) + 132) / 31), `${sample}: ${error}`)
    }
    assert.deepEqual([...toMuLaw(Int16Array.of(0, -1, 32767, -32768))], [0xff, 0x7f, 0x80, 0])
  })

  it('JSON in a script never ends it, and NaN becomes null', () => {
    for (const text of HOSTILE) {
      const json = jsonForScript({ text, nothing: Number.NaN })
      assert.doesNotMatch(json, /[<>&\u2028]/)
      assert.deepEqual(JSON.parse(json), { text: visible(text), nothing: null })
    }
  })
})

/** ITU-T G.711, table 2a: 8 segments of 16 steps. Full scale 1. */
function fromMuLaw(byte: number): number {
  const bits = ~byte & 0xff
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132
  return (bits & 0x80 ? -magnitude : magnitude) / 32768
}
