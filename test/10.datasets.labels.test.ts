import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { CsvSyntaxError } from '#lib/datasets/csv.js'
import { labelsFromTable } from '#lib/datasets/labels.js'
import { assignSplits } from '#lib/datasets/split.js'
import { parseCsv } from './helpers/parse-csv.js'
import { withTempDir } from './helpers/temp-dir.js'

const PATHS = ['a.wav', 'b/c.wav', 'd.wav']
const fromCsv = (text: string, paths = PATHS) =>
  withTempDir(async (folder) => {
    const csv = join(folder, 'labels.csv')
    await writeFile(csv, text)
    return labelsFromTable(csv, paths, '/music')
  })

describe('10 datasets: CSV', () => {
  it('quotes, doubled quotes, commas and line breaks within quotes, CRLF and a byte-order mark (RFC 4180)', () => {
    const rows = parseCsv('\uFEFFa,b\r\n"x, ""y""",2\n"two\nlines",\n\nlast,4')
    assert.deepEqual(
      rows.map(({ fields, line }) => [line, ...fields]),
      [
        [1, 'a', 'b'],
        [2, 'x, "y"', '2'],
        [3, 'two\nlines', ''],
        [6, 'last', '4'],
      ],
    )
  })

  it('whatever is written with quotes is read back (1,000 tables)', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') })
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        (table) => {
          const text = table
            .map((row) => row.map((f) => `"${f.replaceAll('"', '""')}"`).join(','))
            .join('\r\n')
          assert.deepEqual(
            parseCsv(text).map(({ fields }) => fields),
            table,
          )
        },
      ),
      { numRuns: 1000, seed: 1 },
    )
  })

  it('a quote that is not closed is an error with its line', () => {
    assert.throws(
      () => parseCsv('a,b\n"open,2'),
      (error) => error instanceof CsvSyntaxError && error.line === 2,
    )
    assert.throws(
      () => parseCsv('a\nb"c'),
      (error) => error instanceof CsvSyntaxError && error.line === 2,
    )
  })
})

describe('10 datasets: labels', () => {
  it('one column a tag makes a multi-label set, with the columns as classes', async () => {
    const plan = await fromCsv('path,split,rock,quiet\na.wav,train,1,0\nb/c.wav,valid,1,1\nd.wav,test,0,0\n')
    assert.deepEqual([plan.task, plan.classes, plan.skipped], ['multilabel', ['rock', 'quiet'], []])
    assert.deepEqual(plan.files, [
      { path: 'a.wav', labels: ['rock'], split: 'train' },
      { path: 'b/c.wav', labels: ['rock', 'quiet'], split: 'valid' },
      { path: 'd.wav', labels: [], split: 'test' },
    ])
  })

  it('a column "label" makes a multi-class set', async () => {
    const plan = await fromCsv('path,label\na.wav,rock\nd.wav,"jazz, modern"\n./b/c.wav,rock\n')
    assert.equal(plan.task, 'multiclass')
    assert.deepEqual(
      plan.files.map(({ path, labels }) => [path, ...labels]),
      [
        ['a.wav', 'rock'],
        ['b/c.wav', 'rock'],
        ['d.wav', 'jazz, modern'],
      ],
    )
  })

  it('paths that are not there are skipped with their line and the likely path; files that are not named, too', async () => {
    const { files, skipped } = await fromCsv('path,label\na.wav,x\nb/d.wav,x\nc.wav,x\n')
    assert.deepEqual(
      files.map(({ path }) => path),
      ['a.wav'],
    )
    const reasons = Object.fromEntries(skipped.map(({ path, reason }) => [path, reason]))
    assert.deepEqual(Object.keys(reasons).sort(), ['b/c.wav', 'b/d.wav', 'c.wav', 'd.wav'])
    assert.match(reasons['b/d.wav']!, /line 3.*did you mean/)
    assert.match(reasons['c.wav']!, /line 4.*did you mean "b\/c\.wav"/)
    assert.match(reasons['d.wav']!, /do not name it/)
  })

  const faulty: Record<string, [string, RegExp]> = {
    'an empty file': ['', /line 1: there must be a header/],
    'a header only': ['path,label\n', /line 1: there must be/],
    'another first column': ['file,label\na.wav,x\n', /line 1: the first column must be "path", not "file"/],
    'no label and no tag': ['path,split\na.wav,train\n', /line 1: there is neither/],
    'label beside tags': ['path,label,rock\na.wav,x,1\n', /line 1: beside "label".*"rock"/],
    'a column twice': ['path,rock,rock\na.wav,1,1\n', /line 1: two columns are called "rock"/],
    'a tag that is neither 0 nor 1': [
      'path,rock,pop\na.wav,1,0\nd.wav,yes,0\n',
      /line 3: column "rock" holds "yes"/,
    ],
    'a missing field': ['path,rock,pop\na.wav,1\n', /line 2: there are 2 fields instead of 3/],
    'an unknown split': ['path,split,label\na.wav,dev,x\n', /line 2: the split is "dev"/],
    'an empty label': ['path,label\na.wav,\n', /line 2: the label is empty/],
    'a path twice': ['path,label\na.wav,x\n./a.wav,y\n', /line 3: "a\.wav" stands on line 2/],
    'a path that leads out of the source': [
      'path,label\n../secret.wav,x\n',
      /line 2: "\.\.\/secret\.wav" does not lie/,
    ],
    'an absolute path elsewhere': ['path,label\n/etc/passwd,x\n', /line 2: "\/etc\/passwd" does not lie/],
    'several faults at once': ['path,a,b\na.wav,2,0\nd.wav,0,x\n', /line 2: .*; line 3: /],
    'no file that is there': ['path,label\nx.wav,y\n', /none of the files/],
  }
  for (const [name, [text, message]] of Object.entries(faulty))
    it(`is refused with the line: ${name}`, () =>
      assert.rejects(fromCsv(text), { code: 'ERR_DATASET', message }))
})

describe('10 datasets: splits', () => {
  const tracks = (counts: number[]) =>
    counts.flatMap((n, label) =>
      Array.from({ length: n }, (_, i) => ({ key: `${label}-${i}`, labels: [label] })),
    )
  const share = (splits: string[], split: string) => splits.filter((s) => s === split).length

  it('each class is divided 60/20/20 (closed form)', () => {
    const set = tracks([10, 20, 5, 100])
    const splits = assignSplits(set, 42)
    for (const [label, n] of [10, 20, 5, 100].entries()) {
      const own = splits.filter((_, i) => set[i]!.labels[0] === label)
      assert.deepEqual(
        [share(own, 'train'), share(own, 'valid'), share(own, 'test')],
        [n * 0.6, n * 0.2, n * 0.2],
      )
    }
  })

  it('the seed decides, the order does not', () => {
    const set = tracks([50, 50])
    const first = assignSplits(set, 1)
    assert.deepEqual(assignSplits(set, 1), first)
    assert.deepEqual(assignSplits(set.toReversed(), 1).toReversed(), first)
    assert.notDeepEqual(assignSplits(set, 2), first)
  })

  it('equal audio under several names stays in one split', () => {
    const set = tracks([30]).flatMap((track) => [track, { ...track }])
    const splits = assignSplits(set, 3)
    for (let i = 0; i < set.length; i += 2) assert.equal(splits[i], splits[i + 1])
  })

  it('a rare tag reaches every split; a class of one or two tracks goes to train', () => {
    const set = Array.from({ length: 100 }, (_, i) => ({ key: `${i}`, labels: i < 5 ? [0, 1] : [0] }))
    const rare = assignSplits(set, 4).slice(0, 5)
    assert.deepEqual([share(rare, 'train'), share(rare, 'valid'), share(rare, 'test')], [3, 1, 1])
    assert.deepEqual(assignSplits(tracks([2, 1]), 5), ['train', 'train', 'train'])
    assert.deepEqual(assignSplits(tracks([3]), 5).sort(), ['test', 'train', 'valid'])
  })
})

describe('10 datasets: other tables', () => {
  const fromTable = (name: string, text: string, paths = PATHS) =>
    withTempDir(async (folder) => {
      await writeFile(join(folder, name), text)
      const { task, classes, files } = await labelsFromTable(join(folder, name), paths, '/music')
      return { task, classes, files }
    })
  const tags = {
    task: 'multilabel',
    classes: ['guitar', 'slow; sad', 'voice'],
    files: [
      { path: 'a.wav', labels: ['guitar', 'voice'], split: 'train', group: 'x' },
      { path: 'b/c.wav', labels: [], split: 'test' },
      { path: 'd.wav', labels: ['slow; sad'], split: 'valid', group: 'y' },
    ],
  }

  it('JSON lines with lists of labels: classes are their names in order', async () => {
    const lines = [
      { path: 'a.wav', split: 'train', group: 'x', labels: ['guitar', 'voice'] },
      { labels: [], path: 'b/c.wav', split: 'test' },
      { path: 'd.wav', split: 'valid', group: 'y', labels: ['slow; sad'] },
    ].map((row) => JSON.stringify(row))
    const read = await fromTable('labels.jsonl', `${lines.join('\n')}\n`)
    assert.deepEqual(JSON.parse(JSON.stringify(read)), tags)
  })

  it('one column of names, in commas or tabs, is what columns of 0 and 1 are: oracle is the other form', async () => {
    const binary = await fromTable(
      'labels.csv',
      'path,split,guitar,voice\na.wav,train,1,1\nb/c.wav,test,0,0\nd.wav,valid,0,1\n',
    )
    const names = ['guitar; voice;guitar', '', 'voice']
    for (const [file, separator, column] of [
      ['a.csv', ',', 'labels'],
      ['a.tsv', '\t', 'tags'],
      ['a.txt', '\t', 'Tags'],
    ] as const) {
      const splits = ['train', 'test', 'valid']
      const rows = PATHS.map((path, i) => [path, splits[i], names[i]].join(separator))
      const text = [['path', 'split', column].join(separator), ...rows].join('\n')
      assert.deepEqual(await fromTable(file, text), binary, file)
    }
    const json = PATHS.map((path, i) =>
      JSON.stringify({ path, split: ['train', 'test', 'valid'][i], guitar: i === 0, voice: i === 1 ? 0 : 1 }),
    )
    assert.deepEqual(await fromTable('a.jsonl', json.join('\n')), binary)
  })

  it('one label: tab-separated with a comma in it, and JSON lines', async () => {
    const expected = ['rock, loud', 'jazz', 'jazz']
    const tabbed = PATHS.map((path, i) => `${path}\t${expected[i]}`).join('\n')
    const json = PATHS.map((path, i) => JSON.stringify({ path, label: expected[i] })).join('\n')
    for (const [name, text] of [
      ['x.tsv', `path\tlabel\n${tabbed}`],
      ['x.jsonl', json],
    ] as const) {
      const { task, files } = await fromTable(name, text)
      assert.equal(task, 'multiclass')
      assert.deepEqual(
        files.map(({ labels }) => labels[0]),
        expected,
      )
    }
  })

  it('BAD CALL - a faulty line of JSON is named', async () => {
    const good = '{"path":"a.wav","label":"x"}'
    for (const [line, message] of [
      ['{"path":', /line 2: it is no JSON/],
      ['["a.wav"]', /line 2: there must be an object on each line/],
      ['{"path":"d.wav","labels":[1]}', /line 2: the list of labels/],
      ['{"path":"d.wav","label":{}}', /line 2: "label" is neither/],
    ] as const)
      await assert.rejects(fromTable('x.jsonl', `${good}\n${line}\n`), { code: 'ERR_DATASET', message })
  })
})
