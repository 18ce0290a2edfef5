/**
 * Self-supervised learning of music, cell by cell: data, augmentations, loss, training, linear evaluation.
 *
 *   npx tsx examples/tutorial/tutorial.ts <folder of MagnaTagATune> [steps, default 1000] [batch size, default 48]
 */
import {
  Augmenter,
  evaluateRetrieval,
  getDataset,
  LinearProbe,
  ntXent,
  ntXentLoss,
  Trainer,
  transforms,
} from 'clmr'

const [root, steps = '1000', batchSize = '48'] = process.argv.slice(2)
if (root === undefined) throw new Error('name the folder that holds MagnaTagATune, or shall hold it')

// %% The data: 30 s clips with 50 tags, in the published splits. What is missing of it is fetched first.
using train = await getDataset('magnatagatune', root, { subset: 'train', download: true })
using valid = await getDataset('magnatagatune', root, { subset: 'valid' })
using test = await getDataset('magnatagatune', root, { subset: 'test' })
console.log(`data: ${train.length} tracks to train on, ${train.classes.length} tags`)

// %% One augmentation by itself: a filter, always applied. A batch is rows of samples at 22,050 Hz.
const track = await train.readTrack(0)
const length = Math.max(track.length, 59_049)
const padded = new Float32Array(length)
padded.set(track)
const filter = new Augmenter({
  transforms: [transforms.randomCrop(), transforms.highLowPass({ p: 1 })],
  views: 1,
})
const filtered = await filter.augment(padded, { length })
console.log(`one filter: ${filtered.rows} view of ${filtered.cols} samples`)

// %% A chain: every transform has its own probability. Two views of one crop's track are a positive pair.
const augmenter = new Augmenter({
  transforms: [
    transforms.randomCrop(),
    transforms.polarityInversion({ p: 0.8 }),
    transforms.noise({ p: 0.01 }),
    transforms.gain({ p: 0.3 }),
    transforms.highLowPass({ p: 0.8 }),
    transforms.delay({ p: 0.3 }),
    transforms.pitchShift({ p: 0.6 }),
    transforms.reverb({ p: 0.6 }),
  ],
  views: 2,
})
const [first, second] = augmenter.draw(1)
const applied = (view: typeof first) => view!.filter((t) => t.applied).map((t) => t.name)
console.log(`view 1: ${applied(first).join(', ')}\nview 2: ${applied(second).join(', ')}`)

// %% The loss: of every row, how much more similar its partner is than all others. Two pairs that are apart:
const pairs = Float32Array.from([1, 0, 1, 0, 0, 1, 0, 1])
const { loss } = await ntXentLoss(pairs, { dim: 2, views: 2, temperature: 0.5 })
console.log(`loss of two perfect pairs: ${loss.toFixed(4)} = log(1 + 2·exp(−2))`)

// %% Training: encoder and projector learn to tell the pairs of a batch apart.
await using trainer = await Trainer.create({
  dataset: train,
  augmenter,
  objective: ntXent({ temperature: 0.5 }),
  batchSize: Number(batchSize),
  epochs: 10_000,
  maxSteps: Number(steps),
})
const { steps: done, finalLoss } = await trainer.fit()
console.log(`trained ${done} steps, loss ${finalLoss.toFixed(3)}`)

// %% Evaluation: how often a crop finds its track again, and how well a linear layer predicts the tags.
const { encoder } = trainer
const { whitened } = await evaluateRetrieval(encoder, test)
console.log(
  `retrieval: the right one of ${test.length} tracks comes first for ${(100 * whitened.top1).toFixed(1)} %`,
)
using probe = await LinearProbe.fit({ encoder, train, validation: valid })
const { rocAuc, prAuc } = await probe.evaluate(test)
console.log(`tags: ROC-AUC ${rocAuc.toFixed(3)}, PR-AUC ${prAuc.toFixed(3)}`)
