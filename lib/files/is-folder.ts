import { stat } from 'node:fs/promises'

/** Whether there is a folder; false where it cannot be told. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}
