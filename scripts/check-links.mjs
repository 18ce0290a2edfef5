// Every relative link of a Markdown file leads to a file, and to a heading where it names one; those of the files that are
// packed lead to files that are packed too.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const output = (command, ...args) => execFileSync(command, args, { cwd: root, encoding: 'utf8' })
const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, 'code')

/** The anchors of a page, as GitHub makes them. */
function anchorsOf(file) {
  const headings = readFileSync(join(root, file), 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm)
  return [...headings].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}

function* linksOf(file) {
  const text = withoutCode(readFileSync(join(root, file), 'utf8'))
  for (const [, link] of text.matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)) {
    const [path, anchor] = link.split('#')
    yield { link, target: path ? normalize(join(dirname(file), path)) : file, anchor }
  }
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
    if (!existsSync(join(root, target))) faults.push(`${file}: ${link} leads nowhere`)
    else if (anchor && statSync(join(root, target)).isFile() && !anchorsOf(target).includes(anchor))
      faults.push(`${file}: ${link} names no heading of ${target}`)
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
