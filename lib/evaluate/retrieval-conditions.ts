/** What may have happened to a recording before somebody asks for it. */
import { Augmenter } from '../augment/augmenter.js'
import type { Transform, TransformInput } from '../augment/option-types.js'
import type { TrackEncoder } from '../model/track-encoder.js'

/** A way in which queries are altered; without an augmenter: not at all. */
export interface Condition {
  name: string
  augmenter?: Augmenter
}

/** Cut-offs that LAME chooses for mono at 32 to 48 kbit/s. */
const MP3_LOW_PASS: TransformInput = { name: 'lowPass', cutoff: [5500, 7500] }

/** A transform that is certain. */
const always = (transform: Transform): TransformInput => ({ ...transform, p: 1 }) as TransformInput

const nameOf = (transform: Transform) => (transform.name === 'custom' ? transform.title : transform.name)

/**
 * The conditions of a chain: `none`, `chain` as a whole, each of its transforms alone and certain (but for the crop,
 * which every query is), and `mp3LowPass`. A second transform of one name is `gain 2`.
 */
export function conditionsOf({ transforms, seed }: Augmenter, encoder: TrackEncoder): Condition[] {
  const { clipLength, sampleRate } = encoder
  const of = (chain: readonly TransformInput[]) =>
    new Augmenter({ transforms: chain, views: 1, clipLength, sampleRate, seed })
  const single = transforms.filter(({ name }) => name !== 'randomCrop')
  const names = single.map(nameOf)
  const numbered = names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length
    return before === 0 ? name : `${name} ${before + 1}`
  })
  return [
    { name: 'none' },
    { name: 'chain', augmenter: of(transforms) },
    ...single.map((transform, i) => ({ name: numbered[i]!, augmenter: of([always(transform)]) })),
    { name: 'mp3LowPass', augmenter: of([MP3_LOW_PASS]) },
  ]
}
