/** Collapse: a network without negatives can end up giving one answer to everything. */

/** Below this share of an even spread over the sphere, projections count as collapsed. */
const COLLAPSED = 0.1

/**
 * What the user should know of a step, where its metrics say that projections are all but the same.
 * @param objective a target network that follows too fast is a cause where the objective has a momentum
 */
export function collapseWarning(
  step: number,
  metrics: Record<string, number>,
  objective: object,
): string | undefined {
  const { projectionStd } = metrics
  if (projectionStd === undefined || projectionStd >= COLLAPSED) return undefined
  const remedy = `lower the learning rate${'momentum' in objective ? ', or raise the momentum of the target' : ''}`
  return `step ${step}: the projections collapse, their spread is ${projectionStd.toFixed(3)} (1 is even); ${remedy}`
}
