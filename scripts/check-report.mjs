// What the checks say: lines, what could not be run on this machine, and the end.
let missing = 0

export const say = (line) => process.stdout.write(`${line}\n`)

export const fail = (text) => {
  throw new Error(text)
}

/** A check that this machine cannot run is named, and counted. */
export const cannot = (what, why) => {
  missing++
  say(`${what}: NOT RUN, ${why}`)
}

/** To be called last: with --all everything has to have been run. */
export const failWhereMissing = () => {
  if (missing > 0 && process.argv.includes('--all')) fail(`${missing} checks could not be run here`)
}
