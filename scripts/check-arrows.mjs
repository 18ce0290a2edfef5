// No arrow back up and no circle in lib/ and native/. Arrows between stages are those of arrows.mjs; beyond that, in every
// folder the files and subfolders form no circle among each other. An import of a type alone is an arrow too, and so is
// `new URL('./worker.js', import.meta.url)`.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import ts from 'typescript'
import { KERNELS, LIB, NATIVE, SHARED } from './arrows.mjs'

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', 'lib', 'native'],
  {
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => /\.(ts|c|cc|h|cu|cuh)$/.test(file) && existsSync(file))
const known = new Set(files)
const faults = []

/** Paths that a TypeScript file names as modules: import, export from, import(), import types, URLs of workers. */
function modulesOf(file) {
  const found = []
  const visit = (node) => {
    const isImport = ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
    if (isImport && node.moduleSpecifier) found.push(node.moduleSpecifier)
    if (ts.isImportTypeNode(node)) found.push(node.argument.literal)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      found.push(node.arguments[0])
    if (ts.isNewExpression(node) && node.expression.getText() === 'URL') found.push(node.arguments[0])
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true))
  const names = found.filter((node) => ts.isStringLiteralLike(node)).map(({ text }) => text)
  for (const name of names)
    if (/^(#lib|clmr)(\/|$)/.test(name)) faults.push(`${file}: inside lib/ '${name}' is a relative path`)
  return names
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name.replace(/\.js$/, '.ts')))
}

/** Own headers that a C or C++ file includes, from native/ on or from its own folder. */
function includesOf(file) {
  return [...readFileSync(file, 'utf8').matchAll(/^\s*#\s*include "([^"]+)"/gm)].map(([, path]) => {
    const own = join(dirname(file), path)
    return known.has(own) ? own : normalize(join('native', path))
  })
}

/** file → the files that it needs */
const arrows = new Map(
  files.map((file) => [
    file,
    (file.endsWith('.ts') ? modulesOf(file) : includesOf(file)).filter((to) => known.has(to)),
  ]),
)

/** The word of a file below `root`: its folder there, or its own name. */
const wordOf = (root, file) =>
  relative(root, file)
    .split('/')[0]
    .replace(/\.\w+$/, '')

function checkTable(root, table) {
  const words = Object.keys(table)
  for (const [i, word] of words.entries())
    for (const other of table[word])
      if (!words.slice(0, i).includes(other))
        faults.push(
          `scripts/arrows.mjs: ${root} ${word} → ${other} is no arrow down: ${other} is not above it in the list`,
        )
  const inside = (name) => name.startsWith(`${root}/`)
  for (const word of words)
    if (!files.some((file) => inside(file) && wordOf(root, file) === word))
      faults.push(`scripts/arrows.mjs: there is no ${root}/${word}`)
  for (const file of files.filter(inside)) {
    const word = wordOf(root, file)
    if (!table[word]) faults.push(`${file}: scripts/arrows.mjs has no word ${word} in ${root}/`)
    for (const to of arrows.get(file).filter(inside)) {
      const other = wordOf(root, to)
      if (table[word] && other !== word && !table[word].includes(other))
        faults.push(`${file} → ${to}: ${word} may not know ${other}`)
    }
  }
}

// An op shows its callers the header that is named as its folder, and so does a pass of it (sample_cnn/training/training.h);
// all else is its own. What lies in cuda/ is for the plug-in that hands it over.
function checkHeadersOfOps() {
  for (const [file, targets] of arrows)
    for (const to of targets) {
      const [, op, rest] = /^native\/kernels\/(\w+)\/(.+)$/.exec(to) ?? []
      if (!op || !KERNELS[op] || SHARED.includes(op) || file.startsWith(`native/kernels/${op}/`)) continue
      const shown = rest === `${op}.h` || /^(\w+)\/\1\.h$/.test(rest)
      const handedOver = /\bcuda\/\w+\.h$/.test(rest) && file.startsWith('native/bindings/cuda/')
      if (!shown && !handedOver) faults.push(`${file} → ${to}: that header is for native/kernels/${op}/ only`)
    }
}

/** The child of `folder` that a file is or lies in. */
const childOf = (folder, file) => join(folder, relative(folder, file).split('/')[0])

/** Strongly connected parts of two or more (Tarjan 1972). */
function circles(graph) {
  const [index, low, stack, found] = [new Map(), new Map(), [], []]
  const visit = (node) => {
    index.set(node, index.size)
    low.set(node, index.get(node))
    stack.push(node)
    for (const to of graph.get(node) ?? []) {
      if (!index.has(to)) visit(to)
      if (stack.includes(to)) low.set(node, Math.min(low.get(node), low.get(to)))
    }
    if (low.get(node) !== index.get(node)) return
    const part = stack.splice(stack.indexOf(node))
    if (part.length > 1) found.push(part.sort())
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node)
  return found
}

/** One arrow file → file for each arrow between two members of a circle, to look at. */
function examples(folder, members) {
  return files.flatMap((file) =>
    arrows
      .get(file)
      .filter((to) => [file, to].every((name) => name.startsWith(`${folder}/`)))
      .filter((to) => childOf(folder, file) !== childOf(folder, to))
      .filter((to) => [file, to].every((name) => members.includes(childOf(folder, name))))
      .map((to) => `  ${file} → ${to}`),
  )
}

checkTable('lib', LIB)
checkTable('native', NATIVE)
checkTable('native/kernels', KERNELS)
checkHeadersOfOps()
// The tables hold what lies at the top of lib/ and native/.
const folders = new Set(
  files.flatMap((file) => {
    const parts = file.split('/')
    return parts.slice(2).map((_, i) => parts.slice(0, i + 2).join('/'))
  }),
)
for (const folder of folders) {
  const graph = new Map()
  for (const [file, targets] of arrows)
    for (const to of targets) {
      if (![file, to].every((name) => name.startsWith(`${folder}/`))) continue
      const [a, b] = [childOf(folder, file), childOf(folder, to)]
      if (a !== b) graph.set(a, (graph.get(a) ?? new Set()).add(b))
    }
  for (const members of circles(graph))
    faults.push([`a circle: ${members.join(' ↔ ')}`, ...examples(folder, members)].join('\n'))
}

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`)
  process.exit(1)
}
const count = [...arrows.values()].reduce((sum, targets) => sum + targets.length, 0)
process.stdout.write(`${files.length} files, ${count} arrows: all point down, no circle\n`)
