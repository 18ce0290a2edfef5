/** The result of a file in a stream of results: what it came from, in two forms. */
import { type FileSource, isCloneable, sourceName } from '../files/source.js'
import { Result } from '../result.js'

/**
 * `path` is the source as it was given. `structuredClone` and `postMessage` refuse streams, and make an empty object of a
 * URL: such a `path` stays out of copies, and `name` says which file it was.
 */
export function fileResult<S extends FileSource, F extends object>(
  path: S,
  fields: F,
): { path: S; name: string } & F {
  const result = Result.of({ path, name: sourceName(path), ...fields })
  if (!isCloneable(path)) Object.defineProperty(result, 'path', { enumerable: false })
  return result
}
