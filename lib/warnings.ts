/**
 * Called with a warning about a file or a training that continues nevertheless. The warning begins with the path of the
 * file, if there is one.
 */
export type OnWarning = (warning: string) => void

/** Gives a warning to `onWarning`; where the caller gave none, it is one of the process. */
export function tellWarning(warning: string, onWarning: OnWarning | undefined): void {
  if (onWarning) onWarning(warning)
  else process.emitWarning(warning, 'ClmrWarning')
}

/** `song.mp3: the last frame is cut off`; without a name the remark alone. */
export function aboutFile(name: string | undefined, remark: string): string {
  return name === undefined ? remark : `${name}: ${remark}`
}
