import { statfs } from 'node:fs/promises'

/** Bytes that are free where `folder` lies; Infinity where its file system does not say, as many that are mounted by FUSE. */
export async function freeBytes(folder: string): Promise<number> {
  const room = await statfs(folder).catch(() => undefined)
  return room && room.blocks > 0 ? room.bavail * room.bsize : Number.POSITIVE_INFINITY
}
