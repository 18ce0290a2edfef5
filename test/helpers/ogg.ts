/** Changes the pages of an Ogg file and makes their checksums anew. */

function checksum(page: Uint8Array): number {
  let crc = 0
  for (const [i, byte] of page.entries()) {
    crc ^= (i >= 22 && i < 26 ? 0 : byte) << 24
    for (let k = 0; k < 8; k++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  }
  return crc >>> 0
}

/** The pages of a file, as views. */
export function pagesOf(file: Uint8Array): Uint8Array[] {
  const pages: Uint8Array[] = []
  for (let at = 0; at < file.length; ) {
    const segments = file[at + 26]!
    const size = 27 + segments + file.subarray(at + 27, at + 27 + segments).reduce((sum, n) => sum + n, 0)
    pages.push(file.subarray(at, at + size))
    at += size
  }
  return pages
}

/** A copy of `file` whose pages `change` has been at. */
export function withPages(file: Uint8Array, change: (page: DataView, index: number) => void): Uint8Array {
  const copy = file.slice()
  for (const [index, page] of pagesOf(copy).entries()) {
    const view = new DataView(page.buffer, page.byteOffset, page.length)
    change(view, index)
    view.setUint32(22, checksum(page), true)
  }
  return copy
}
