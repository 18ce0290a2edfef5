/**
 * A strict reader for the JSON of a safetensors header: strings, whole numbers ≥ 0, arrays and objects. It keeps
 * what JSON.parse hides or forgives: a repeated key, `1.0` or `1e3` for a whole number, lone surrogates,
 * a key named `__proto__`. Depth is bounded, so a header cannot exhaust the stack; long headers leave the event loop its
 * turns.
 */
import { MAX_TENSORS } from './tensor.js'
import { Turns } from './turns.js'

export type HeaderValue = string | number | HeaderValue[] | Map<string, HeaderValue>

const MAX_DEPTH = 4
/** More dimensions than any tensor has. */
const MAX_ITEMS = 256
/** The tensors, and the metadata. */
const MAX_KEYS = MAX_TENSORS + 1
const MAX_STRING = 1 << 20
const SPACE = /[ \t\n\r]*/y
const WHOLE = /(?:0|[1-9][0-9]{0,15})(?![0-9.eE])/y
const LONE_SURROGATE = /\p{Surrogate}/u

/** Pauses where the work may be interrupted. */
type Parsing<T> = Generator<void, T, void>

class Scanner {
  private at = 0
  constructor(private readonly text: string) {}

  /** @throws Error whose message names the place */
  fail(what: string): never {
    throw new Error(`${what} at character ${this.at}`)
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  private next(character: string): boolean {
    this.take(SPACE)
    if (this.text[this.at] !== character) return false
    this.at++
    return true
  }

  private string(): string {
    this.take(SPACE)
    const start = this.at
    if (this.text[start] !== '"') this.fail('a string was expected')
    let end = start + 1
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === '\\' ? 2 : 1
    if (end >= this.text.length) this.fail('a string has no end')
    if (end - start > MAX_STRING) this.fail(`a string of more than ${MAX_STRING} characters`)
    this.at = end + 1
    const value = JSON.parse(this.text.slice(start, end + 1)) as string
    if (LONE_SURROGATE.test(value)) this.fail('half of a surrogate pair')
    return value
  }

  private whole(): number {
    const value = Number(this.take(WHOLE) ?? this.fail('a whole number or a string was expected'))
    return Number.isSafeInteger(value) ? value : this.fail('a number beyond 2^53')
  }

  private *list(depth: number): Parsing<HeaderValue[]> {
    const values: HeaderValue[] = []
    if (this.next(']')) return values
    do {
      values.push(yield* this.value(depth))
      if (values.length > MAX_ITEMS) this.fail(`a list of more than ${MAX_ITEMS} values`)
    } while (this.next(','))
    return this.next(']') ? values : this.fail('"," or "]" was expected')
  }

  private *object(depth: number): Parsing<Map<string, HeaderValue>> {
    const entries = new Map<string, HeaderValue>()
    if (this.next('}')) return entries
    do {
      const key = this.string()
      if (entries.has(key)) this.fail(`the key ${JSON.stringify(key.slice(0, 80))} stands twice`)
      if (!this.next(':')) this.fail('":" was expected')
      entries.set(key, yield* this.value(depth))
      if (entries.size > MAX_KEYS) this.fail(`an object of more than ${MAX_KEYS} keys`)
      yield
    } while (this.next(','))
    return this.next('}') ? entries : this.fail('"," or "}" was expected')
  }

  private *value(depth: number): Parsing<HeaderValue> {
    if (depth > MAX_DEPTH) this.fail('values are nested too deeply')
    if (this.next('{')) return yield* this.object(depth + 1)
    if (this.next('[')) return yield* this.list(depth + 1)
    return this.text[this.at] === '"' ? this.string() : this.whole()
  }

  *document(): Parsing<Map<string, HeaderValue>> {
    if (this.text[0] !== '{') this.fail('"{" was expected')
    this.at = 1
    const root = yield* this.object(1)
    this.take(SPACE)
    return this.at === this.text.length ? root : this.fail('text after the closing brace')
  }
}

/** @throws Error that says what is wrong and where */
export async function parseHeaderJson(text: string): Promise<Map<string, HeaderValue>> {
  const turns = new Turns()
  const parsing = new Scanner(text).document()
  for (;;) {
    const { done, value } = parsing.next()
    if (done) return value as Map<string, HeaderValue>
    if (turns.isDue) await turns.give()
  }
}
