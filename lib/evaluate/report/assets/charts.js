// Loss and throughput over the steps, drawn by uPlot.
{
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

  // the eye follows the smoothed line; the raw one stays behind it
  const smooth = (values) => {
    const weight = Math.exp(-1 / Math.max(1, values.length / 60))
    let at = null
    return values.map((v) => {
      if (v !== null) at = at === null ? v : weight * at + (1 - weight) * v
      return at
    })
  }

  const digits = (v) => (v === null || v === undefined ? '–' : v >= 100 ? v.toFixed(0) : v.toPrecision(4))
  const axis = (more) => ({
    stroke: () => css('--muted'),
    grid: { stroke: () => css('--grid'), width: 1 },
    ticks: { stroke: () => css('--grid'), width: 1 },
    font: '12px system-ui, sans-serif',
    ...more,
  })

  const line = (label, colour, more) => ({
    label,
    stroke: () => css(colour),
    value: (_, v) => digits(v),
    points: { show: false },
    ...more,
  })

  const draw = (box, columns, series, yRange) => {
    const size = () => ({ width: Math.max(260, box.clientWidth), height: box.clientWidth < 480 ? 220 : 280 })
    const chart = new window.uPlot(
      {
        ...size(),
        scales: { x: { time: false }, y: { range: yRange } },
        axes: [
          axis({ label: 'step', labelSize: 18, labelFont: '12px system-ui, sans-serif' }),
          axis({ size: 56 }),
        ],
        series: [{ label: 'step' }, ...series],
        cursor: { points: { size: 7 }, drag: { x: true, y: false } },
      },
      columns,
      box,
    )
    new ResizeObserver(() => chart.setSize(size())).observe(box)
    return chart
  }

  window.report.drawCharts = (curve) => {
    const charts = []
    const lossBox = document.getElementById('loss-chart')
    const speedBox = document.getElementById('speed-chart')
    const columns = [curve.step, curve.loss, smooth(curve.loss)]
    const series = [
      line('loss', '--line-soft', { width: 1 }),
      line('loss, smoothed', '--accent', { width: 2.5 }),
    ]
    if (curve.validation.some((v) => v !== null)) {
      columns.push(curve.validation)
      series.push(
        line('validation', '--second', { width: 2, spanGaps: true, points: { show: true, size: 6 } }),
      )
    }
    charts.push(draw(lossBox, columns, series))
    if (curve.throughput.some((v) => v !== null)) {
      const speed = [curve.step, curve.throughput, smooth(curve.throughput)]
      const lines = [
        line('views/s', '--line-soft', { width: 1 }),
        line('views/s, smoothed', '--accent', { width: 2.5 }),
      ]
      charts.push(draw(speedBox, speed, lines, (_, __, max) => [0, max * 1.1 || 1]))
    }
    return () => {
      for (const chart of charts) chart.redraw()
    }
  }
}
