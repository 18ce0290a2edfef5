/**
 * Trains on a folder of music, without labels, and says how the loss falls. Ctrl-C saves; a second call goes on.
 *
 *   npx tsx examples/train-on-a-folder.ts <folder> [run, default runs/example] [epochs, default 10] [batch size, default 48]
 */
import { existsSync } from 'node:fs'
import { prepare, Trainer } from 'clmr'

const [folder, runDirectory = 'runs/example', epochs = '10', batchSize = '48'] = process.argv.slice(2)
if (folder === undefined) throw new Error('name a folder of music')

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())

using dataset = await prepare(folder, { cache: `${runDirectory}.cache`, signal: stop.signal })
console.log(`${dataset.length} tracks, ${dataset.skipped.length} files that could not be used`)

const options = { dataset, epochs: Number(epochs) }
await using trainer = existsSync(runDirectory)
  ? await Trainer.resume(runDirectory, options)
  : await Trainer.create({ ...options, batchSize: Number(batchSize), runDirectory })
try {
  const { steps, finalLoss } = await trainer.fit({
    signal: stop.signal,
    onEpoch: ({ epoch, loss, seconds }) => {
      console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, ${seconds.toFixed(1)} s`)
    },
  })
  console.log(`${steps} steps, last loss ${finalLoss.toFixed(3)}: ${runDirectory}`)
} catch (error) {
  if (!stop.signal.aborted) throw error
  console.log(`saved after step ${trainer.stepsDone}: ${runDirectory}`)
}
