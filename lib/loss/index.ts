/**
 * Stage loss: how well the views of an example find each other.
 *
 * in: projections [N, D], row = example·V + view
 * out: the loss and its gradient [N, D]
 */
export { type NtXent, type NtXentLossOptions, type NtXentValue, ntXent, ntXentLoss } from './nt-xent.js'
export { type Byol, byol, type InfoNce, infoNce, type Supervised, supervised } from './objectives.js'
