/** stdout and stderr of a command. What only tells how things go may be lost; a result may not. */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import type { Writable } from 'node:stream'
import { isatty } from 'node:tty'

/** A reader that has seen enough (`clmr … | head`), and a terminal that was closed. */
const GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'])

/** At its end Node sets terminals back to how they were, and aborts where one is gone: then nothing takes its place. */
function leaveClosedTerminals(): void {
  const terminals = [0, 1, 2].filter(isatty)
  process.on('exit', () => {
    for (const fd of terminals.filter((fd) => !isatty(fd))) {
      closeSync(fd)
      openSync(devNull, 'r+') // takes the lowest free number, which is the one just closed
    }
  })
}

/**
 * Keeps a failing stream from ending the work: a closed terminal or a full disk behind stderr is nobody's loss. Where
 * stdout cannot take a result, the command fails in the end.
 */
export function guardStreams(): void {
  leaveClosedTerminals()
  process.stderr.on('error', () => {})
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (GONE.has(code ?? '')) return
    tell(`error [ERR_IO] the result cannot be written to stdout (${code})\n`)
    process.exitCode = 1
  })
}

function put(stream: Writable, text: string): void {
  try {
    stream.write(text)
  } catch (error) {
    stream.emit('error', error) // some streams throw where others emit
  }
}

/** A piece of progress or a remark, on stderr. Never fails. */
export const tell = (text: string): void => put(process.stderr, text)

/** A piece of the result, on stdout. */
export const print = (text: string): void => put(process.stdout, text)
