import { realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

type Form = 'NFC' | 'NFKC'

/** Finds a file of a folder by a path that somebody wrote: in another Unicode form, or through a link. */
export class FileFinder {
  private readonly present: ReadonlySet<string>
  private readonly forms = new Map<Form, Map<string, string[]>>()
  /** real path → path, made for the first link that leads to none of `paths` by its name */
  private led?: Map<string, string>

  /** @param paths relative to `root`, with `/` */
  constructor(
    private readonly paths: readonly string[],
    private readonly root: string,
  ) {
    this.present = new Set(paths)
  }

  private inForm(form: Form): Map<string, string[]> {
    const made = this.forms.get(form) ?? new Map<string, string[]>()
    if (!this.forms.has(form))
      for (const path of this.paths) {
        const key = path.normalize(form)
        made.set(key, [...(made.get(key) ?? []), path])
      }
    this.forms.set(form, made)
    return made
  }

  /** The listed path that leads to this file, where that is a link itself. */
  private async leadingTo(real: string): Promise<string | undefined> {
    if (!this.led) {
      this.led = new Map()
      for (const path of this.paths) {
        const target = await realpath(join(this.root, path)).catch(() => undefined)
        if (target !== undefined) this.led.set(target, path)
      }
    }
    return this.led.get(real)
  }

  /** The file that is meant; undefined if there is none, or where it could be several. */
  async find(written: string): Promise<string | undefined> {
    if (this.present.has(written)) return written
    for (const form of ['NFC', 'NFKC'] as const) {
      const found = this.inForm(form).get(written.normalize(form)) ?? []
      if (found.length > 0) return found.length === 1 ? found[0] : undefined
    }
    const real = await realpath(join(this.root, written)).catch(() => undefined)
    if (real === undefined) return undefined
    const inside = relative(await realpath(this.root), real).replaceAll(sep, '/')
    return this.present.has(inside) ? inside : this.leadingTo(real)
  }
}
