/**
 * Stage objective: how well the views of an example find each other, or what else is learned from.
 *
 * in: embeddings [N, E], row = example·V + view, and projections [N, D] of them
 * out: the loss and its gradient
 */
export { type Byol, byol } from './byol.js'
export { type InfoNce, infoNce } from './info-nce.js'
export { type NtXent, type NtXentLossOptions, type NtXentValue, ntXent, ntXentLoss } from './nt-xent.js'
export type { Objective } from './objectives.js'
export { type Supervised, supervised } from './supervised.js'
export { type VicReg, vicReg } from './vic-reg.js'
