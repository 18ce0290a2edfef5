/** What lies in the place of a model when its download went wrong, told by the first bytes. */

/** What it is, and what to do. */
export interface Mistaken {
  what: string
  remedy: string
}

/** Archives that nothing here opens. */
const PACKED: [name: string, magic: number[]][] = [
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['Zstandard', [0x28, 0xb5, 0x2f, 0xfd]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf]],
  ['RAR', [0x52, 0x61, 0x72, 0x21]],
]

/** How XML, JSON and the plain answers of servers begin. */
const ANSWER =
  /^(<\?xml|<error|\{\s*"|(\d{3}\s+)?(entry |file |page )?not found|access denied|forbidden|unauthorized|invalid |error\b)/i

/** @param start the first bytes of a file, 64 or more where it has them */
export function mistakenFor(start: Uint8Array): Mistaken | undefined {
  const packed = PACKED.find(([, magic]) => magic.every((byte, i) => start[i] === byte))
  if (packed) return { what: `this is a ${packed[0]} archive`, remedy: 'Unpack it, and load what is in it' }
  // the last character may be cut in two
  const text = new TextDecoder()
    .decode(start)
    .replace(/^\ufeff/, '')
    .replace(/\ufffd$/, '')
    .trimStart()
  if (text.startsWith('version https://git-lfs'))
    return {
      what: 'this is a pointer of Git LFS: the file itself has not been fetched',
      remedy: 'Fetch the file itself with `git lfs pull`',
    }
  if (/^(\.\.\/)*\.git\/annex\/objects|^\/annex\/objects/.test(text))
    return {
      what: 'this is a git-annex pointer: the file itself has not been downloaded',
      remedy: 'Fetch it with `git annex get`',
    }
  if (/^<(!doctype\s+html|html|head|body)/i.test(text))
    return {
      what: 'this is a page of HTML: the server has sent a page instead of the file',
      remedy: 'Open it in a browser to see what it says, and download the file itself',
    }
  if (ANSWER.test(text)) {
    const shown = text.slice(0, 40).replace(/\s+/g, ' ').trim()
    return {
      what: `this is an answer of a server in the place of the file: ${JSON.stringify(shown)}`,
      remedy: 'Check the address, and that you may fetch it; then download it again',
    }
  }
  return undefined
}
