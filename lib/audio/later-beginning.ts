/** Tells a stream that begins in the middle of a broadcast from one whose first frames are damaged. */

/** So much denser than the sound behind them would lost bytes have to be. */
const DENSER = 4

/**
 * True where the sound in front of the first part that is whole was never in the file: the bytes that stand there could not
 * have held it.
 * @param lost bytes in front of that part which cannot be read
 * @param missing frames that its position counts in front of it
 * @param part its own size
 */
export function beginsLater(lost: number, missing: number, part: { bytes: number; frames: number }): boolean {
  return part.frames > 0 && missing * part.bytes > DENSER * lost * part.frames
}
