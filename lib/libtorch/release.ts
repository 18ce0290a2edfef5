/** The libtorch that this version of clmr is built for. Its C++ ABI holds for one minor version only. */
export const LIBTORCH_VERSION = '2.15.0'
export const LIBTORCH_ABI = { major: 2, minor: 15 } as const
/**
 * With CLMR_LIBTORCH_VERSION=any a libtorch of any version is taken, for a native part that was built here against the same
 * one: the sources are meant for 2.11 to 2.15. Releases are built without it.
 */
export const takesAnyLibtorch = () => process.env.CLMR_LIBTORCH_VERSION === 'any'
/** Of the packages `@clmr/libtorch-<platform>`; clmr names them with exactly this version. */
export const PLATFORM_PACKAGE_VERSION = LIBTORCH_VERSION

/** `torch_cpu` → `libtorch_cpu.so`, `torch_cpu.dll` or `libtorch_cpu.dylib`. */
export function libraryFile(name: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return `${name}.dll`
  return platform === 'darwin' ? `lib${name}.dylib` : `lib${name}.so`
}

/** One hash for many small files: SHA-256 over a line `path NUL sha256-in-hex LF` for each, sorted by path. */
export interface PinnedFolder {
  files: number
  sha256: string
}

/** A wheel on PyPI, and what the CPU needs of it. That of Python 3.11 serves everywhere: the libraries are the same. */
export interface Wheel {
  file: string
  /** of the whole wheel */
  sha256: string
  /** members of torch/lib/ → the SHA-256 of what is unpacked */
  libraries: Record<string, string>
  /** torch/include/, unpacked to include/ */
  headers: PinnedFolder
  /** torch-….dist-info/licenses/, unpacked to licenses/ */
  licenses: PinnedFolder
}

/** The parts of the file name of a wheel: torch-2.15.0-cp311-cp311-win_amd64.whl; dots separate several platforms. */
export function packageOf({ file }: { file: string }): { name: string; version: string; platform: string } {
  const parts = file.replace(/\.whl$/, '').split('-')
  const [name = '', version = ''] = parts
  return { name: name.replaceAll('_', '-'), version, platform: parts.at(-1)!.split('.')[0]! }
}

/** By `process.platform`-`process.arch`. The hashes are of the wheels as published for 2.15.0. */
export const WHEELS: Record<string, Wheel> = {
  'linux-x64': {
    file: 'torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl',
    sha256: '48c2d861134c0b5697c7602cb5ffa68f62a2989fdcd1717e593356f67996ca1e',
    libraries: {
      'libtorch_cpu.so': '893d1a7de3f9a5a5c931718aae7f94db22256dda0a07e50912d8c75b7ebbfcaa',
      'libc10.so': 'bb1fe5b9b16d125c2725891fd124ee50b6264691981f0e4aafb371549e2c6e59',
      'libgomp.so.1': 'd6e0f1bdcc3d69a3747f7a431318beebdc23fb9b26c391cceb18b5caf0dc4fd3',
    },
    headers: {
      files: 9572,
      sha256: 'b69cba26ec209030d1443cebf9ec904c5e566db883fc51874a95a2ee7d73195b',
    },
    licenses: {
      files: 61,
      sha256: 'fdb56b5b2062bf978624c12d8864698ff8db857fe563ccb0f0c612e676da37ec',
    },
  },
  'linux-arm64': {
    file: 'torch-2.15.0-cp311-cp311-manylinux_2_28_aarch64.whl',
    sha256: '58ce2ebfb3430941353109a85be63ee8e941da22f13daa2c43344eeb51c81e06',
    libraries: {
      'libtorch_cpu.so': 'e211e551ca5bfc7390bdda8c3165b928da1940cf57d89df56697b01647e02285',
      'libc10.so': '103965aaf9ef84e0399aaad965261b3d7fd468558236295b95ee7def930e8d83',
      'libgomp.so.1': 'e5f44900342ed6b357e41150d4c3e643a5f8e4b359520086edd705163f1823c6',
      'libgfortran.so.5': '58a3e4c069b95c36bd8ad336fb0e4fac1526d17d3e6b0c72a9f55b0b34daa5cd',
      'libarm_compute.so': 'e161b05373eb7271f1290e1c8fdcd502bc9a909000cdb861c0086ac08525cc18',
      'libarm_compute_graph.so': '5400e05ac12ad5b1a8e2e4743b14923bafdb9dfc83c5278dc5de28383b939f78',
      'libnvpl_blas_core.so.0': '475aa8701c04deb33e9bab2833475fc39a8ca072eba056109b4c39f147e0e9bf',
      'libnvpl_blas_lp64_gomp.so.0': '7505ad0b4811199bd45e1fe9146f189163609bd44a5d168af0dba61ecfdd1b88',
      'libnvpl_lapack_core.so.0': '34490b6ddab44d01eaf8e8b6a01c3828d12c36dd19a6a7894371b4dc747db3a4',
      'libnvpl_lapack_lp64_gomp.so.0': 'cee2d8b83765fb2dfda2db92044a840aa84a1894e981c5c6faaaa9823bc8b1a4',
    },
    headers: {
      files: 9778,
      sha256: 'bafe2d7ab62963acc93582b920f2a2ad71a1a7f46064d88c335b0efd45b526cd',
    },
    licenses: {
      files: 61,
      sha256: 'fdb56b5b2062bf978624c12d8864698ff8db857fe563ccb0f0c612e676da37ec',
    },
  },
  'darwin-arm64': {
    file: 'torch-2.15.0-cp311-cp311-macosx_14_0_arm64.whl',
    sha256: 'e808b63d616a43b326e1a5677d45a2e5babe7a8ce27edb03ddb48e7dd9b6d663',
    libraries: {
      'libtorch_cpu.dylib': 'a4ef88210d1fc82ffcd24f4c33d2bbdb78fd4082ebcaedbd22b7d925cf19ba01',
      'libc10.dylib': 'e1bc0b03d0fd8c339254a1c426ab53342afd175cefd1497f74f31b4c0d1382dd',
      'libomp.dylib': '6256bee09e93c28d71c65711cc69224d69994c6965648b628b70a22772fe98d4',
    },
    headers: {
      files: 10226,
      sha256: '682e5d242421aef026d69e5dbc9b6e317d95296f8320be42d339ec729552214e',
    },
    licenses: {
      files: 61,
      sha256: 'fdb56b5b2062bf978624c12d8864698ff8db857fe563ccb0f0c612e676da37ec',
    },
  },
  'win32-x64': {
    file: 'torch-2.15.0-cp311-cp311-win_amd64.whl',
    sha256: 'd2c5938f593a47cf6d151a16d130a3cc3f0c105df1b905a571efc00b01e38c1f',
    libraries: {
      'torch_cpu.dll': 'b4b59a8f1b39079a5aff67ab256bb2e7958a1df9d5dad85ad68544c5d7177d7b',
      'c10.dll': 'dff0ae90383d652cdcda56b7b8e034d3b44e4222ff017aaf955f6857fc7d3e4b',
      'libiomp5md.dll': 'b0d2c2beac01b5c2d0f74912cb3e5bc50ab0b060d9d5ceb62b76fdfa690ceec5',
      'libiompstubs5md.dll': '28dfb02012ddfa8a9549c53209820f7d6fac56c10e94e5920851b3640f69b4ff',
      'uv.dll': 'fa569e682fc5fb7a8eb94c6829af9f30a569748dbbc6bce39735d48bc960bcf8',
      'torch_cpu.lib': 'ebf40417f334f164fb61dd84681798b432e2eadde1a7bd3e4e34ea03882620bc',
      'c10.lib': '5be9328d3b625255a10af804a8090b2324f3e8562b8d7a9d8068ea6c3a893469',
    },
    headers: {
      files: 9507,
      sha256: '8c4e684e90dae732a40bccbdae57033eabbd546d66530c73b1fe752059cffae0',
    },
    licenses: {
      files: 61,
      sha256: '169107239931cde60b1be57c03bdb8e3b1b37ffa57d13b3768d6242956692684',
    },
  },
}
