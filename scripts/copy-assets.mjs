// Copies what tsc does not compile (the report's page parts) from lib/ to dist/, and makes the CLI executable.
import { chmodSync, cpSync, existsSync } from 'node:fs'

const url = (path) => new URL(`../${path}`, import.meta.url)
if (existsSync(url('lib/evaluate/report/assets')))
  cpSync(url('lib/evaluate/report/assets'), url('dist/evaluate/report/assets'), { recursive: true })
if (existsSync(url('dist/cli/main.js'))) chmodSync(url('dist/cli/main.js'), 0o755)
