/**
 * Ways of probing that others publish, by name: what they say of a probe beyond its defaults. Numbers that were published
 * under one of them are comparable with those under the same one only.
 */
import type { ProbeOptions } from './option-types.js'

export const PROTOCOL_NAMES = ['paper', 'clmr-code', 'marble', 'mir-ref'] as const
export type ProtocolName = (typeof PROTOCOL_NAMES)[number]

export const PROTOCOLS: Readonly<Record<ProtocolName, ProbeOptions>> = {
  /** Spijkervet & Burgoyne, "Contrastive Learning of Musical Representations", ISMIR 2021: the defaults. */
  paper: {},
  /** CLMR's linear_evaluation.py: the batch of its config for the head, and the weights that the last epoch leaves. */
  'clmr-code': { examples: 'one-clip', batchSize: 48, keep: 'last' },
  /** Yuan et al., "MARBLE", NeurIPS 2023, and its configuration of MagnaTagATune. */
  marble: {
    examples: 'tracks',
    hidden: 512,
    dropout: 0.2,
    batchSize: 64,
    weightDecay: 0,
    lrGrid: [5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2],
    maxEpochs: 100,
    monitor: 'metric',
    keep: 'metric',
    plateauPatience: 3,
  },
  /**
   * Plachouras et al., "mir_ref", 2023, and its example configuration: Keras adds 1e-5 · w² to the loss, whose gradient is
   * that of a decay of 2e-5, and the learning rate stays.
   */
  'mir-ref': {
    examples: 'tracks',
    batchSize: 1083,
    weightDecay: 2e-5,
    maxEpochs: 100,
    plateauPatience: 100,
    keep: 'metric',
  },
}

/** Options with those of their protocol below them. */
export function withProtocol<T extends object>(options: T): T {
  const { protocol } = options as { protocol?: ProtocolName }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...PROTOCOLS[protocol!], ...Object.fromEntries(given) } as T
}
