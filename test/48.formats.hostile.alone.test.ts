import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { openTensorFile } from '#lib/formats/tensor-file.js'
import { loadModelState } from '#lib/model/load-state.js'
import { atBest } from './helpers/at-best.js'
import * as py from './helpers/pickles.js'
import { refusal, refused } from './helpers/refused.js'
import { withTempDir } from './helpers/temp-dir.js'

const { call, concat, dict, global, pickle, storage, tensor, text, torchLegacy, torchZip, tuple, whole } = py

/** A weight beside the attack, so that nothing but the attack is wrong with the file. */
const beside = (attack: Uint8Array) => pickle(dict([text('w'), tensor()], [text('x'), attack]))

describe('48 formats: hostile files', () => {
  const FUNCTIONS =
    `os.system posix.system nt.system subprocess.Popen subprocess.check_output builtins.eval builtins.exec
    builtins.compile builtins.getattr builtins.open builtins.__import__ __builtin__.eval __builtin__.execfile
    sys.exit shutil.rmtree runpy.run_path importlib.import_module pty.spawn socket.socket ctypes.CDLL pickle.loads
    _pickle.loads marshal.loads webbrowser.open code.interact timeit.timeit cProfile.run pdb.run operator.attrgetter
    operator.methodcaller types.FunctionType multiprocessing.util.spawnv_passfds asyncio.create_subprocess_shell
    torch.hub.load torch.jit.load torch.load torch.serialization.load torch._C._jit_init torch.utils.cpp_extension.load
    torch.package.PackageImporter torch.multiprocessing.spawn pip.main distutils.file_util.write_file
    urllib.request.urlopen collections.OrderedDict.__init__.__globals__ torch.nn.__builtins__`.split(/\s+/)

  /** The same call in the words of every protocol. */
  const forms: [string, (path: string, arg: Uint8Array) => Uint8Array][] = [
    ['REDUCE', (path, arg) => call(path, arg)],
    [
      'STACK_GLOBAL',
      (path, arg) => {
        const dot = path.lastIndexOf('.')
        return concat(text(path.slice(0, dot)), text(path.slice(dot + 1)), [0x93], tuple(arg), 'R')
      },
    ],
    [
      'INST',
      (path, arg) =>
        concat(
          '(',
          arg,
          `i${path.slice(0, path.lastIndexOf('.'))}\n${path.slice(path.lastIndexOf('.') + 1)}\n`,
        ),
    ],
    ['OBJ', (path, arg) => concat('(', global(path), arg, 'o')],
    ['NEWOBJ', (path, arg) => concat(global(path), tuple(arg), [0x81])],
    ['NEWOBJ_EX', (path, arg) => concat(global(path), tuple(arg), '}', [0x92])],
    ['named only', (path) => global(path)],
  ]

  it(`runs none of ${FUNCTIONS.length * forms.length} calls in zip and legacy files, beside good weights: all are refused, no marker`, () =>
    withTempDir(async (folder) => {
      const marker = join(folder, 'marker')
      const command = text(`touch ${marker}`)
      for (const name of FUNCTIONS)
        for (const [form, make] of forms) {
          const attack = beside(make(name, command))
          await refused(torchZip(attack), /asks for .*no file of weights needs/, `${name} ${form}`)
          await refused(torchLegacy(attack), /asks for .*no file of weights needs/, `${name} ${form} legacy`)
        }
      assert.equal(existsSync(marker), false)
    })).timeout(60_000)

  it('describes a class that it does not know, and refuses it as a weight', async () => {
    const callback = call('my_training.Callback', text('touch /nowhere'))
    await withTempDir(async (folder) => {
      const path = join(folder, 'x.pt')
      await writeFile(path, torchZip(beside(callback)))
      const file = await openTensorFile(path)
      assert.deepEqual(file.inert, ['my_training.Callback'])
      assert.deepEqual([...file.entries.keys()], ['w'])
      await file.close()
    })
    const wrapped = (weight: Uint8Array) =>
      torchZip(pickle(dict([text('state_dict'), dict([text('w'), tensor()], [text('v'), weight])])))
    await refused(wrapped(callback), /among the weights, "v" is an object of my_training\.Callback/, 'object')
    await refused(wrapped(global('my_training.Callback')), /among the weights/, 'class')
    await refused(
      wrapped(concat(call('torch._utils._rebuild_qtensor', text('x')))),
      /_rebuild_qtensor/,
      'quantised',
    )
  })

  const pickles: [string, Uint8Array, RegExp][] = [
    ['an empty pickle', new Uint8Array(0), /breaks off/],
    ['no STOP', concat([0x80, 2], '}'), /breaks off/],
    ['protocol 6', concat([0x80, 6], '}.'), /unknown protocol/],
    ['two values', concat('}}.'), /more than one value/],
    ['an open mark', concat('(}.'), /more than one value/],
    ['a POP on nothing', concat('0.'), /no mark/],
    ['a REDUCE on nothing', concat('R.'), /empty stack/],
    ['a memo that was never stored', concat('h\x05.'), /recalls what it never stored/],
    ['a number as dict', concat('K\x01K\x01K\x01s.'), /not a dict/],
    ['an odd number of items', concat('}(K\x01u.'), /without a value/],
    ['an append to a dict', concat('}K\x01a.'), /not a list/],
    ['the state of a number', concat('K\x01}b.'), /set.* state/],
    ['a call of a number', concat('K\x01)R.'), /not a class/],
    ['an extension code', concat('\x82\x01.'), /opcode 0x82/],
    ['a buffer from outside', concat('\x97.'), /opcode 0x97/],
    ['a persistent id as text', concat('Pkey\n.'), /opcode 0x50/],
    ['a persistent id that is no storage', concat('K\x01Q.'), /not a storage/],
    ['an unknown opcode', concat('\xff.'), /opcode 0xff/],
    ['a string beyond the end', concat('X\xff\xff\xff\x7fabc.'), /breaks off/],
    ['a string of 2^64 bytes', concat('\x8d', '\xff'.repeat(8), '.'), /2\^53/],
    ['text that is no UTF-8', concat('X\x01\x00\x00\x00\xff.'), /./],
    ['a number of a megabyte', concat('\x8b\x00\x00\x10\x00', new Uint8Array(1 << 20), '.'), /number of/],
    ['a number of negative length', concat('\x8b\xff\xff\xff\xff.'), /number of/],
    ['a decimal of 100,000 digits', concat(`L${'9'.repeat(100_000)}L\n.`), /malformed number/],
    ['a float that is none', concat('Fabc\n.'), /malformed number/],
    ['a line of two megabytes', concat(`V${'a'.repeat(2 << 20)}\n.`), /line without end/],
    ['a class name with spaces', concat('cos; import\nx\n.'), /no Python name/],
    ['a class name that is a path', concat('c../../x\ny\n.'), /no Python name/],
    ['a list instead of a dict', concat('].'), /instead of a state dict/],
    [
      'an object instead of a dict',
      pickle(call('torch.nn.Linear', text('x'))),
      /object of torch\.nn\.Linear/,
    ],
    ['marks 1,001 deep', concat('('.repeat(1001), '.'), /nested more than 1000/],
    ['a million opcodes', concat('}', '20'.repeat(600_000), '.'), /more than 1000000 opcodes/],
    ['60,000 values of one list', concat('(', 'N'.repeat(60_000), 'l.'), /more than 50000 values at once/],
    ['half a million dicts', concat('(', '}'.repeat(500_000), 'l.'), /containers/],
  ]
  for (const [title, data, pattern] of pickles)
    it(`refuses ${title}`, async () => {
      await refused(torchZip(data), pattern, title)
      await refused(torchLegacy(data), /this PyTorch file is refused/, `${title}, legacy`)
    })

  it('bombs stay as small as their files: doubling by DUP and by the memo, within a second and 256 MiB', async () => {
    const doubling = concat(
      ']',
      ...Array.from({ length: 900 }, (_, i) => concat('r', u32(i), ']', 'j', u32(i), 'a', 'j', u32(i), 'a')),
    )
    const slots = Array.from({ length: 300_000 }, (_, i) => concat('r', u32(i * 14_000)))
    const before = process.memoryUsage().rss
    const bombs: [string, Uint8Array][] = [
      ['memo', concat(doubling, '\x86.')],
      ['nested tuples', concat('K\x01', '\x85'.repeat(390_000), '.')],
      ['DUP', concat('}', '2\x86'.repeat(190_000), '.')],
      ['memo slots', new Uint8Array(Buffer.concat([Buffer.from(']'), ...slots, Buffer.from('.')]))],
    ]
    for (const [title, data] of bombs) await refused(torchZip(data), /./, title)
    const grown = (process.memoryUsage().rss - before) / 2 ** 20
    assert.ok(grown <= 256, `grew by ${grown} MiB`)
  })

  const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)

  const tensors: [string, Uint8Array, RegExp][] = [
    ['more elements than its storage', tensor({ size: [5] }), /byte 20 of a storage of 16/],
    ['an offset beyond its storage', tensor({ offset: 1 }), /byte 20/],
    ['a stride beyond its storage', tensor({ size: [2, 2], stride: [3, 1] }), /byte 20/],
    ['a negative offset', tensor({ offset: -1 }), /whole number/],
    ['a negative size', tensor({ size: [-4] }), /whole number/],
    ['a negative stride', tensor({ stride: [-1] }), /whole number/],
    ['a size of 2^62', tensor({ size: [2n ** 62n], stride: [0] }), /2\^53/],
    ['sizes whose product wraps', tensor({ size: [2 ** 32, 2 ** 32], stride: [0, 0] }), /2\^53 elements/],
    ['offset × element size beyond 2^53', tensor({ offset: 2n ** 52n }), /storage of 16/],
    ['stride × size beyond 2^53', tensor({ size: [2 ** 30], stride: [2 ** 40] }), /storage of 16/],
    ['no element count of its storage', tensor({ count: -1 }), /whole number/],
    ['a storage of 2^52 elements', tensor({ count: 2n ** 52n }), /2\^53 bytes/],
    [
      'a storage that claims 226 GB',
      tensor({ count: 56_500_000_000, size: [56_500_000_000] }),
      /pickle says|elements/,
    ],
    ['a storage that is too short', tensor({ count: 5, size: [5] }), /pickle says/],
    ['a storage that is too long', tensor({ count: 3, size: [3] }), /pickle says/],
    [
      'a gigabyte of one repeated number',
      tensor({ size: [2 ** 28], stride: [0] }),
      /stands on a storage of 16/,
    ],
    ['fewer strides than sizes', tensor({ size: [2, 2], stride: [1] }), /more sizes than strides/],
    ['65 dimensions', tensor({ size: Array(65).fill(1), stride: Array(65).fill(1) }), /65 dimensions/],
    ['an unknown storage class', tensor({ type: 'torch.QInt8Storage' }), /torch\.QInt8Storage/],
    ['a storage of nobody', tensor({ key: '1' }), /storage|missing/],
    ['a storage key that climbs', tensor({ key: '../../etc/passwd' }), /storage|missing/],
    [
      'a number as storage',
      call('torch._utils._rebuild_tensor', whole(1), whole(0), tuple(whole(4)), tuple(whole(1))),
      /no storage/,
    ],
    [
      'a list as size',
      call('torch._utils._rebuild_tensor', storage('0', 4), whole(0), concat(']'), tuple(whole(1))),
      /tuple of sizes/,
    ],
    [
      'a boolean as offset',
      call('torch._utils._rebuild_tensor', storage('0', 4), concat('\x88'), tuple(whole(4)), tuple(whole(1))),
      /whole number/,
    ],
  ]
  for (const [title, attack, pattern] of tensors)
    it(`refuses a tensor with ${title}`, async () => {
      const data = pickle(dict([text('w'), attack]))
      await refused(torchZip(data), pattern, title)
      await refused(torchLegacy(data), /this PyTorch file is refused/, `${title}, legacy`)
    })

  it('refuses 1,000 names for 64 MiB each of one number', () => {
    const repeated = tensor({ size: [2 ** 24], stride: [0] })
    const many = Array.from({ length: 1000 }, (_, i): [Uint8Array, Uint8Array] => [text(`w${i}`), repeated])
    return refused(torchZip(pickle(dict(...many))), /repeat/, 'repeated')
  })

  const good = pickle(dict([text('w'), tensor()]))

  it('refuses legacy files that lie about their storages', async () => {
    await refused(torchLegacy(good, { count: 5n }), /5 elements.*says 4/, 'count')
    await refused(torchLegacy(good, { count: -4n }), /-4 elements/, 'negative')
    await refused(torchLegacy(good, { keys: ['1'] }), /list of storages/, 'key')
    await refused(torchLegacy(good, { keys: [] }), /nothing is/, 'none')
    await refused(torchLegacy(good, { rest: new Uint8Array(15) }), /breaks off/, 'short')
    await refused(torchLegacy(good, { rest: new Uint8Array(17) }), /1 bytes after/, 'long')
    const two = pickle(dict([text('a'), tensor()], [text('b'), tensor({ type: 'torch.DoubleStorage' })]))
    await refused(torchLegacy(two), /two different ways/, 'two types')
  })

  /** A good archive, changed by hand. */
  function changed(change: (zip: Buffer, at: { central: number; end: number }) => unknown): Uint8Array {
    const zip = Buffer.from(torchZip(good))
    const at = { central: zip.indexOf('PK\x01\x02'), end: zip.lastIndexOf('PK\x05\x06') }
    const other = change(zip, at)
    return new Uint8Array(other instanceof Buffer ? other : zip)
  }

  const zips: [string, Uint8Array, RegExp][] = [
    [
      'a compressed member',
      py.archive({ 'm/data.pkl': good, 'm/data/0': new Uint8Array(5000) }, 6),
      /compressed/,
    ],
    ['an encrypted member', changed((z, { central }) => void z.writeUInt16LE(1, central + 8)), /encrypted/],
    [
      'a member that is encrypted in its local header only',
      changed((z) => void z.writeUInt16LE(1, 6)),
      /two different ways/,
    ],
    [
      'a member that is compressed in its local header only',
      changed((z) => void z.writeUInt16LE(8, 8)),
      /two different ways/,
    ],
    [
      'another name in the local header',
      changed((z) => void z.write('n', 30, 'latin1')),
      /two different ways/,
    ],
    ['another size in the local header', changed((z) => void z.writeUInt32LE(1, 22)), /two different ways/],
    [
      'another checksum in the local header',
      changed((z) => void z.writeUInt32LE(1, 14)),
      /two different ways/,
    ],
    [
      'two sizes in the directory',
      changed((z, { central }) => void z.writeUInt32LE(9, central + 24)),
      /two different sizes/,
    ],
    ['a flipped byte in its pickle', changed((z) => void z.writeUInt8(0xff, 60)), /checksum/],
    [
      'a flipped byte in its weights',
      changed((z) => void z.writeUInt8(0xff, z.indexOf(py.FOUR))),
      /checksum/,
    ],
    [
      'a wrong number of members',
      changed((z, { end }) => void z.writeUInt16LE(3, end + 10)),
      /directory is damaged/,
    ],
    [
      'a directory elsewhere',
      changed((z, { end, central }) => void z.writeUInt32LE(central + 1, end + 16)),
      /directory/,
    ],
    [
      'a directory beyond the end',
      changed((z, { end }) => void z.writeUInt32LE(0x7fffffff, end + 16)),
      /directory/,
    ],
    ['bytes behind the end', changed((z) => Buffer.concat([z, Buffer.from('x')])), /no zip directory/],
    ['half of it', changed((z) => z.subarray(0, z.length >> 1)), /no zip directory/],
    ['four bytes of it', changed((z) => z.subarray(0, 4)), /breaks off|no zip directory/],
    [
      'members on top of each other',
      changed((z, { central }) => {
        const second = z.indexOf('PK\x01\x02', central + 4)
        z.writeUInt32LE(0, second + 42)
      }),
      /overlaps/,
    ],
    ['a name that climbs', torchZip(good, { 'm/../../evil': py.FOUR }), /has the name/],
    ['an absolute name', torchZip(good, { '/etc/passwd': py.FOUR }), /has the name/],
    ['a backslash in a name', torchZip(good, { 'm\\data': py.FOUR }), /has the name/],
    ['two pickles', torchZip(good, { 'n/data.pkl': good }), /2 members data\.pkl/],
    ['a member outside its folder', torchZip(good, { 'n/data': py.FOUR }), /outside/],
    ['no pickle', py.archive({ 'm/version': py.FOUR }), /0 members data\.pkl/],
    ['no member at all', py.archive({}), /0 members data\.pkl/],
    ['a TorchScript program', torchZip(good, { 'm/code/__torch__.py': py.FOUR }), /TorchScript/],
    [
      'a byte order of its own',
      torchZip(good, { 'm/byteorder': new TextEncoder().encode('middle') }),
      /byte order/,
    ],
    [
      'two members of one name',
      (() => {
        const zip = Buffer.from(torchZip(good, { 'm/data/1': py.FOUR }))
        for (let at = zip.indexOf('m/data/1'); at >= 0; at = zip.indexOf('m/data/1', at + 1))
          zip[at + 7] = 0x30
        return new Uint8Array(zip)
      })(),
      /two members/,
    ],
  ]
  for (const [title, file, pattern] of zips)
    it(`refuses an archive with ${title}`, () => refused(file, pattern, title))

  it('refuses a 40 GB bomb of zeros within 100 ms', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'bomb.pt')
      const zip = Buffer.from(py.archive({ 'm/data.pkl': good, 'm/data/0': new Uint8Array(100_000) }, 6))
      const central = zip.indexOf('PK\x01\x02', zip.indexOf('PK\x01\x02') + 4)
      zip.writeUInt32LE(0xfffffffe, central + 24)
      await writeFile(path, zip)
      const refusedFor = (pattern: RegExp) => async () => {
        const start = performance.now()
        assert.match((await refusal(path))!, pattern)
        return performance.now() - start
      }
      await atBest(100, refusedFor(/compressed/))
      await writeFile(path, torchZip(good))
      await truncate(path, 40e9)
      await atBest(100, refusedFor(/no zip directory/))
    }))

  it('refuses a bare pickle, a legacy tar and noise, and says what to do', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'x.pt')
      const tar = new Uint8Array(1024)
      tar.set(new TextEncoder().encode('storages'))
      for (const bytes of [
        pickle('}'),
        concat('cos\nsystem\n(S"id"\ntR.'),
        tar,
        new Uint8Array(100).fill(7),
      ]) {
        await writeFile(path, bytes)
        await assert.rejects(loadModelState(path), {
          code: 'ERR_CHECKPOINT',
          path,
          message: /torch\.save did not write.*Python/,
        })
      }
    }))

  it('reads or refuses 2,000 mutants of real and made files, and throws nothing but CheckpointError', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'x.pt')
      const real = await readFile(new URL('./golden/checkpoints/finetuner-head.ckpt', import.meta.url))
      const sources = [real, torchZip(beside(tensor({ size: [2, 2], stride: [1, 2] }))), torchLegacy(good)]
      const edit = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.nat(9) })
      await fc.assert(
        fc.asyncProperty(fc.nat(2), fc.array(edit, { minLength: 1, maxLength: 3 }), async (which, edits) => {
          let bytes = Uint8Array.from(sources[which]!)
          for (const { at, byte, kind } of edits) {
            const place = at % Math.max(1, bytes.length)
            if (kind === 0) bytes = bytes.slice(0, place)
            else if (kind === 1)
              bytes = concat(bytes.slice(0, place), [byte], bytes.slice(place)) as typeof bytes
            else if (place < bytes.length) bytes[place] = byte
          }
          await writeFile(path, bytes)
          await refusal(path)
        }),
        { numRuns: 2000, seed: 42 },
      )
    })).timeout(120_000)
})
