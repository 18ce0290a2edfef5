/** Renders the page. It contains everything it needs, and its content security policy lets nothing else in. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { NamedResult, NamedRetrieval, ShownEvaluation } from '../types.js'
import { html, jsonForScript, Markup } from './escape.js'
import { percent, score } from './figures.js'
import { resultsSection } from './results-section.js'
import { retrievalSection } from './retrieval-section.js'
import type { TrainingCurve } from './training-curve.js'

export interface MapTrack {
  name: string
  /** indices into `classes` */
  labels: number[]
  /** 0 to 1 */
  x: number
  y: number
  /** tracks that sound alike, with their cosine similarity */
  near: [track: number, score: number][]
  /** base64 of µ-law */
  audio?: string
}

export interface MapData {
  classes: string[]
  tracks: MapTrack[]
  /** Hz of the excerpts */
  rate: number
  projection: string
  /** how the excerpts were chosen, and what is missing */
  audioNote: string
  agreement?: { share: number; chance: number; neighbours: number }
}

export interface PageData {
  title: string
  subtitle: string
  curve?: TrainingCurve
  results: NamedResult[]
  retrieval: readonly NamedRetrieval[]
  multilabel: boolean
  map?: MapData
  generator: string
}

/** In this order: the rules of media.css outdo those before them. */
const STYLES = ['page.css', 'explore.css', 'media.css']
const asset = (name: string) => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8')
const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const figure = (v: number) => (Number.isFinite(v) ? (v >= 100 ? v.toFixed(0) : v.toPrecision(3)) : '–')

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(0)} s`
  return seconds < 5400 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`
}

function tile(label: string, value: string, note: string): Markup {
  return html`<div class="tile"><dt>${label}</dt><dd>${value}<small>${note}</small></dd></div>`
}

/** Which steps the two losses are means of. */
function lossNote({ firstLoss, averaged }: TrainingCurve): string {
  const before = `from ${figure(firstLoss)}`
  return averaged === 1
    ? `${before}: the last step and the first`
    : `${before}: means of the last and the first ${averaged} steps`
}

function tiles({ curve, results, map, multilabel }: PageData): Markup {
  const made: Markup[] = []
  const [first, second] = results
  const against = (pick: (e: ShownEvaluation) => number, format: (v: number) => string) =>
    second ? `${second.name}: ${format(pick(second.evaluation))}` : `${first!.evaluation.tracks} test tracks`
  if (first && !multilabel)
    made.push(
      tile(
        'Accuracy',
        percent(first.evaluation.accuracy),
        against((e) => e.accuracy, percent),
      ),
    )
  if (first)
    made.push(
      tile(
        'ROC-AUC',
        score(first.evaluation.rocAuc),
        against((e) => e.rocAuc, score),
      ),
    )
  if (first && multilabel)
    made.push(
      tile(
        'PR-AUC',
        score(first.evaluation.prAuc),
        against((e) => e.prAuc, score),
      ),
    )
  if (map?.agreement) {
    const { share, chance, neighbours } = map.agreement
    const note = `share a class, of ${neighbours}; by chance ${percent(chance)}`
    made.push(tile('Neighbours alike', percent(share), note))
  }
  if (curve) {
    made.push(tile('Loss', figure(curve.finalLoss), lossNote(curve)))
    made.push(tile('Steps', String(curve.steps), `${curve.epochs} epochs, ${duration(curve.seconds)}`))
    made.push(tile('Views per second', figure(curve.viewsPerSecond), 'median of the steps'))
  }
  if (map) made.push(tile('Tracks', String(map.tracks.length), `${map.classes.length} classes`))
  return html`<dl class="tiles">${made}</dl>`
}

function trainingSection({ curve }: PageData): Markup {
  if (!curve) return html``
  const speed = curve.throughput.some((v) => v !== null)
  return html`<section><h2>Training</h2>
<p class="muted">${curve.data && `Trained on ${curve.data}. `}The contrastive loss of every step, and how many augmented views per second went through the network. Drag to zoom, double-click to go back.</p>
<div class="charts"><div><h3>Loss</h3><div id="loss-chart"></div></div>
${speed && html`<div><h3>Throughput (views/s)</h3><div id="speed-chart"></div></div>`}</div></section>`
}

function mapSection({ map }: PageData): Markup {
  if (!map) return html``
  return html`<section><h2>Map of the music</h2>
<p class="muted">Every dot is a track: the mean embedding of its clips, ${map.projection}. Tracks that the encoder hears as alike lie together. <strong>Click a dot, or a name in the list, to listen.</strong> ${map.audioNote}</p>
<div id="legend" role="group" aria-label="Classes: choose the ones to show"></div>
<div class="explore">
<div class="stage"><canvas id="map" role="img" aria-label="Map of ${map.tracks.length} tracks; the list beside it holds the same tracks"></canvas><div id="tip" hidden><bdi></bdi><span></span></div></div>
<div class="side">
<div id="player" hidden aria-live="polite"><div id="now"><span id="now-swatch" class="swatch"></span><bdi id="now-name"></bdi></div><div id="now-detail" class="muted"></div>
<audio id="audio" controls></audio><div id="no-audio" class="muted" hidden>This page holds no excerpt of this track: it would have become too large, or the track could not be read.</div>
<h3 id="near-title" hidden>Sounds alike (cosine similarity)</h3><ul id="near" class="tracks"></ul></div>
<input id="filter" type="search" placeholder="Find a track or class" aria-label="Find a track or class">
<div id="count" class="muted" role="status"></div>
<ul id="list" class="tracks"></ul>
</div></div></section>`
}

/** The licence requires its notice in every copy. */
function uplotNotice(): string {
  return `/*!\nuPlot\n${asset('uPlot.LICENSE').replaceAll('*/', '* /').trim()}\n*/\n`
}

function scripts({ curve, map }: PageData): string {
  const parts = curve ? [uplotNotice() + asset('uPlot.iife.min.js')] : []
  parts.push(asset('player.js'))
  if (curve) parts.push(asset('charts.js'))
  if (map) parts.push(asset('map.js'))
  parts.push(asset('page.js'))
  return `\n${parts.join('\n')}`
}

/** The whole page. No request leaves it: scripts and styles are named by their hashes, sound comes from blobs. */
export function renderPage(page: PageData): string {
  const script = scripts(page)
  const style = `\n${page.curve ? asset('uPlot.min.css') : ''}\n${STYLES.map(asset).join('\n')}`
  const policy = `default-src 'none'; script-src ${sha256(script)}; style-src ${sha256(style)}; media-src blob:; base-uri 'none'; form-action 'none'`
  const { curve, map } = page
  const data = { curve, map: map && { classes: map.classes, tracks: map.tracks, rate: map.rate } }
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${page.title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<header><h1><bdi>${page.title}</bdi></h1><p class="muted">${page.subtitle}</p></header>
<main>${tiles(page)}
<noscript><section>The figures below need no script; the curves, the map and the sound do.</section></noscript>
${retrievalSection(page.retrieval)}${resultsSection(page.results, page.multilabel)}${trainingSection(page)}${mapSection(page)}</main>
<footer>${page.generator}. This page is one file: it can be moved, mailed and opened without a network.</footer>
<script type="application/json" id="data">${new Markup(jsonForScript(data))}</script>
<script>${new Markup(script)}</script>
</body>
</html>
`.text
}
