// Every relative link of a Markdown file leads to a file, and to a heading or an id where it names one: inline links, links
// by reference and those of HTML; a reference that is used has its definition. Links of packed files lead to packed files.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const output = (command, ...args) => execFileSync(command, args, { cwd: root, encoding: 'utf8' })
const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, 'code')

/** The anchors of a page, as GitHub makes them, a number behind those that come again; and the ids of its HTML. */
function anchorsOf(file) {
  const text = readFileSync(join(root, file), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
  const anchors = new Set(
    Array.from(withoutCode(text).matchAll(/<\w+[^>]*?\s(?:id|name)="([^"]+)"/g), ([, id]) => id),
  )
  for (const [, heading] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-')
    let again = 0
    while (anchors.has(again ? `${anchor}-${again}` : anchor)) again++
    anchors.add(again ? `${anchor}-${again}` : anchor)
  }
  return anchors
}

/** Names of references do not tell upper from lower case, nor one space from several. */
const nameOf = (reference) => reference.trim().toLowerCase().replace(/\s+/g, ' ')

/** What a page links to, addresses of the web aside: `undefined` for a reference without a definition. */
function* linksOf(file) {
  const text = withoutCode(readFileSync(join(root, file), 'utf8'))
  const definitions = new Map(
    Array.from(text.matchAll(/^ {0,3}\[([^\]]+)\]:\s*<?([^\s>]+)>?/gm), ([, name, link]) => [
      nameOf(name),
      link,
    ]),
  )
  const links = [
    ...Array.from(text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)/g), ([, link]) => link),
    ...Array.from(text.matchAll(/<\w+[^>]*?\s(?:href|src)=["']([^"']+)["']/g), ([, link]) => link),
    ...definitions.values(),
  ]
  for (const link of links) {
    if (/^\w+:/.test(link)) continue
    const [path, anchor] = link.split('#')
    yield { link, target: path ? normalize(join(dirname(file), path)) : file, anchor }
  }
  // a single letter is an axis: [3][E]
  for (const [, shown, name] of text.matchAll(/(?<![\w\])])\[([^\][]+)\]\[([^\]]*)\]/g))
    if ((name || shown).length > 1 && !definitions.has(nameOf(name || shown)))
      yield { link: `[${shown}][${name}]` }
}

const pages = output('git', 'ls-files', '*.md')
  .trim()
  .split('\n')
  .filter((file) => existsSync(join(root, file)))
const [{ files }] = JSON.parse(output('npm', 'pack', '--dry-run', '--json', '--ignore-scripts'))
const packed = new Set(files.map(({ path }) => path))
const faults = []
let count = 0
for (const file of pages)
  for (const { link, target, anchor } of linksOf(file)) {
    count++
    if (target === undefined) faults.push(`${file}: ${link} has no definition`)
    else if (!existsSync(join(root, target))) faults.push(`${file}: ${link} leads nowhere`)
    else if (anchor && statSync(join(root, target)).isFile() && !anchorsOf(target).has(anchor))
      faults.push(`${file}: ${link} names no heading and no id of ${target}`)
    else if (
      packed.has(file) &&
      !packed.has(target) &&
      ![...packed].some((path) => path.startsWith(`${target}/`))
    )
      faults.push(`${file}: ${link} leads to a file that is not in the package`)
  }
if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`)
  process.exit(1)
}
process.stdout.write(`${count} links of ${pages.length} pages lead somewhere, in the package too\n`)
