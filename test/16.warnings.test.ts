import assert from 'node:assert/strict'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, LinearProbe, openDataset, prepare, supervised, Trainer } from 'clmr'
import { loadModelState, saveModelState } from '#lib/model/load-state.js'
import { goldenPath } from './helpers/golden.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { wav } from './helpers/wav.js'

/** Runs with the process listening: nothing may be emitted there. */
async function quietly(work: (heard: string[], onWarning: (warning: string) => void) => Promise<void>) {
  const emitted: string[] = []
  const listen = ({ message }: Error) => void emitted.push(message)
  process.on('warning', listen)
  try {
    const heard: string[] = []
    await work(heard, (warning) => void heard.push(warning))
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('warning', listen)
  }
  assert.deepEqual(emitted, [])
}

/** Two classes of two tracks, in `folder`/music. */
async function writeMusic(folder: string): Promise<void> {
  for (const name of ['a', 'b']) {
    await mkdir(join(folder, 'music', name), { recursive: true })
    for (let i = 0; i < 2; i++)
      await writeFile(
        join(folder, 'music', name, `${i}.wav`),
        wav({ frames: 60_000 + 100 * i, value: (n) => Math.sin(n * (0.1 + i)) / (name === 'a' ? 2 : 3) }),
      )
  }
}

describe('16 warnings: with onWarning they go there, and none is one of the process', () => {
  it('prepare, Trainer.create and Trainer.resume', () =>
    withTempDir(async (folder) => {
      await writeMusic(folder)
      const cache = join(folder, 'cache')
      await quietly(async (heard, onWarning) => {
        using dataset = await prepare(join(folder, 'music'), { cache, labels: 'folders', onWarning })
        assert.equal(dataset.warnings.length, 1)
        assert.deepEqual(heard, dataset.warnings)
      })
      using dataset = await openDataset(cache)
      const runDirectory = join(folder, 'run')
      const initFrom = join(folder, 'slow.safetensors')
      const { encoder } = await loadModelState(goldenPath('checkpoints/plain.pt'))
      await saveModelState(initFrom, { encoder, metadata: { sampleRate: '16000' } })
      await quietly(async (heard, onWarning) => {
        await using trainer = await Trainer.create({
          ...{ dataset, runDirectory, batchSize: 2, maxSteps: 1, onWarning },
          initFrom,
          validation: dataset.subset('valid'),
        })
        await trainer.fit()
        assert.ok(
          heard.some((warning) => /no validation loss is measured/.test(warning)),
          heard.join('; '),
        )
        assert.ok(!('onWarning' in trainer.config))
      })
      assert.ok(!(await readFile(join(runDirectory, 'config.json'), 'utf8')).includes('onWarning'))
      await quietly(async (heard, onWarning) => {
        await using trainer = await Trainer.resume(runDirectory, { epochs: 7, onWarning })
        assert.equal(trainer.stepsDone, 1)
        assert.ok(
          heard.some((warning) => /ends after 1 steps/.test(warning)),
          heard.join('; '),
        )
      })
    }))

  it('LinearProbe.load names the run whose configuration was changed', () =>
    withTempDir(async (folder) => {
      await writeMusic(folder)
      using dataset = await prepare(join(folder, 'music'), {
        cache: join(folder, 'cache'),
        labels: 'folders',
      })
      const runDirectory = join(folder, 'run')
      const options = { dataset, runDirectory, objective: supervised(), architecture: SMALL, freeze: true }
      await using trainer = await Trainer.create({
        ...options,
        batchSize: 2,
        maxSteps: 1,
        onWarning: () => {},
      })
      await trainer.fit()
      await appendFile(join(runDirectory, 'config.json'), '\n')
      await quietly(async (heard, onWarning) => {
        const probe = await LinearProbe.load(runDirectory, { classes: ['a', 'b'], onWarning })
        probe.dispose()
        assert.match(heard.join(), /^\S*run: \S*config\.json was changed after this checkpoint$/)
      })
    }))

  it('BAD CALL - what is no function is refused', async () => {
    await assert.rejects(Trainer.create({ onWarning: 'print' } as never), ConfigError)
  })
})
