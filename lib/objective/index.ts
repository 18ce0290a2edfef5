/**
 * Stage objective: what the encoder learns from, such as how well the views of an example find each other.
 *
 * in: embeddings [N, E], row = example·V + view, and projections [N, D] of them
 * out: the loss and its gradient
 */
export { byol } from './byol.js'
export { infoNce } from './info-nce.js'
export { type NtXentValue, ntXent, ntXentLoss } from './nt-xent.js'
export type * from './option-types.js'
export { supervised } from './supervised.js'
export { vicReg } from './vic-reg.js'
