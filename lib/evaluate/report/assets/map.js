// The map of the tracks: one dot a track, coloured by class, on a canvas.
{
  const RADIUS = 6
  const REACH = 14

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

  // x and y of the data lie in 0…1; the margin keeps dots off the edge
  const place = (track, width, height) => {
    const margin = 22
    return [margin + track.x * (width - 2 * margin), margin + (1 - track.y) * (height - 2 * margin)]
  }

  window.report.makeMap = (canvas, tip, tracks, view) => {
    const context = canvas.getContext('2d')
    let spots = []

    const dot = (i, radius) => {
      context.beginPath()
      context.arc(spots[i][0], spots[i][1], radius, 0, 2 * Math.PI)
    }

    const drawLinks = () => {
      const from = view.selected
      if (from === undefined) return
      context.strokeStyle = css('--text')
      context.lineWidth = 1
      context.globalAlpha = 0.45
      for (const [to] of tracks[from].near) {
        context.beginPath()
        context.moveTo(...spots[from])
        context.lineTo(...spots[to])
        context.stroke()
      }
    }

    const drawRing = (i, colour, width) => {
      if (i === undefined) return
      context.globalAlpha = 1
      context.strokeStyle = colour
      context.lineWidth = width
      dot(i, RADIUS + 4)
      context.stroke()
    }

    const draw = () => {
      const scale = window.devicePixelRatio || 1
      const { clientWidth: width, clientHeight: height } = canvas
      if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
        canvas.width = Math.round(width * scale)
        canvas.height = Math.round(height * scale)
      }
      context.setTransform(scale, 0, 0, scale, 0, 0)
      context.clearRect(0, 0, width, height)
      spots = tracks.map((track) => place(track, width, height))
      drawLinks()
      for (const faded of [true, false])
        for (const [i, track] of tracks.entries()) {
          if (view.isShown(track) === faded) continue
          context.globalAlpha = faded ? 0.13 : 0.9
          context.fillStyle = view.colourOf(track)
          dot(i, RADIUS)
          context.fill()
          context.lineWidth = 1.25
          context.strokeStyle = css('--card')
          context.stroke()
        }
      drawRing(view.hovered, css('--muted'), 2)
      drawRing(view.selected, css('--text'), 2.5)
      context.globalAlpha = 1
    }

    const nearest = (event) => {
      const box = canvas.getBoundingClientRect()
      let best
      let distance = REACH
      for (const [i, spot] of spots.entries()) {
        if (!view.isShown(tracks[i])) continue
        const d = Math.hypot(spot[0] - (event.clientX - box.left), spot[1] - (event.clientY - box.top))
        if (d < distance) [best, distance] = [i, d]
      }
      return best
    }

    const showTip = () => {
      const i = view.hovered
      tip.hidden = i === undefined
      if (tip.hidden) return
      const [title, detail] = tip.children
      title.textContent = tracks[i].name
      detail.textContent = view.describe(tracks[i])
      const left = Math.min(Math.max(8, spots[i][0] + 14), canvas.clientWidth - tip.offsetWidth - 8)
      const above = spots[i][1] - tip.offsetHeight - 12
      tip.style.transform = `translate(${left}px, ${above < 4 ? spots[i][1] + 14 : above}px)`
    }

    const hover = (i) => {
      if (view.hovered === i) return
      view.hovered = i
      canvas.style.cursor = i === undefined ? 'default' : 'pointer'
      draw()
      showTip()
    }

    canvas.addEventListener('pointermove', (event) => hover(nearest(event)))
    canvas.addEventListener('pointerleave', () => hover(undefined))
    canvas.addEventListener('click', (event) => {
      const i = nearest(event)
      if (i !== undefined) view.onPick(i)
    })
    new ResizeObserver(draw).observe(canvas)
    draw()
    return { draw, hover }
  }
}
