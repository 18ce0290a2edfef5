// Applies fixed transforms to signals that quality.py wrote; answers with files beside them.
//   node --import tsx apply.ts FOLDER      FOLDER/cases.json: { id, input: file of float32, transform }[]
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Transform } from 'clmr'
import { applyOne } from '../../test/helpers/augment.js'

const folder = process.argv[2]!
const cases = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as {
  id: string
  input: string
  transform: Transform
}[]
for (const { id, input, transform } of cases) {
  const bytes = readFileSync(join(folder, input))
  const samples = new Float32Array(Uint8Array.from(bytes).buffer)
  writeFileSync(join(folder, `${id}.out`), await applyOne(transform, samples))
}
