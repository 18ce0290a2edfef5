/** Text for terminals: text from files and file names is made harmless; colours only where they are wanted. */
import { styleText } from 'node:util'

// control characters, line separators and what turns the direction of writing
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0)
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}

/** Text that cannot move a cursor, change a colour or begin a line of its own. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escapeUnit)
}

/** JSON on one line; NaN and infinities become null, control characters stay escaped. */
export function json(value: unknown): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value).replace(UNSAFE, escaped)
}

type Style = Parameters<typeof styleText>[0]

export function colours(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, TERM } = process.env
  return stream.isTTY === true && !NO_COLOR && TERM !== 'dumb'
}

export function paint(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return colours(stream) ? styleText(style, text) : text
}

/** Columns, each as wide as it needs; the first left, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, c) => Math.max(...rows.map((row) => row[c]!.length))) ?? []
  const line = (row: readonly string[]) =>
    row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

/** A number of digits that fit, or a dash if there is none. */
export function figure(value: number, digits = 3): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}

/** `3 s`, `2 min 5 s`, `1 h 2 min`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds)
  if (s < 60) return `${seconds < 10 ? seconds.toFixed(1) : s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`
}
