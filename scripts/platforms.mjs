// The platforms that packages are made for: `npm run prebuilds` and `npm run package` take their names.
import { WHEELS } from '../dist/libtorch/release.js'

/** strip: the command and its arguments where the libraries hold symbols that nothing needs at run time. */
export const PLATFORMS = {
  'linux-x64': { os: 'linux', cpu: 'x64', libc: 'glibc', strip: ['strip', '--strip-all'] },
  'linux-arm64': { os: 'linux', cpu: 'arm64', libc: 'glibc', strip: ['strip', '--strip-all'] },
  'darwin-arm64': {
    os: 'darwin',
    cpu: 'arm64',
    strip: ['strip', '-x'],
    sign: ['codesign', '--force', '--sign', '-'], // what was changed has to be signed again, or it is not loaded
  },
  'win32-x64': { os: 'win32', cpu: 'x64' }, // symbols are in .pdb files there, which the wheel has not
}

export const HERE = `${process.platform}-${process.arch}`

/** The platform that the arguments name, by default this machine's. Ends the process where there is none of that name. */
export function platformArgument(args) {
  const name = args.find((arg) => !arg.startsWith('-')) ?? HERE
  if (name in PLATFORMS && name in WHEELS) return { name, ...PLATFORMS[name], wheel: WHEELS[name] }
  process.stderr.write(`clmr: no platform is named ${name}; known are ${Object.keys(PLATFORMS).join(', ')}\n`)
  process.exit(1)
}
