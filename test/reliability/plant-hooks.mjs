// Changes one module of dist/ while it is loaded, and leaves a file that says so.
import { writeFileSync } from 'node:fs'
import { FAULTS } from './faults.mjs'

const fault = FAULTS[process.env.CLMR_PLANT]
if (!fault) throw new Error(`there is no fault ${process.env.CLMR_PLANT}`)

export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.endsWith(`/dist/${fault.module}`)) return loaded
  const source = String(loaded.source)
  if (!source.includes(fault.find)) throw new Error(`${url} holds no ${fault.find}: correct faults.mjs`)
  writeFileSync(process.env.CLMR_PLANT_LOADED, '')
  return { ...loaded, source: source.replace(fault.find, () => fault.replace) }
}
