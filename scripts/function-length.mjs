// Functions that are too long, in TypeScript by its syntax tree, in C++ by counting braces.
import ts from 'typescript'

const LINES = 60

/** What a call of one of these takes is a list of tests, not a function. */
const TESTS = /^describe\b/

/** @returns {{ name: string, line: number, length: number }[]} */
export function longFunctionsOfTypeScript(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line + 1
  const found = []
  const visit = (node) => {
    const call = node.parent && ts.isCallExpression(node.parent) ? node.parent.expression.getText() : ''
    if (ts.isFunctionLike(node) && node.body && !TESTS.test(call)) {
      const line = lineOf(node.getStart())
      const length = lineOf(node.end) - line + 1
      const name = node.name?.getText() ?? (node.parent.name?.getText() || `a function for ${call}`)
      if (length > LINES) found.push({ name, line, length })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** Comments, literals and preprocessor lines as spaces, line breaks kept. */
function bare(text) {
  const blank = (part) => part.replace(/[^\n]/g, ' ')
  return text
    .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|R"\((?:[\s\S]*?)\)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'/g, blank)
    .replace(/^[ \t]*#(?:.*\\\n)*.*$/gm, blank)
}

/**
 * A brace opens a function where it follows a parameter list, and stands in nothing but namespaces and types.
 * @returns {{ name: string, line: number, length: number }[]}
 */
export function longFunctionsOfCpp(text) {
  const code = bare(text)
  const found = []
  const open = [] // of each brace: whether it is a namespace or a type, or the function that it opens
  let head = 0 // where the declaration before the next brace begins
  for (let at = 0, line = 1; at < code.length; at++) {
    const c = code[at]
    if (c === '\n') line++
    if (c === '{') {
      const declaration = code.slice(head, at).trim()
      const isScope = /^(?:.*\b)?(?:namespace|struct|class|union|enum|extern)\b[^()]*$/s.test(declaration)
      const inFunction = open.some((brace) => !brace.isScope)
      const name = !inFunction && !isScope ? /([\w~:]+)\s*\(/.exec(declaration)?.[1] : undefined
      open.push({ isScope, name, line })
    }
    if (c === '}') {
      const brace = open.pop()
      const length = brace ? line - brace.line + 1 : 0
      if (brace?.name && length > LINES) found.push({ name: brace.name, line: brace.line, length })
    }
    if (c === '{' || c === '}' || c === ';') head = at + 1
  }
  return found
}
