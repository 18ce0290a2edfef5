/** The libtorch that this version of clmr is built for. Its C++ ABI holds for one minor version only. */
export const LIBTORCH_VERSION = '2.15.0'
export const LIBTORCH_ABI = { major: 2, minor: 15 } as const

/** `torch_cpu` → `libtorch_cpu.so`, `torch_cpu.dll` or `libtorch_cpu.dylib`. */
export function libraryFile(name: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return `${name}.dll`
  return platform === 'darwin' ? `lib${name}.dylib` : `lib${name}.so`
}
