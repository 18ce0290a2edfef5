/**
 * Safetensors files with random damage: no crash, no other error than a CheckpointError, and nothing is accepted that the
 * rules of the format refuse. The oracle is a reader of its own, made of JSON.parse and the rules of
 * https://huggingface.co/docs/safetensors; where Python has `safetensors`, that is asked as well.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError } from '#lib/errors.js'
import { SafetensorsFile, safetensorsChunks } from '#lib/formats/safetensors.js'
import { drive, type Trial } from './driver.js'
import { hasProgram } from './programs.js'

const WIDTHS: Record<string, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  U16: 2,
  U32: 4,
  U64: 8,
  BOOL: 1,
}
const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0

/** Whether the format allows this file. Stricter rules than these (repeated keys) are the library's right. */
function isAllowed(file: Uint8Array): boolean {
  if (file.length < 8) return false
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true)
  if (length > 100_000_000n || Number(length) + 8 > file.length) return false
  let header: Record<string, { dtype?: unknown; shape?: unknown; data_offsets?: unknown }>
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    header = JSON.parse(text.decode(file.subarray(8, 8 + Number(length))))
  } catch {
    return false
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header)) return false
  const spans: [number, number][] = []
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const width = WIDTHS[String(entry?.dtype)]
    const { shape, data_offsets: offsets } = entry ?? {}
    if (width === undefined || !Array.isArray(shape) || !Array.isArray(offsets)) return false
    if (!shape.every(isCount) || offsets.length !== 2 || !offsets.every(isCount)) return false
    const [begin, end] = offsets as [number, number]
    if (end - begin !== shape.reduce((a: number, b: number) => a * b, 1) * width) return false
    spans.push([begin, end])
  }
  spans.sort(([a, c], [b, d]) => a - b || c - d)
  let at = 0
  for (const [begin, end] of spans) {
    if (begin !== at) return false
    at = end
  }
  return at === file.length - 8 - Number(length)
}

function seedFile(): Uint8Array {
  const tensor = (shape: number[], dtype: 'F32' | 'I64') => ({
    dtype,
    shape,
    bytes: new Uint8Array(shape.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 8)).fill(1),
  })
  const tensors = [
    ['encoder.weight', tensor([2, 3], 'F32')],
    ['encoder.bias', tensor([3], 'F32')],
    ['steps', tensor([], 'I64')],
    ['empty', tensor([0, 4], 'F32')],
  ] as const
  return new Uint8Array(Buffer.concat(safetensorsChunks(tensors, { producer: 'clmr', step: '3' })))
}

/** What the header may well say, put in the place of what it does say. */
const WORDS = [
  '0',
  '1',
  '-1',
  '18446744073709551615',
  '9007199254740993',
  '1e3',
  '[]',
  '{}',
  '"F32"',
  '"X"',
  ',',
  ']',
  '}',
  '"',
  'null',
]

function mutate(file: Uint8Array, draw: () => number): Uint8Array {
  let bytes = Uint8Array.from(file)
  for (let n = 1 + Math.floor(draw() * 3); n > 0; n--) {
    const at = Math.floor(draw() * bytes.length)
    const how = draw()
    if (how < 0.35) bytes[at]! ^= 1 << Math.floor(draw() * 8)
    else if (how < 0.45) bytes[Math.floor(draw() * 8)] = Math.floor(draw() * 256)
    else if (how < 0.55) bytes = bytes.slice(0, at)
    else if (how < 0.65) bytes = Uint8Array.from([...bytes, ...bytes.subarray(at, at + 16)])
    else {
      // a word of the header; the length in front follows, most of the time, so that the reader comes further
      const text = Buffer.from(bytes).toString('latin1')
      const digits = [...text.slice(8).matchAll(/\d+|"[^"]*"|[[\]{},:]/g)]
      const found = digits[Math.floor(draw() * digits.length)]
      if (!found) continue
      const word = WORDS[Math.floor(draw() * WORDS.length)]!
      const [from, to] = [8 + found.index, 8 + found.index + found[0].length]
      bytes = Uint8Array.from(Buffer.from(text.slice(0, from) + word + text.slice(to), 'latin1'))
      if (draw() < 0.8 && bytes.length >= 8) {
        const view = new DataView(bytes.buffer)
        view.setBigUint64(0, view.getBigUint64(0, true) + BigInt(word.length - found[0].length), true)
      }
    }
  }
  return bytes
}

/** Whether the library takes the file and can read every tensor of it. */
async function accepts(path: string, trial: Trial<'mutants'>): Promise<boolean> {
  try {
    await using file = await SafetensorsFile.open(path)
    for (const name of file.entries.keys()) await file.read(name)
    return true
  } catch (error) {
    if (!(error instanceof CheckpointError)) trial.fail(`another error: ${(error as Error).stack}`)
    return false
  }
}

/** Of these files, those that Python's own reader refuses. */
function refusedByReference(folder: string): string[] {
  const script = `
import sys, pathlib
from safetensors import safe_open
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        with safe_open(str(path), 'numpy') as f:
            list(f.keys())
    except Exception:
        print(path.name)`
  return execFileSync('python3', ['-c', script, folder], { encoding: 'utf8' }).split('\n').filter(Boolean)
}

await drive('A7', async (trial) => {
  const { folder, size, draw, figure, fail } = trial
  const path = join(folder, 'x.safetensors')
  const accepted = join(folder, 'accepted')
  await mkdir(accepted)
  const seed = seedFile()
  await writeFile(path, seed)
  if (!(await accepts(path, trial))) fail('the file without damage is refused')
  let taken = 0
  for (let i = 0; i < size.mutants; i++) {
    const bytes = mutate(seed, draw)
    await writeFile(path, bytes)
    if (!(await accepts(path, trial))) continue
    taken++
    if (!isAllowed(bytes))
      fail(`mutant ${i} is accepted: ${Buffer.from(bytes.subarray(8, 300)).toString('latin1')}`)
    if (taken <= size.kept) await writeFile(join(accepted, `${i}`), bytes)
  }
  figure('mutants', size.mutants)
  figure('accepted', taken)
  const reference = hasProgram('python3', '-c', 'import safetensors, numpy')
  figure('reference', reference ? 'safetensors' : 'rules of the format')
  if (reference)
    for (const name of refusedByReference(accepted)) fail(`Python refuses mutant ${name}, which is accepted`)
})
