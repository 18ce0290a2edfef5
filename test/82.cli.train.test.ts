import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { encoderTensors } from '#lib/model/architecture.js'
import { clmrEnds, clmrJson, startClmr } from './helpers/command-line.js'
import { smallSetting } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { afterFirstStep, stepsLogged, withCache } from './helpers/trainings.js'

const SMALL = ['--batch-size', '2', '--quiet']
const NETWORK = ['--set', smallSetting]

describe('82 cli: train, evaluate, report', () => {
  it('a run from a cache: trained, verified, evaluated, shown on a page', () =>
    withCache(async (folder, cache) => {
      const run = join(folder, 'runs', 'mine')
      const summary = await clmrJson('train', '--data', cache, '--run', run, '--max-steps', '2', ...SMALL)
      assert.equal(summary.steps, 2)
      assert.ok(Number.isFinite(summary.finalLoss))
      assert.equal(await stepsLogged(run), 2)
      assert.ok((await readdir(run)).some((name) => name.startsWith('events.out.tfevents.')))
      assert.match((await clmrEnds(0, 'verify', run)).stdout, /every byte is as it was written/)
      const evaluation = await clmrJson('evaluate', '--model', run, '--data', cache)
      const figures = [
        'rocAuc',
        'prAuc',
        'accuracy',
        'f1',
        'perClass',
        'f1PerClass',
        'confusion',
        'worst',
        'intervals',
      ]
      assert.deepEqual(Object.keys(evaluation), ['retrieval', ...figures, 'tracks', 'trainedOn'])
      assert.deepEqual(
        (evaluation.perClass as { class: string }[]).map((row) => row.class),
        ['high', 'low'],
      )
      const { stdout } = await clmrEnds(0, 'inspect', run)
      assert.match(
        stdout,
        /embeddings of 512 numbers at 22,050 Hz; .*\ntrained with ntXent for 2 steps on 6 tracks of/,
      )
      assert.doesNotMatch(stdout, /sequential/)
      const names = [...(await clmrEnds(0, 'inspect', run, '--tensors')).stdout.matchAll(/^encoder\.(\S+)/gm)]
      assert.deepEqual(
        names.map(([, name]) => name),
        encoderTensors().map(({ name }) => name),
      )
      const page = join(folder, 'report.html')
      const written = await clmrJson('report', '--run', run, '--out', page)
      assert.equal(written.tracks, 10)
      assert.match(await readFile(page, 'utf8'), /^<!doctype html>/i)
    }))

  it('SIGINT saves the last step and ends with 130; --resume goes on from it; other options are refused', () =>
    withCache(async (folder, cache) => {
      const run = join(folder, 'run')
      const args = ['train', '--data', cache, '--run', run, '--batch-size', '2', '--epochs', '1000']
      const running = startClmr(args)
      await afterFirstStep(running, run)
      running.child.kill('SIGINT')
      const { code, stderr } = await running.finished
      assert.equal(code, 130, stderr)
      const done = Number(/saved step (\d+); go on with: clmr train --run .* --resume/.exec(stderr)?.[1])
      assert.equal(done, await stepsLogged(run))
      const more = ['train', '--run', run, '--resume', '--max-steps', `${done + 1}`]
      const summary = await clmrJson(...more)
      assert.equal(summary.steps, done + 1)
      assert.equal(await stepsLogged(run), done + 1)
      const refused = await clmrEnds(2, ...more, '--batch-size', '4')
      assert.match(refused.stderr, /other options: batchSize/)
      await clmrEnds(2, ...args)
    }))

  it('a second SIGINT in the same moment is the same wish, and the run can still go on', () =>
    withCache(async (folder, cache) => {
      const run = join(folder, 'run')
      const running = startClmr(['train', '--data', cache, '--run', run, ...SMALL])
      await afterFirstStep(running, run)
      running.child.kill('SIGINT')
      await sleep(20)
      running.child.kill('SIGINT')
      const { code, signal } = await running.finished
      assert.deepEqual([code, signal], [130, null])
      const { steps } = await clmrJson('train', '--run', run, '--resume', '--max-steps', '1', '--quiet')
      assert.ok((steps as number) >= 1)
    }))

  it('the default batch is as large as a small folder allows, and that is said', () =>
    withCache(async (folder, cache) => {
      const args = ['train', '--data', cache, '--run', join(folder, 'run'), '--max-steps', '1', ...NETWORK]
      const { stderr, stdout } = await clmrEnds(0, ...args)
      assert.match(stderr, /there are 6 tracks: the batch size is 6 instead of 48/)
      assert.match(stdout, /^1 steps, 1 epochs, loss of the last step \d/)
      const config = JSON.parse(await readFile(join(folder, 'run', 'config.json'), 'utf8'))
      assert.equal(config.batchSize, 6)
    }))

  it('the batch of a preset adapts too, a typed one does not; the run goes on under its preset, not under another', () =>
    withCache(async (folder, cache) => {
      const run = join(folder, 'run')
      const args = ['train', '--data', cache, '--run', run, '--max-steps', '1', ...NETWORK, '--preset']
      const typed = await clmrEnds(2, ...args, 'supervised', '--batch-size', '48')
      assert.match(typed.stderr, /batchSize 48/)
      const { stderr } = await clmrEnds(0, ...args, 'supervised')
      assert.match(stderr, /there are 6 tracks: the batch size is 6 instead of 48/)
      assert.equal((await clmrJson(...args, 'supervised', '--resume', '--max-steps', '2')).steps, 2)
      const other = await clmrEnds(2, ...args, 'clmr', '--resume')
      assert.match(other.stderr, /other options: .*objective/)
    }))

  it('BAD CALL - a misspelt key in YAML: file:line:column and the nearest name, ends with 2', () =>
    withCache(async (folder, cache) => {
      const [run, config] = [join(folder, 'run'), join(folder, 'train.yaml')]
      await writeFile(config, 'seed: 7\noptimizer:\n  name: adam\n  learningrate: 1\nbatchSize: 2\n')
      const args = ['train', '--data', cache, '--run', run, '--config', config]
      const nested = await clmrEnds(2, ...args)
      assert.match(nested.stderr, /train\.yaml:4:3.*optimizer\.learningrate/)
      await writeFile(config, 'seed: 7\nbachSize: 2\n')
      const top = await clmrEnds(2, ...args)
      assert.match(top.stderr, /train\.yaml:2:1.*bachSize.*\n.*"batchSize"/)
      await writeFile(config, 'batchSize: two\n')
      assert.match((await clmrEnds(2, ...args)).stderr, /train\.yaml:1:1.*batchSize/)
      assert.ok(!(await readdir(folder)).includes('run'))
    }))

  it('BAD CALL - options that would have no effect together are wrong usage, before anything is opened', () =>
    withTempDir(async (folder) => {
      const [run, cache] = [join(folder, 'run'), join(folder, 'no')]
      const resume = ['train', '--run', run, '--resume']
      const cases: [string[], RegExp][] = [
        [[...resume, '--split', 'train'], /--split has nothing to choose from/],
        [[...resume, '--validate'], /--validate has nothing to choose from/],
        [[...resume, '--init-from', 'a.pt'], /weights of the run/],
        [['train', '--data', cache, '--run', run, '--set', 'runDirectory=x'], /runDirectory and as --run/],
      ]
      for (const [args, expected] of cases) assert.match((await clmrEnds(2, ...args)).stderr, expected)
    }))

  it('BAD CALL - no cache, a run below a file or in /proc, a batch that is too large, no labels', () =>
    withCache(async (folder, cache) => {
      const file = join(folder, 'file')
      await writeFile(file, '')
      const noLabels = join(folder, 'plain')
      await clmrEnds(0, 'prepare', join(folder, 'music'), '--cache', noLabels, '--quiet')
      const run = join(folder, 'run')
      const cases: [number, string[], RegExp][] = [
        [1, ['train', '--data', join(folder, 'no'), '--run', run], /ERR_(CACHE|IO)/],
        [1, ['train', '--data', cache, '--run', join(file, 'run'), ...SMALL], /ERR_IO/],
        [1, ['train', '--data', cache, '--run', '/proc/run', ...SMALL], /ERR_IO/],
        [2, ['train', '--data', cache, '--run', run, '--batch-size', '48'], /batchSize 48/],
        [1, ['train', '--run', run, '--resume'], /run/],
        [1, ['evaluate', '--model', join(folder, 'no'), '--data', cache], /ERR_IO/],
        [1, ['report', '--run', join(folder, 'no'), '--out', join(folder, 'x.html')], /ERR_/],
        [1, ['report', '--run', run, '--out', join(file, 'x.html')], /ERR_IO/],
      ]
      for (const [code, args, expected] of cases) {
        const { stderr } = await clmrEnds(code, ...args)
        assert.match(stderr, expected)
      }
    }))
})
