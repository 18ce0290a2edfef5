import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const SERVE = new URL('../../dist/audio/serve-tasks.js', import.meta.url).href
let made = 0

/** The module of a decoding thread that does something else. */
export async function decodingThread(folder: string, body: string): Promise<URL> {
  const path = join(folder, `thread-${made++}.mjs`)
  await writeFile(
    path,
    `import { serveTasks } from ${JSON.stringify(SERVE)}\nserveTasks(async () => { ${body} })`,
  )
  return pathToFileURL(path)
}
