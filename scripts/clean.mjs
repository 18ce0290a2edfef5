// Removes everything that a build leaves in the working tree.
import { rmSync } from 'node:fs'

for (const folder of ['dist', 'build', 'build-cmake'])
  rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true })
