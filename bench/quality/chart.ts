/** Curves over minutes as one SVG: a panel a measure, a line a system, a dashed one a baseline. */
export interface Line {
  name: string
  /** minutes and share; one point without minutes is a baseline */
  points: { minutes?: number; value: number }[]
}

export interface Panel {
  title: string
  lines: Line[]
}

const COLOURS = ['#0b6e99', '#d9730d', '#6940a5', '#ad1a72', '#5a5a5a', '#9b9b9b', '#0f7b6c']
const [WIDTH, HEIGHT, LEFT, TOP, GAP] = [360, 220, 44, 28, 24] as const
const LEGEND = 18

const escaped = (text: string) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)
const text = (x: number, y: number, content: string, rest = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${rest}>${escaped(content)}</text>`

/** @param minutes the end of the axis, @param top share at its top */
function panelSvg({ title, lines }: Panel, minutes: number, top: number): string {
  const x = (at: number) => LEFT + (at / minutes) * (WIDTH - LEFT)
  const y = (share: number) => TOP + (1 - share / top) * (HEIGHT - TOP)
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(part * top)
    const label = text(LEFT - 6, at + 4, `${(100 * part * top).toFixed(0)} %`, 'text-anchor="end"')
    return `<line x1="${LEFT}" x2="${WIDTH}" y1="${at}" y2="${at}" stroke="#ddd"/>${label}`
  })
  const ticks = [0, 0.5, 1].map((part) =>
    text(x(part * minutes), HEIGHT + 15, `${(part * minutes).toFixed(0)} min`, 'text-anchor="middle"'),
  )
  const drawn = lines.map(({ points }, i) => {
    const stroke = `fill="none" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="2"`
    const [first] = points
    if (first && first.minutes === undefined)
      return `<path d="M${LEFT} ${y(first.value)}H${WIDTH}" stroke-dasharray="5 4" ${stroke}/>`
    const path = points.map((point) => `${x(point.minutes!).toFixed(1)} ${y(point.value).toFixed(1)}`)
    return `<path d="M${path.join('L')}" ${stroke}/>`
  })
  return `${text(LEFT, TOP - 12, title, 'font-weight="bold"')}${grid.join('')}${ticks.join('')}${drawn.join('')}`
}

export function chartSvg(panels: Panel[], minutes: number): string {
  const rows = Math.ceil(panels.length / 2)
  const names = panels[0]!.lines.map(({ name }) => name)
  const [width, below] = [2 * WIDTH + 2 * GAP, rows * (HEIGHT + 2 * GAP)]
  const placed = panels.map((panel, i) => {
    const top = Math.max(0.1, ...panel.lines.flatMap(({ points }) => points.map(({ value }) => value))) * 1.08
    const [column, row] = [i % 2, Math.floor(i / 2)]
    const at = `translate(${column * (WIDTH + GAP)} ${row * (HEIGHT + 2 * GAP)})`
    return `<g transform="${at}">${panelSvg(panel, minutes, top)}</g>`
  })
  const legend = names.map((name, i) => {
    const at = below + (i + 1) * LEGEND
    const swatch = `<rect x="${LEFT}" y="${at - 9}" width="14" height="4" fill="${COLOURS[i % COLOURS.length]}"/>`
    return swatch + text(LEFT + 22, at - 3, name)
  })
  const size = `width="${width}" height="${below + (names.length + 1) * LEGEND}"`
  const style = 'font-family="sans-serif" font-size="12" fill="#333"'
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}><rect width="100%" height="100%" fill="#fff"/>${placed.join('')}${legend.join('')}</svg>\n`
}
