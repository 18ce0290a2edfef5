// npm run check:device: runs test/native/device_parity.cc, what is computed on a device against the CPU, on a device that is
// the host's memory under another name. Build the native part first.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KEPT_MEMORY, withNativeProgram } from './native-program.mjs'

const folder = mkdtempSync(join(tmpdir(), 'clmr-device-'))
try {
  process.exitCode =
    withNativeProgram(
      'clmr_device_parity',
      (program, env) =>
        spawnSync(program, [folder], { stdio: 'inherit', env: { ...env, ...KEPT_MEMORY } }).status,
    ) ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
