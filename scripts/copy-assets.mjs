// Copies what tsc does not compile (the report's page parts, uPlot) to dist/, and makes the CLI executable.
import { chmodSync, copyFileSync, cpSync, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const assets = path('dist/evaluate/report/assets')
cpSync(path('lib/evaluate/report/assets'), assets, { recursive: true })

// uPlot draws the report's curves; its licence goes with it.
const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'))
for (const name of ['uPlot.iife.min.js', 'uPlot.min.css'])
  copyFileSync(join(uplot, 'dist', name), join(assets, name))
copyFileSync(join(uplot, 'LICENSE'), join(assets, 'uPlot.LICENSE'))

if (existsSync(path('dist/cli/main.js'))) chmodSync(path('dist/cli/main.js'), 0o755)
