/**
 * Called with each warning about a file or a training run that is usable all the same. A warning begins with the path of
 * the file, if there is one.
 *
 * Without it, warnings are in `warnings` of the result; if the result has no such field, they go to `process.emitWarning`,
 * with the name `ClmrWarning`.
 */
export type OnWarning = (warning: string) => void

/** Gives a warning that no result holds to `onWarning`; if there is none, it is emitted on the process. */
export function tellWarning(warning: string, onWarning: OnWarning | undefined): void {
  if (onWarning) onWarning(warning)
  else process.emitWarning(warning, 'ClmrWarning')
}

/** `song.mp3: the last frame is cut off`; without a name the remark alone. */
export function aboutFile(name: string | undefined, remark: string): string {
  return name === undefined ? remark : `${name}: ${remark}`
}
