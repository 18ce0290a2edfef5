import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { clmrEnds, startClmr } from './helpers/command-line.js'
import { startNode } from './helpers/node-process.js'
import { smallSetting } from './helpers/small-networks.js'
import { afterFirstStep, stepsLogged, withCache } from './helpers/trainings.js'

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const SIGNALS = new URL('../dist/cli/signals.js', import.meta.url).href
const PROGRESS = new URL('../dist/cli/progress.js', import.meta.url).href

/** A command that works on after a signal, by a clock that is set from here: what a second signal does, decides the test. */
const STUBBORN = `
import { watchSignals } from ${JSON.stringify(SIGNALS)}
let clock = 0
performance.now = () => clock
watchSignals(true).addEventListener('abort', ({ target }) => console.log(target.reason.exitCode))
for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(name, () => process.send('heard'))
process.on('message', (time) => {
  if (time === 'end') process.exit(7)
  clock = time
  process.send('set')
})
process.send('ready')`

describe('87 cli: how a command ends', () => {
  it('signals that come within a second are one, whichever they are; one that comes later ends the process at once', async () => {
    /** Signals, and milliseconds between them. */
    const send = async (...steps: (NodeJS.Signals | number)[]) => {
      const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const
      const { child, finished } = startNode(['--input-type=module', '-e', STUBBORN], { stdio: [...stdio] })
      await once(child, 'message')
      let clock = 0
      for (const step of steps) {
        const answered = Promise.race([once(child, 'message'), finished])
        if (typeof step === 'number') {
          clock += step
          child.send(clock)
        } else child.kill(step)
        await answered
      }
      if (child.connected) child.send('end')
      const { code, stdout } = await finished
      return { code, first: Number(stdout) }
    }
    assert.deepEqual(
      await Promise.all([
        send('SIGINT', 10, 'SIGINT', 300, 'SIGINT'),
        send('SIGHUP', 20, 'SIGTERM', 20, 'SIGINT'),
        send('SIGINT', 5, 'SIGINT', 1200, 'SIGINT'),
        send('SIGTERM', 1200, 'SIGHUP'),
      ]),
      [
        { code: 7, first: 130 },
        { code: 7, first: 129 },
        { code: 130, first: 130 },
        { code: 129, first: 143 },
      ],
    )
  })

  for (const [signal, code] of [
    ['SIGHUP', 129],
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)
    it(`${signal}, passed on twice as a package runner does, saves the last step of a training and ends with ${code}`, function () {
      this.timeout(60_000)
      return withCache(async (folder, cache) => {
        const run = join(folder, 'run')
        const running = startClmr([
          'train',
          ...['--data', cache, '--run', run, '--batch-size', '2', '--epochs', '1000', '--set', smallSetting],
        ])
        await afterFirstStep(running, run)
        running.child.kill(signal)
        await sleep(5)
        running.child.kill(signal)
        const ended = await running.finished
        assert.equal(ended.code, code, ended.stderr)
        const saved = Number(/saved step (\d+)/.exec(ended.stderr)?.[1])
        assert.equal(saved, await stepsLogged(run))
        assert.ok(saved > 0)
      })
    })

  it('a stderr that takes nothing more ends no training: a full disk, a closed pipe', function () {
    this.timeout(60_000)
    return withCache(async (folder, cache) => {
      const full = openSync('/dev/full', constants.O_WRONLY)
      for (const [name, stderr] of [
        ['full', full],
        ['pipe', 'pipe'],
      ] as const) {
        const run = join(folder, name)
        const args = [
          'train',
          '--data',
          cache,
          '--run',
          run,
          '--batch-size',
          '2',
          '--max-steps',
          '3',
          '--set',
          smallSetting,
        ]
        const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', stderr] })
        child.stderr?.destroy()
        const code = await new Promise((resolve) => child.once('close', resolve))
        assert.deepEqual([name, code, await stepsLogged(run)], [name, 0, 3])
      }
      closeSync(full)
    })
  })

  it('a closed terminal ends no training, and Node does not abort at its end', function () {
    this.timeout(60_000)
    return withCache(async (folder, cache) => {
      const run = join(folder, 'run')
      const args = ['train', '--data', cache, '--run', run, '--batch-size', '2', '--max-steps', '6']
      const code = `
import os, pty, select, subprocess, sys
master, slave = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, preexec_fn=os.setsid)
os.close(slave)
seen = b''
while b' 2/6' not in seen:
    seen += os.read(master, 65536)
os.close(master)
print(child.wait())`
      const python = spawn('python3', ['-c', code, process.execPath, MAIN, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let text = ''
      python.stdout.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      await new Promise((resolve) => python.once('close', resolve))
      assert.equal(text, '0\n')
      assert.equal(await stepsLogged(run), 6)
    })
  })

  it('a result that stdout cannot take is a failure, once the work is done and saved', () =>
    withCache(async (folder, cache) => {
      const full = openSync('/dev/full', constants.O_WRONLY)
      const child = spawn(process.execPath, [MAIN, 'verify', cache], { stdio: ['ignore', full, 'pipe'] })
      let stderr = ''
      child.stderr!.setEncoding('utf8').on('data', (part: string) => {
        stderr += part
      })
      assert.equal(await new Promise((resolve) => child.once('close', resolve)), 1)
      assert.match(stderr, /ERR_IO.*stdout \(ENOSPC\)/)
      assert.ok(folder)
      closeSync(full)
    }))

  it('the time left counts only what this process has done', async () => {
    const { finished } = startNode([
      '--input-type=module',
      '-e',
      `import { startProgress } from ${JSON.stringify(PROGRESS)}
       const progress = startProgress('train', false)
       progress.update(900, 1000)
       const now = performance.now()
       performance.now = () => now + 10_000 // two steps in ten seconds: 98 more take 490 s, where 902 in 10 s left 1 s
       progress.update(902, 1000)`,
    ])
    const { stderr } = await finished
    assert.match(stderr, /^train 900\/1000\ntrain 902\/1000, 8 min \d+ s left\n$/)
  })

  it('a loss that is not finite ends a training with 4', function () {
    this.timeout(60_000)
    return withCache(async (folder, cache) => {
      const args = ['train', '--data', cache, '--run', join(folder, 'run'), '--batch-size', '2']
      // weights grow by 999 a step: after 14 they are beyond float32
      const grow = [smallSetting, 'optimizer.name=sgd', 'optimizer.lr=1000', 'optimizer.weightDecay=1']
      const many = ['--max-steps', '30', ...grow.flatMap((one) => ['--set', one])]
      const { stderr } = await clmrEnds(4, ...args, ...many)
      assert.match(stderr, /ERR_NON_FINITE/)
    })
  })
})
