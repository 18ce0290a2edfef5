import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildProgram, COMMANDS } from '#lib/cli/program.js'
import { clmr, clmrEnds, startClmr } from './helpers/command-line.js'
import { withTempDir } from './helpers/temp-dir.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const ESC = '\u001b'

describe('80 cli: usage', () => {
  it('help, of clmr and of every command, goes to stdout, ends with 0 and has an example', async () => {
    const main = await clmrEnds(0, '--help')
    for (const { name } of COMMANDS) assert.match(main.stdout, new RegExp(`^ {2}${name} `, 'm'))
    assert.match(main.stdout, /Examples:\n {2}\$ clmr /)
    const helps = await Promise.all(COMMANDS.map(({ name }) => clmrEnds(0, name, '--help')))
    helps.forEach(({ stdout, stderr }, i) => {
      assert.match(stdout, new RegExp(`Examples:\n  \\$ clmr ${COMMANDS[i]!.name}`))
      assert.equal(stderr, '')
    })
  })

  it('help and version come at once: within 0.3 s of the start of node itself', () => {
    const main = join(root, 'dist/cli/main.js')
    const fastest = (args: string[]) =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const started = performance.now()
          execFileSync(process.execPath, args)
          return performance.now() - started
        }),
      )
    const bare = fastest(['-e', '0'])
    for (const flag of ['--help', '--version']) assert.ok(fastest([main, flag]) - bare < 300, flag)
  })

  it('the version is that of the package', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    assert.equal((await clmrEnds(0, '--version')).stdout, `${version}\n`)
  })

  it('WRONG USAGE ends with 2, says what is near, and leaves stdout empty', async () => {
    const cases: [string[], RegExp][] = [
      [[], /Usage: clmr/],
      [['trian'], /unknown command 'trian'.*Did you mean train\?.*clmr --help/s],
      [
        ['train', '--run', 'x', '--bach-size', '8'],
        /unknown option '--bach-size'.*Did you mean --batch-size\?/s,
      ],
      [
        ['prepare', 'x', '--cahce=y'],
        /unknown option '--cahce'.*Did you mean --cache\?.*clmr prepare --help/s,
      ],
      [['train', '--data', 'x'], /required option '--run <dir>'.*clmr train --help/s],
      [['train', '--run', 'x'], /needs data.*--data CACHE/s],
      [['train', '--run', 'x', '--data', 'y', '--view-norm', 'none'], /Allowed choices are joint, separate/],
      [['train', '--run', 'x', '--data', 'y', '--epochs', 'many'], /"epochs".*given "many"/],
      [['train', '--run', 'x', '--data', 'y', '--set', 'optimizer.lrate=1'], /optimizer\.lrate/],
      [['prepare', 'x', '--cache', 'y', '--max-reject', '1.5'], /"maxReject".*given 1\.5/],
      [['evaluate', '--model', 'random', '--data', 'x', '--hidden', '-1'], /"hidden"/],
      [['embed', '--model', 'random', '--out', 'x.csv', 'a.wav'], /x\.csv.*\.parquet, \.npy, \.jsonl/s],
      [['embed', '--model', 'random', '--out', 'x.npy'], /missing required argument 'paths'/],
      [['convert', 'a.pt', 'b.pt', 'c.pt'], /too many arguments/],
    ]
    const ends = await Promise.all(cases.map(([args]) => clmr(...args)))
    ends.forEach(({ code, stdout, stderr }, i) => {
      const [args, expected] = cases[i]!
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
      assert.match(stderr, expected)
      assert.equal(stdout, '')
    })
  })

  it('a command without its sub-command prints its help on stderr, nothing else, and ends with 2', async () => {
    const { code, stdout, stderr } = await clmr('libtorch')
    const help = await clmrEnds(0, 'libtorch', '--help')
    assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: help.stdout })
  })

  it('docs/cli.md and the help show every default', async () => {
    const page = await readFile(join(root, 'docs/cli.md'), 'utf8')
    for (const row of [/--out <dir>.*\(default: "clmr-demo"\)/, /--minutes <minutes>.*\(default: 5\)/])
      assert.match(page, row)
    assert.match((await clmrEnds(0, 'train', '--help')).stdout, /Where to train. 'auto' is CUDA if available/)
  })

  it('--json makes an error one line of JSON on stderr, with code, path and remedy', async () => {
    const { code, stdout, stderr } = await clmr('inspect', '/nonexistent/model.pt', '--json')
    assert.equal(code, 1)
    assert.equal(stdout, '')
    const { error } = JSON.parse(stderr)
    assert.equal(error.code, 'ERR_IO')
    assert.equal(error.path, '/nonexistent/model.pt')
    assert.match(error.remedy, /Check the path/)
    const usage = await clmr('inspect', '--jsn', '--json')
    assert.equal(usage.code, 2)
    assert.equal(JSON.parse(usage.stderr).error.code, 'ERR_USAGE')
  })

  it('control characters of file names are escaped, and without a terminal there is no colour', () =>
    withTempDir(async (folder) => {
      const name = `evil${ESC}[2J\u202e\nname`
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'x.wav'), 'no audio')
      const args = ['embed', '--model', 'random', '--out', join(folder, 'e.npy'), join(folder, name)]
      const { code, stdout, stderr } = await clmr(...args)
      assert.equal(code, 1)
      assert.match(stderr, /evil\\x1b\[2J\\u202e\\x0aname/)
      assert.ok(!stderr.includes(ESC) && !stdout.includes(ESC))
    }))

  it('a reader that closes the pipe ends the command quietly', async () => {
    const { child, finished } = startClmr(['doctor'])
    child.stdout?.destroy()
    const { stderr } = await finished
    assert.doesNotMatch(stderr, /EPIPE|Error|at /)
  })

  it('every flag and argument has a description', async () => {
    for (const command of (await buildProgram('all')).commands)
      for (const { options, registeredArguments } of [command, ...command.commands])
        for (const { description } of [...options, ...registeredArguments])
          assert.notEqual(description, '', command.name())
  })

  it('every command that runs a network has --device, --precision and --threads; prepare, which decodes, --threads', async () => {
    const { commands } = await buildProgram('all')
    const having = (flag: string) =>
      commands.filter(({ options }) => options.some(({ long }) => long === flag)).map((c) => c.name())
    const networks = ['train', 'evaluate', 'predict', 'embed', 'report', 'export', 'demo']
    assert.deepEqual(having('--device'), networks)
    assert.deepEqual(having('--precision'), networks)
    assert.deepEqual(having('--threads'), ['prepare', ...networks])
  })

  it('docs/cli.md is what scripts/write-cli-docs.mjs writes', () => {
    execFileSync(process.execPath, [join(root, 'scripts/write-cli-docs.mjs'), '--check'], { stdio: 'pipe' })
  })
})
