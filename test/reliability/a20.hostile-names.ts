/** Names of files, labels and titles that would be markup, escapes, formulas or paths: they stay text, and stay inside. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Encoder, prepare, writeReport } from 'clmr'
import { clmr } from '../helpers/command-line.js'
import { wav } from '../helpers/wav.js'
import { drive } from './driver.js'

/** Each starts an element, an attribute, a script, a terminal sequence or a formula where somebody pastes it unescaped. */
const NAMES = [
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '"><script>alert(1)<_script>',
  "' onmouseover='alert(1)",
  '<!-- ',
  ']]><b>',
  '&lt;b&gt;',
  '{{alert(1)}}',
  '\x1b[2J\x1b]0;owned\x07',
  '\x1b]8;;http:evil\x07click',
  'a\nb',
  'a\rb',
  '\u202etxt.exe',
  '=cmd|calc!A1',
  '+SUM(1)',
  '-rf',
  '@import',
  'a..b',
  'file:concat:a|b',
  'http:example',
].map((name, i) => (i % 2 ? name : `${name} `))

async function treeHash(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    hash.update(name)
    hash.update(await readFile(join(folder, name)).catch(() => Buffer.alloc(0)))
  }
  return hash.digest('hex')
}

/** Elements and handlers that hostile names would have made in the markup outside of scripts and styles. */
function injected(page: string): string[] {
  const markup = page.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '')
  const tags = [...markup.matchAll(/<[a-z][^>]*>/gi)].map(([tag]) => tag.replace(/"[^"]*"|'[^']*'/g, '""'))
  return tags.filter((tag) => /^<(img|iframe|object|embed|base|b)[\s>]|\son\w+\s*=/i.test(tag))
}

/** Controls besides the ends of lines. */
const holdsControls = (text: string) => /\p{Cc}/u.test(text.replace(/[\r\n\t]/g, ''))

async function saved(encoder: Encoder, folder: string): Promise<string> {
  const path = join(folder, 'model.safetensors')
  await encoder.save(path)
  return path
}

await drive('A20 names', async ({ folder, figure, fail }) => {
  const [music, outside] = [join(folder, 'music'), join(folder, 'outside')]
  await mkdir(music)
  await mkdir(outside)
  await writeFile(join(outside, 'secret.wav'), wav({ frames: 30_000 }))
  const before = await treeHash(outside)
  for (const [i, name] of NAMES.entries()) {
    await mkdir(join(music, name))
    await writeFile(join(music, name, `${name}.wav`), wav({ frames: 30_000 + i }))
  }
  await symlink(join(outside, 'nothing'), join(music, 'link.wav'))
  const labels = join(folder, 'labels.csv')
  const rows = ['../outside/secret.wav', '/etc/passwd', 'C:\\x.wav', 'music\0.wav'].map(
    (path) => `"${path}",x`,
  )
  await writeFile(labels, `path,label\n${rows.join('\n')}\n`)
  const listed = await clmr('prepare', music, '--cache', join(folder, 'listed'), '--labels', labels)
  if (listed.code === 0) fail('labels that lead outside of the folder are accepted')

  using dataset = await prepare(music, { cache: join(folder, 'cache'), labels: 'folders' })
  if (dataset.length !== NAMES.length)
    fail(`${dataset.length} of ${NAMES.length} names are read: ${JSON.stringify(dataset.skipped)}`)
  using encoder = await Encoder.create()
  const out = join(folder, 'report.html')
  await writeReport({ out, dataset, encoder, title: NAMES[0], seconds: 0.5 })
  const page = await readFile(out, 'utf8')
  const found = injected(page)
  if (found.length > 0) fail(`the report has ${found.length} elements of names: ${found[0]}`)
  if (!/Content-Security-Policy[^>]*default-src &#39;none&#39;|default-src 'none'/.test(page))
    fail('the report has no policy')
  if (/(src|href)\s*=\s*["']?https?:/i.test(page)) fail('the report asks for something outside')
  const said = await clmr('prepare', music, '--cache', join(folder, 'said'))
  for (const [stream, text] of Object.entries({ stdout: said.stdout, stderr: said.stderr }))
    if (holdsControls(text)) fail(`${stream} holds control characters: ${JSON.stringify(text.slice(0, 200))}`)
  const embedded = await clmr(
    'embed',
    '--model',
    await saved(encoder, folder),
    music,
    '--out',
    join(folder, 'e.jsonl'),
  )
  if (embedded.code !== 0) fail(`embed: ${embedded.stderr}`)
  if (holdsControls(embedded.stderr)) fail('embed prints control characters')
  if ((await treeHash(outside)) !== before) fail('something outside of the folder was changed')
  figure('names', NAMES.length)
})
