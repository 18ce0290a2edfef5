/** Collapse: a network without negatives can end up giving one answer to everything. */

/** Below this share of an even spread over the sphere, projections count as collapsed. */
const COLLAPSED = 0.1

/** The warning of a step whose projections are nearly the same by its metrics; undefined for any other. */
export function collapseWarning(step: number, metrics: Record<string, number>): string | undefined {
  const { projectionStd } = metrics
  if (projectionStd === undefined || projectionStd >= COLLAPSED) return undefined
  return `step ${step}: the projections collapse, their spread is ${projectionStd.toFixed(3)} (1 is even); lower the learning rate`
}
