// Run as a process of its own: writes the bytes that one call of ntXentLoss takes beyond its input.
//   tsx nt-xent-memory.ts SEED ROWS DIM VIEWS
import { readFileSync } from 'node:fs'
import { ntXentLoss } from 'clmr'
import { projections } from './nt-xent.js'

const [seed, rows, dim, views] = process.argv.slice(2).map(Number) as [number, number, number, number]
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024

const z = projections(seed, rows, dim, views)
await ntXentLoss(z.subarray(0, 2 * views * dim), { dim, views })
const before = peak()
await ntXentLoss(z, { dim, views, temperature: 0.5 })
process.stdout.write(String(peak() - before))
