// Fails where a library that ships asks for a newer system than manylinux_2_28, libtorch's own floor.
import { execFileSync } from 'node:child_process'

/** glibc 2.28 (Debian 10, RHEL 8, Ubuntu 18.10) with the libstdc++ of GCC 8 */
export const FLOOR = { GLIBC: [2, 28], GLIBCXX: [3, 4, 25], CXXABI: [1, 3, 11] }
/** What a file may need besides: libtorch is opened before, with its CUDA before the plug-in; the rest is on every glibc system. */
const NEEDED =
  /^(lib(torch_cpu|c10|cudart|stdc\+\+|gcc_s|gomp|m|dl|pthread|rt|c)\.so(\.\d+)?|ld-linux-(x86-64|aarch64)\.so\.\d)$/

const above = (version, floor) => {
  const parts = version.split('.').map(Number)
  const at = floor.findIndex((limit, i) => (parts[i] ?? 0) !== limit)
  return at === -1 ? parts.length > floor.length : (parts[at] ?? 0) > floor[at]
}

/** @returns {string[]} a sentence for each version or library that is too much */
export function symbolFaults(files) {
  const faults = []
  for (const file of files) {
    const dump = execFileSync('objdump', ['-Tp', file], { encoding: 'utf8', maxBuffer: 1 << 28 })
    const versions = new Set([...dump.matchAll(/\b(GLIBC|GLIBCXX|CXXABI)_(\d[\d.]*)/g)].map(([text]) => text))
    for (const text of versions) {
      const [kind, version] = text.split('_')
      if (above(version, FLOOR[kind]))
        faults.push(`${file}: needs ${text}, the floor is ${FLOOR[kind].join('.')}`)
    }
    for (const [, name] of dump.matchAll(/^ +NEEDED +(\S+)$/gm))
      if (!NEEDED.test(name)) faults.push(`${file}: needs ${name}`)
    if (/^ +(RPATH|RUNPATH)/m.test(dump)) faults.push(`${file}: knows a path`)
  }
  return faults
}
