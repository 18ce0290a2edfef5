/**
 * A reader of pickles that cannot run anything: a stack machine over plain data, in which a class is a name and a
 * call is a description (`values.ts`). Opcodes as documented in CPython's `Lib/pickletools.py`, protocols 0 to 5.
 *
 * Values are shared, never copied, and every opcode makes at most one, so memory grows only with the length of the
 * pickle: a small file that doubles its value again and again, by DUP or by the memo, stays small in memory too.
 */
import { Turns } from '../turns.js'
import { admitGlobal, construct } from './globals.js'
import { PickleBytes } from './pickle-bytes.js'
import {
  PickleDict,
  type PickleGlobal,
  PickleObject,
  type PickleStorage,
  PickleTuple,
  type PickleValue,
} from './values.js'

export const MAX_PICKLE_BYTES = 64 << 20
const MAX_OPCODES = 1_000_000
const MAX_DEPTH = 1000
/** a container takes more memory than its opcode: about 200 bytes for a Map */
const MAX_CONTAINERS = 400_000

/** taken at once, without a turn of the event loop; Python writes 2,000 at most for lists and dicts */
const MAX_ITEMS = 50_000

type Handler = (machine: Machine) => void

class Machine {
  private stack: PickleValue[] = []
  private readonly marks: PickleValue[][] = []
  private readonly memo = new Map<number, PickleValue>()
  private containers = 0
  done = false

  constructor(
    readonly bytes: PickleBytes,
    private readonly persistent: (id: PickleValue) => PickleStorage,
  ) {}

  push(value: PickleValue): void {
    this.stack.push(value)
  }

  pop(): PickleValue {
    const value = this.stack.pop()
    if (value === undefined) throw new Error('its pickle takes from an empty stack')
    return value
  }

  top(): PickleValue {
    const value = this.stack.at(-1)
    if (value === undefined) throw new Error('its pickle looks at an empty stack')
    return value
  }

  container<T extends PickleValue>(value: T): void {
    if (++this.containers > MAX_CONTAINERS)
      throw new Error(`its pickle holds more than ${MAX_CONTAINERS} containers`)
    this.push(value)
  }

  mark(): void {
    if (this.marks.length >= MAX_DEPTH) throw new Error(`its pickle is nested more than ${MAX_DEPTH} deep`)
    this.marks.push(this.stack)
    this.stack = []
  }

  /** everything since the last mark */
  popMark(): PickleValue[] {
    const items = this.stack
    const below = this.marks.pop()
    if (!below) throw new Error('its pickle has no mark where one is needed')
    if (items.length > MAX_ITEMS)
      throw new Error(`its pickle holds a list of more than ${MAX_ITEMS} values at once`)
    this.stack = below
    return items
  }

  /** POP removes the mark itself if nothing is above it */
  popOrMark(): void {
    if (this.stack.length === 0) this.popMark()
    else this.stack.pop()
  }

  remember(index: number): void {
    this.memo.set(index, this.top())
  }

  memoize(): void {
    this.remember(this.memo.size)
  }

  recall(index: number): void {
    const value = this.memo.get(index)
    if (value === undefined) throw new Error('its pickle recalls what it never stored')
    this.push(value)
  }

  tuple(count: number): void {
    if (this.stack.length < count) throw new Error('its pickle takes from an empty stack')
    this.container(new PickleTuple(this.stack.splice(this.stack.length - count)))
  }

  storage(): void {
    this.container(this.persistent(this.pop()))
  }

  call(type: PickleValue, args: PickleValue): void {
    this.container(construct(type, args))
  }

  result(): PickleValue {
    if (this.marks.length > 0 || this.stack.length !== 1)
      throw new Error('its pickle leaves more than one value')
    return this.pop()
  }
}

function appendAll(target: PickleValue, items: PickleValue[]): void {
  const list = target instanceof PickleObject ? target.items : target
  if (!Array.isArray(list)) throw new Error('its pickle appends to something that is not a list')
  for (const item of items) list.push(item)
}

function setAll(target: PickleValue, items: PickleValue[]): void {
  if (items.length % 2) throw new Error('its pickle has a key without a value')
  if (target instanceof PickleObject) target.entries ??= new PickleDict()
  const dict = target instanceof PickleObject ? target.entries : target
  if (!(dict instanceof PickleDict))
    throw new Error('its pickle sets an item of something that is not a dict')
  for (let i = 0; i < items.length; i += 2) dict.set(items[i]!, items[i + 1]!)
}

function build(target: PickleValue, state: PickleValue): void {
  if (target instanceof PickleObject) target.state = state
  else if (target instanceof PickleDict) target.attributes = state
  else throw new Error('its pickle sets the state of something that has none')
}

function global(module: PickleValue, name: PickleValue): PickleGlobal {
  if (typeof module !== 'string' || typeof name !== 'string')
    throw new Error('its pickle names a class by no text')
  return admitGlobal(module, name)
}

function instance(m: Machine, items: PickleValue[], type: PickleValue): void {
  m.call(type, new PickleTuple(items))
}

/** 'text', as repr() writes it; escapes other than quotes and backslashes stay as they are */
function unquoted(line: string): string {
  const quoted = /^(['"])(.*)\1$/s.exec(line)
  if (!quoted) throw new Error('its pickle has a string without quotes')
  return quoted[2]!.replace(/\\(['"\\])/g, '$1')
}

/** I01 and I00 are the booleans of protocol 0. */
function oldInt(m: Machine, line: string): PickleValue {
  if (line === '01' || line === '00') return line === '01'
  return m.bytes.decimal(line)
}

function oldFloat(line: string): number {
  const value = /^[-+]?(?:nan|inf|[\d.]{1,400}(?:e[-+]?\d{1,5})?)$/i.test(line) ? line.toLowerCase() : 'x'
  if (value.endsWith('nan')) return Number.NaN
  if (value.endsWith('inf'))
    return value.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const number = Number(value)
  if (Number.isNaN(number)) throw new Error('its pickle has a malformed number')
  return number
}

/** opcode → what it does; an opcode that is not listed is refused */
const HANDLERS: Record<string, Handler> = {
  // structure
  '.': (m) => {
    m.done = true
  },
  '(': (m) => m.mark(),
  '0': (m) => m.popOrMark(),
  '1': (m) => void m.popMark(),
  '2': (m) => m.push(m.top()),
  // memo
  p: (m) => m.remember(Number(m.bytes.decimal(m.bytes.line()))),
  q: (m) => m.remember(m.bytes.u8()),
  r: (m) => m.remember(m.bytes.u32()),
  '\x94': (m) => m.memoize(),
  g: (m) => m.recall(Number(m.bytes.decimal(m.bytes.line()))),
  h: (m) => m.recall(m.bytes.u8()),
  j: (m) => m.recall(m.bytes.u32()),
  // constants and numbers
  N: (m) => m.push(null),
  '\x88': (m) => m.push(true),
  '\x89': (m) => m.push(false),
  I: (m) => m.push(oldInt(m, m.bytes.line())),
  L: (m) => m.push(m.bytes.decimal(m.bytes.line())),
  J: (m) => m.push(m.bytes.i32()),
  K: (m) => m.push(m.bytes.u8()),
  M: (m) => m.push(m.bytes.u16()),
  '\x8a': (m) => m.push(m.bytes.long(m.bytes.u8())),
  '\x8b': (m) => m.push(m.bytes.long(m.bytes.i32())),
  F: (m) => m.push(oldFloat(m.bytes.line())),
  G: (m) => m.push(m.bytes.f64()),
  // text and bytes
  S: (m) => m.push(unquoted(m.bytes.line())),
  T: (m) => m.push(m.bytes.latin1(m.bytes.u32())),
  U: (m) => m.push(m.bytes.latin1(m.bytes.u8())),
  V: (m) => m.push(m.bytes.line()),
  X: (m) => m.push(m.bytes.text(m.bytes.u32())),
  '\x8c': (m) => m.push(m.bytes.text(m.bytes.u8())),
  '\x8d': (m) => m.push(m.bytes.text(m.bytes.u64())),
  B: (m) => m.push(m.bytes.slice(m.bytes.u32())),
  C: (m) => m.push(m.bytes.slice(m.bytes.u8())),
  '\x8e': (m) => m.push(m.bytes.slice(m.bytes.u64())),
  '\x96': (m) => m.push(m.bytes.slice(m.bytes.u64())),
  // containers
  ')': (m) => m.container(new PickleTuple([])),
  t: (m) => m.container(new PickleTuple(m.popMark())),
  '\x85': (m) => m.tuple(1),
  '\x86': (m) => m.tuple(2),
  '\x87': (m) => m.tuple(3),
  ']': (m) => m.container([]),
  l: (m) => m.container(m.popMark()),
  a: (m) => {
    const item = m.pop()
    appendAll(m.top(), [item])
  },
  e: (m) => {
    const items = m.popMark()
    appendAll(m.top(), items)
  },
  '}': (m) => m.container(new PickleDict()),
  d: (m) => {
    const items = m.popMark()
    m.container(new PickleDict())
    setAll(m.top(), items)
  },
  s: (m) => {
    const [value, key] = [m.pop(), m.pop()]
    setAll(m.top(), [key, value])
  },
  u: (m) => {
    const items = m.popMark()
    setAll(m.top(), items)
  },
  // a set is kept as a list
  '\x8f': (m) => m.container([]),
  '\x90': (m) => {
    const items = m.popMark()
    appendAll(m.top(), items)
  },
  '\x91': (m) => m.container(m.popMark()),
  // classes, described
  c: (m) => m.push(global(m.bytes.line(), m.bytes.line())),
  '\x93': (m) => {
    const [name, module] = [m.pop(), m.pop()]
    m.push(global(module, name))
  },
  R: (m) => {
    const [args, type] = [m.pop(), m.pop()]
    m.call(type, args)
  },
  '\x81': (m) => {
    const [args, type] = [m.pop(), m.pop()]
    m.call(type, args)
  },
  '\x92': (m) => {
    const [keywords, args, type] = [m.pop(), m.pop(), m.pop()]
    m.call(type, new PickleTuple([args, keywords]))
  },
  i: (m) => {
    const type = global(m.bytes.line(), m.bytes.line())
    instance(m, m.popMark(), type)
  },
  o: (m) => {
    const [type, ...args] = m.popMark()
    instance(m, args, type ?? null)
  },
  b: (m) => {
    const state = m.pop()
    build(m.top(), state)
  },
  Q: (m) => m.storage(),
  // protocol and frames: the length of a frame means nothing without a stream
  '\x80': (m) => {
    if (m.bytes.u8() > 5) throw new Error('its pickle is of an unknown protocol')
  },
  '\x95': (m) => void m.bytes.u64(),
}

const BY_BYTE: (Handler | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const opcode = String.fromCharCode(byte)
  return Object.hasOwn(HANDLERS, opcode) ? HANDLERS[opcode] : undefined
})

/** The clock is asked after so many. */
const OPCODES_A_TURN = 64

/** What a pickle may take; the defaults serve checkpoints. */
export interface PickleLimits {
  bytes?: number
  opcodes?: number
}

export interface Pickle {
  value: PickleValue
  /** where the pickle ends */
  end: number
}

/**
 * Reads one pickle that starts at `start`; the event loop has its turns meanwhile.
 * @throws Error in words, without the path: the caller makes a CheckpointError of it
 */
export async function readPickle(
  bytes: Uint8Array,
  start: number,
  persistent: (id: PickleValue) => PickleStorage,
  { bytes: maxBytes = MAX_PICKLE_BYTES, opcodes: maxOpcodes = MAX_OPCODES }: PickleLimits = {},
): Promise<Pickle> {
  const cursor = new PickleBytes(bytes.subarray(0, start + maxBytes), start)
  const machine = new Machine(cursor, persistent)
  const turns = new Turns()
  for (let count = 0; !machine.done; count++) {
    if (count % OPCODES_A_TURN === 0 && turns.isDue) await turns.give()
    if (count >= maxOpcodes) throw new Error(`its pickle has more than ${maxOpcodes} opcodes`)
    const opcode = cursor.u8()
    const handler = BY_BYTE[opcode]
    if (!handler)
      throw new Error(`its pickle uses the opcode 0x${opcode.toString(16)}, which is not read here`)
    handler(machine)
  }
  return { value: machine.result(), end: cursor.at }
}
