import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError } from '#lib/errors.js'
import { openTensorFile } from '#lib/formats/tensor-file.js'
import { withTempDir } from './temp-dir.js'

/** Opens a file and reads all of it; a refusal has to be a CheckpointError. → its message, or undefined */
export async function refusal(path: string): Promise<string | undefined> {
  try {
    const file = await openTensorFile(path)
    try {
      for (const name of file.entries.keys()) await file.read(name)
    } finally {
      await file.close()
    }
  } catch (error) {
    assert.ok(error instanceof CheckpointError, String((error as Error).stack))
    return error.message
  }
}

/** A file of these bytes is refused within a second, with such a message. */
export async function refused(bytes: Uint8Array, pattern: RegExp, label: string): Promise<void> {
  await withTempDir(async (folder) => {
    const path = join(folder, 'x.pt')
    await writeFile(path, bytes)
    const start = performance.now()
    const message = await refusal(path)
    const took = performance.now() - start
    assert.ok(message !== undefined, `${label}: accepted`)
    assert.match(message, pattern, label)
    assert.ok(took <= 1000, `${label}: took ${took} ms`)
  })
}
