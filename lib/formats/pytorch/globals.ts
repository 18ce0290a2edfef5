/** The names in a pickle that have a meaning here. Nothing is ever imported or called, whatever the name. */
import {
  PickleDict,
  PickleGlobal,
  PickleObject,
  PickleTensor,
  PickleTuple,
  type PickleValue,
} from './values.js'

/**
 * Modules whose functions have no place among weights. They would not be called here either, but a file that names them
 * was made for an attack, so it is refused as a whole.
 */
const REFUSED_MODULES = new Set(
  `asyncio bdb cProfile code codeop commands concurrent ctypes dill cloudpickle distutils doctest ftplib gc http
  idlelib imaplib importlib inspect io joblib lib2to3 linecache logging marshal mmap multiprocessing netrc nt ntpath
  nturl2path operator os pdb pickle _pickle pickletools pip pkgutil platform posix posixpath profile pty pydoc
  requests runpy setuptools shelve shutil signal site smtplib socket socketserver sqlite3 ssl subprocess
  _posixsubprocess sys tarfile telnetlib tempfile test thread _thread threading timeit trace tty types urllib uuid
  venv webbrowser weakref xmlrpc zipfile zipimport`.split(/\s+/),
)

/** Under torch, what loads, compiles or runs something. */
const REFUSED_TORCH = [
  'torch.hub',
  'torch.jit',
  'torch._C',
  'torch.serialization',
  'torch.load',
  'torch.package',
  'torch.utils',
  'torch.ops',
  'torch.classes',
  'torch.multiprocessing',
  'torch._inductor',
  'torch._dynamo',
  'torch.distributed.rpc',
]

const BUILTINS = new Set(['builtins', '__builtin__', '__builtins__'])
const HARMLESS_BUILTINS = new Set(
  'set frozenset list dict tuple int long float bool complex str unicode bytes bytearray slice range xrange object'.split(
    ' ',
  ),
)

function isRefused({ module, name, path }: PickleGlobal): boolean {
  if (BUILTINS.has(module)) return !HARMLESS_BUILTINS.has(name)
  if (REFUSED_TORCH.some((prefix) => path === prefix || path.startsWith(`${prefix}.`))) return true
  if (REFUSED_MODULES.has(module.split('.')[0]!)) return true
  // A dotted name walks from object to object: `collections` + `OrderedDict.__init__.__globals__`.
  return name.split('.').some((part) => part.startsWith('__') && part.endsWith('__')) || name.includes('..')
}

/** @throws Error for a name that no file of weights needs */
export function admitGlobal(module: string, name: string): PickleGlobal {
  const global = new PickleGlobal(module, name)
  const words = /^[\w.]{1,200}$/u
  if (!words.test(module) || !words.test(name)) throw new Error('it names a class that is no Python name')
  if (isRefused(global)) throw new Error(`it asks for ${global.path}, which no file of weights needs`)
  return global
}

function dictFrom(args: readonly PickleValue[]): PickleDict | undefined {
  const dict = new PickleDict()
  if (args.length === 0) return dict
  if (args.length > 1 || !Array.isArray(args[0])) return undefined
  for (const pair of args[0]) {
    const items = pair instanceof PickleTuple ? pair.items : pair
    if (!Array.isArray(items) || items.length !== 2) return undefined
    dict.set(items[0]!, items[1]!)
  }
  return dict
}

/** The constructors that have a meaning here; each returns undefined for arguments that it does not know. */
const CONSTRUCTORS: Record<string, (args: readonly PickleValue[]) => PickleValue | undefined> = {
  'collections.OrderedDict': dictFrom,
  'torch.Size': ([items]) => (items instanceof PickleTuple ? items : undefined),
  'torch._utils._rebuild_tensor': (a) =>
    a.length === 4 ? new PickleTensor(a[0]!, a[1]!, a[2]!, a[3]!) : undefined,
  'torch._utils._rebuild_tensor_v2': (a) =>
    a.length === 6 || a.length === 7 ? new PickleTensor(a[0]!, a[1]!, a[2]!, a[3]!) : undefined,
  'torch._utils._rebuild_tensor_v3': (a) =>
    a.length === 7 || a.length === 8 ? new PickleTensor(a[0]!, a[1]!, a[2]!, a[3]!, a[6]!) : undefined,
  'torch._utils._rebuild_parameter': ([data]) => (data instanceof PickleTensor ? data : undefined),
  'torch._utils._rebuild_parameter_with_state': ([data]) => (data instanceof PickleTensor ? data : undefined),
}

/** For REDUCE and similar opcodes: the value, if its constructor is known here, or a description of the object. */
export function construct(type: PickleValue, args: PickleValue): PickleValue {
  if (!(type instanceof PickleGlobal)) throw new Error('it calls something that is not a class')
  const known = Object.hasOwn(CONSTRUCTORS, type.path) ? CONSTRUCTORS[type.path] : undefined
  const items = args instanceof PickleTuple ? args.items : undefined
  return (items && known?.(items)) ?? new PickleObject(type, args)
}
