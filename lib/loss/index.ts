/**
 * Stage loss: how well the views of an example find each other.
 *
 * in: projections [N, D], row = example·V + view
 * out: the loss and its gradient [N, D]
 */
export { type NtXent, type NtXentLossOptions, type NtXentValue, ntXent, ntXentLoss } from './nt-xent.js'
