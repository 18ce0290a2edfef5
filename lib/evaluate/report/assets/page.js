// Brings the page to life: charts, map, legend, list and player. All text goes in as text, never as markup.
{
  const data = JSON.parse(document.getElementById('data').textContent)
  const { report } = window
  const byId = (id) => document.getElementById(id)
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

  const element = (tag, className, text) => {
    const made = document.createElement(tag)
    if (className) made.className = className
    if (text !== undefined) made.textContent = text
    return made
  }

  const redraws = []
  if (data.curve) redraws.push(report.drawCharts(data.curve))

  const startMap = ({ tracks, classes, rate }) => {
    const colours = () => css('--classes').split(' ')
    const colour = (k) => {
      const known = colours()
      if (k === undefined) return css('--muted')
      // past the palette: hues by the golden angle
      return known[k] ?? `hsl(${Math.round((k * 137.508) % 360)} 60% 55%)`
    }
    const player = report.makePlayer(byId('audio'), rate, (on) => byId('player').classList.toggle('on', on))
    const chosen = new Set()
    let buttons = []

    const view = {
      hovered: undefined,
      selected: undefined,
      isShown: (track) => chosen.size === 0 || track.labels.some((k) => chosen.has(k)),
      colourOf: (track) => colour(track.labels.find((k) => chosen.has(k)) ?? track.labels[0]),
      describe: (track) => track.labels.map((k) => classes[k]).join(', ') || 'no class',
      onPick: (i) => pick(i),
    }
    const map = report.makeMap(byId('map'), byId('tip'), tracks, view)

    const swatch = (track) => {
      const mark = element('span', 'swatch')
      mark.style.background = view.colourOf(track)
      return mark
    }

    const trackButton = (i, detail) => {
      const button = element('button', 'track')
      button.type = 'button'
      button.append(
        swatch(tracks[i]),
        element('bdi', 'name', tracks[i].name),
        element('span', 'detail', detail),
      )
      if (!tracks[i].audio) button.classList.add('silent')
      button.addEventListener('click', () => pick(i))
      button.addEventListener('focus', () => map.hover(i))
      button.addEventListener('blur', () => map.hover(undefined))
      button.addEventListener('pointerenter', () => map.hover(i))
      button.addEventListener('pointerleave', () => map.hover(undefined))
      return button
    }

    const showNeighbours = (i) => {
      const list = byId('near')
      list.replaceChildren(
        ...tracks[i].near.map(([to, score]) => {
          const item = element('li')
          item.append(trackButton(to, `${view.describe(tracks[to])} · ${score.toFixed(3)}`))
          return item
        }),
      )
      byId('near-title').hidden = tracks[i].near.length === 0
    }

    const pick = (i) => {
      const track = tracks[i]
      view.selected = i
      byId('player').hidden = false
      byId('now-name').textContent = track.name
      byId('now-detail').textContent = view.describe(track)
      byId('now-swatch').style.background = view.colourOf(track)
      byId('no-audio').hidden = Boolean(track.audio)
      byId('audio').hidden = !track.audio
      for (const [at, button] of buttons) button.toggleAttribute('aria-current', at === i)
      player.play(track.audio)
      showNeighbours(i)
      map.draw()
    }

    const fillList = () => {
      const wanted = byId('filter').value.trim().toLowerCase()
      const found = tracks
        .map((track, i) => [i, `${track.name} ${view.describe(track)}`.toLowerCase(), track])
        .filter(([, text, track]) => text.includes(wanted) && view.isShown(track))
      const shown = found.slice(0, 400)
      buttons = shown.map(([i, , track]) => [i, trackButton(i, view.describe(track))])
      for (const [at, button] of buttons) button.toggleAttribute('aria-current', at === view.selected)
      byId('list').replaceChildren(
        ...buttons.map(([, button]) => {
          const item = element('li')
          item.append(button)
          return item
        }),
      )
      const rest = found.length - shown.length
      byId('count').textContent =
        `${found.length} of ${tracks.length} tracks${rest ? `, the first ${shown.length} listed` : ''}`
    }

    const legend = byId('legend')
    const fillLegend = () => {
      const counts = classes.map((_, k) => tracks.filter((track) => track.labels.includes(k)).length)
      legend.replaceChildren(
        ...classes.map((name, k) => {
          const button = element('button', 'class')
          button.type = 'button'
          button.setAttribute('aria-pressed', String(chosen.has(k)))
          const mark = element('span', 'swatch')
          mark.style.background = colour(k)
          button.append(mark, element('bdi', '', name), element('span', 'detail', String(counts[k])))
          button.addEventListener('click', () => {
            if (!chosen.delete(k)) chosen.add(k)
            button.setAttribute('aria-pressed', String(chosen.has(k)))
            map.draw()
            fillList()
          })
          return button
        }),
      )
    }

    byId('filter').addEventListener('input', fillList)
    fillLegend()
    fillList()
    redraws.push(() => {
      map.draw()
      fillLegend()
      fillList()
    })
  }

  if (data.map) startMap(data.map)

  const redraw = () => {
    for (const draw of redraws) draw()
  }
  for (const query of ['(prefers-color-scheme: dark)', 'print'])
    window.matchMedia(query).addEventListener('change', redraw)
  document.documentElement.classList.add('ready')
}
