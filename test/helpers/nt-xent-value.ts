// Run as a process of its own, with the kernels that its environment asks for: writes loss, temperature gradient and
// gradient as raw float64, or with `memory` the bytes that one call took beyond its input.
//   tsx nt-xent-value.ts SEED ROWS DIM VIEWS TEMPERATURE [memory]
import { readFileSync } from 'node:fs'
import { ntXentLoss } from 'clmr'
import { projections } from './nt-xent.js'

const [seed, rows, dim, views, temperature] = process.argv.slice(2, 7).map(Number) as [
  number,
  number,
  number,
  number,
  number,
]
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024

const z = projections(seed, rows, dim, views)
await ntXentLoss(z.subarray(0, 2 * views * dim), { dim, views })
const before = peak()
const { loss, gradient, temperatureGradient } = await ntXentLoss(z, { dim, views, temperature })
const used = peak() - before
if (process.argv[7] === 'memory') process.stdout.write(String(used))
else
  process.stdout.write(
    new Uint8Array(Float64Array.from([loss, temperatureGradient, ...gradient.data]).buffer),
  )
