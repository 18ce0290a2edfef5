import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

let made = 0

/** The module of a decoding thread that does something else. */
export async function decodingThread(folder: string, body: string): Promise<URL> {
  const path = join(folder, `thread-${made++}.mjs`)
  await writeFile(path, `export default async () => { ${body} }`)
  return pathToFileURL(path)
}
