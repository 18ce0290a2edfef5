/** The libtorch that this version of clmr is built for. Its C++ ABI holds for one minor version only. */
export const LIBTORCH_VERSION = '2.15.0'
export const LIBTORCH_ABI = { major: 2, minor: 15 } as const

/** `torch_cpu` → `libtorch_cpu.so`, `torch_cpu.dll` or `libtorch_cpu.dylib`. */
export function libraryFile(name: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return `${name}.dll`
  return platform === 'darwin' ? `lib${name}.dylib` : `lib${name}.so`
}

/** A wheel on PyPI and what the CPU needs of it. Python 3.11's is taken on every machine: the libraries are the same. */
export interface Wheel {
  file: string
  /** pip's --platform */
  pipPlatform: string
  sha256: string
  /** members of torch/lib/ */
  libraries: string[]
}

/** By `process.platform`-`process.arch`. The hashes are of the wheels as published for 2.15.0. */
export const WHEELS: Record<string, Wheel> = {
  'linux-x64': {
    file: 'torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl',
    pipPlatform: 'manylinux_2_28_x86_64',
    sha256: '48c2d861134c0b5697c7602cb5ffa68f62a2989fdcd1717e593356f67996ca1e',
    libraries: ['libtorch_cpu.so', 'libc10.so', 'libgomp.so.1'],
  },
  'linux-arm64': {
    file: 'torch-2.15.0-cp311-cp311-manylinux_2_28_aarch64.whl',
    pipPlatform: 'manylinux_2_28_aarch64',
    sha256: '58ce2ebfb3430941353109a85be63ee8e941da22f13daa2c43344eeb51c81e06',
    libraries: [
      'libtorch_cpu.so',
      'libc10.so',
      'libgomp.so.1',
      'libgfortran.so.5',
      'libarm_compute.so',
      'libarm_compute_graph.so',
      'libnvpl_blas_core.so.0',
      'libnvpl_blas_lp64_gomp.so.0',
      'libnvpl_lapack_core.so.0',
      'libnvpl_lapack_lp64_gomp.so.0',
    ],
  },
  'darwin-arm64': {
    file: 'torch-2.15.0-cp311-cp311-macosx_14_0_arm64.whl',
    pipPlatform: 'macosx_14_0_arm64',
    sha256: 'e808b63d616a43b326e1a5677d45a2e5babe7a8ce27edb03ddb48e7dd9b6d663',
    libraries: ['libtorch_cpu.dylib', 'libc10.dylib', 'libomp.dylib'],
  },
  'win32-x64': {
    file: 'torch-2.15.0-cp311-cp311-win_amd64.whl',
    pipPlatform: 'win_amd64',
    sha256: 'd2c5938f593a47cf6d151a16d130a3cc3f0c105df1b905a571efc00b01e38c1f',
    libraries: [
      'torch_cpu.dll',
      'c10.dll',
      'libiomp5md.dll',
      'libiompstubs5md.dll',
      'uv.dll',
      'torch_cpu.lib',
      'c10.lib',
    ],
  },
}
