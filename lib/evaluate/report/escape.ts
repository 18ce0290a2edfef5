/** Names come from files of strangers: what goes into the page stays text. */

/** Control characters as their pictures (ESC → ␛), half surrogates and bidirectional overrides as U+FFFD. */
export function visible(text: string): string {
  return text
    .replace(/\p{Cc}/gu, (c) => (c < ' ' ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : '\ufffd'))
    .replace(/[\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '\ufffd')
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (c) => ENTITIES[c]!)
}

/** Markup that is to be put in as it is. */
export class Markup {
  constructor(readonly text: string) {}
}

/** A template whose values are escaped, unless they are Markup; lists are joined. */
export function html(strings: TemplateStringsArray, ...values: unknown[]): Markup {
  const part = (value: unknown): string => {
    if (value instanceof Markup) return value.text
    if (Array.isArray(value)) return value.map(part).join('')
    return value === undefined || value === null || value === false ? '' : escapeHtml(String(value))
  }
  return new Markup(strings.reduce((out, text, i) => out + part(values[i - 1]) + text))
}

/** JSON for a <script type="application/json">: no `<`, so nothing in it can end the element. NaN becomes null. */
export function jsonForScript(value: unknown): string {
  const text = JSON.stringify(value, (_, v) => (typeof v === 'string' ? visible(v) : v))
  return text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
