import assert from 'node:assert/strict'
import { Encoder } from 'clmr'
import { testClip } from '../helpers/golden.js'

/** The slope of the least-squares line through y over its index. */
function slope(y: number[]): number {
  const middle = (y.length - 1) / 2
  const mean = y.reduce((a, b) => a + b) / y.length
  let [above, below] = [0, 0]
  y.forEach((v, i) => {
    above += (i - middle) * (v - mean)
    below += (i - middle) ** 2
  })
  return above / below
}

const MiB = 2 ** 20

describe('memory over many calls', () => {
  it('2,000 encodes leak less than 1 KiB each', async function () {
    this.timeout(600_000)
    using encoder = await Encoder.create()
    const clip = testClip(1, 2)
    const sizes: number[] = []
    for (let i = 0; i < 2200; i++) {
      await encoder.encode(clip)
      if (i >= 200) sizes.push(process.memoryUsage.rss())
    }
    const perCall = slope(sizes)
    assert.ok(perCall < 1024, `${perCall.toFixed(0)} bytes a call`)
  })

  it('200 encoders, made, used and dropped without dispose, keep less than 200 MiB', async function () {
    this.timeout(600_000)
    const clip = testClip(1, 2)
    for (let i = 0; i < 20; i++) (await Encoder.create()).dispose()
    const before = process.memoryUsage.rss()
    for (let i = 0; i < 200; i++) {
      const encoder = await Encoder.create()
      if (i % 20 === 0) await encoder.encode(clip)
    }
    const grown = (process.memoryUsage.rss() - before) / MiB
    assert.ok(grown < 200, `${grown.toFixed(0)} MiB`)
  })
})
