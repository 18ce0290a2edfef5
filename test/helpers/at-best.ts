import assert from 'node:assert/strict'

const TRIES = 3

/**
 * Fails unless one of three measurements is within the limit: a machine that is busy with something else stalls once, what
 * is slow is slow always.
 * @param measure gives milliseconds
 */
export async function atBest(limit: number, measure: () => Promise<number>): Promise<void> {
  let best = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < TRIES && best > limit; tries++) best = Math.min(best, await measure())
  assert.ok(best <= limit, `${best} ms, at most ${limit}`)
}

/** Milliseconds from an abort to the end of `running`, which has to reject. */
export async function afterAbort(
  running: Promise<unknown>,
  abort: () => void,
  error: object | RegExp,
): Promise<number> {
  const aborted = performance.now()
  abort()
  await assert.rejects(running, error as object)
  return performance.now() - aborted
}
