/** Asks a Python package index for the address of a wheel, without Python: PEP 503 (HTML) and PEP 691 (JSON). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AGAIN, bodyOf, get, refusal, shownUrl } from '../download/http.js'
import { homeFolder } from '../files/cache-folder.js'
import { installError, withInstallErrors } from './install-error.js'
import { packageOf } from './release.js'

/** Where pip looks for its settings, the one that wins first. */
function pipSettings(): string[] {
  const { PIP_CONFIG_FILE, VIRTUAL_ENV, XDG_CONFIG_HOME, XDG_CONFIG_DIRS, APPDATA, PROGRAMDATA } = process.env
  const home = homeFolder()
  const atHome = (...names: string[]) => home && join(home, ...names)
  if (process.platform === 'win32')
    return [
      PIP_CONFIG_FILE,
      ...[VIRTUAL_ENV, APPDATA && join(APPDATA, 'pip'), PROGRAMDATA && join(PROGRAMDATA, 'pip')].map(
        (folder) => folder && join(folder, 'pip.ini'),
      ),
    ].filter((file) => file !== undefined && file !== '') as string[]
  const folders = [
    VIRTUAL_ENV,
    process.platform === 'darwin' ? atHome('Library', 'Application Support', 'pip') : undefined,
    XDG_CONFIG_HOME ? join(XDG_CONFIG_HOME, 'pip') : atHome('.config', 'pip'),
    atHome('.pip'),
    '/etc',
    ...(XDG_CONFIG_DIRS || '/etc/xdg').split(':').map((folder) => join(folder, 'pip')),
  ]
  return [PIP_CONFIG_FILE, ...folders.map((folder) => folder && join(folder, 'pip.conf'))].filter(
    Boolean,
  ) as string[]
}

/** `index-url` of the sections that `pip download` reads. */
function indexIn(file: string): string | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  let section = ''
  const found: Record<string, string> = {}
  const lines = text.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/) // an indented line continues the one before
  for (const line of lines) {
    section = /^\[(.+)\]\s*$/.exec(line)?.[1] ?? section
    const [, url] = /^index[-_]url\s*[=:]\s*(\S+)\s*$/.exec(line) ?? []
    if (url) found[section] ??= url
  }
  return found.download ?? found.global
}

/** The index that pip would use (PIP_INDEX_URL, or its settings), or else that of uv. */
export function configuredIndex(): string | undefined {
  const { PIP_INDEX_URL, UV_DEFAULT_INDEX, UV_INDEX_URL } = process.env
  if (PIP_INDEX_URL) return PIP_INDEX_URL
  for (const file of pipSettings()) {
    const url = indexIn(file)
    if (url) return url
  }
  return UV_DEFAULT_INDEX || UV_INDEX_URL || undefined
}

interface SimplePage {
  files: { filename: string; url: string }[]
}

/** The longest pages of an index have a few megabytes. */
const MAX_PAGE_BYTES = 32 << 20

const TYPES = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5'

function linkTo(file: string, page: string): string | undefined {
  for (const [, href = ''] of page.matchAll(/<a\s[^>]*href\s*=\s*["']([^"']+)["']/gi)) {
    const address = href.replaceAll('&amp;', '&')
    if (
      decodeURIComponent(address.split(/[?#]/)[0]!).endsWith(`/${file}`) ||
      address.split(/[?#]/)[0] === file
    )
      return address
  }
  return undefined
}

/**
 * The address of `wheel` on the index, with the name and password of the index if it is on the same host.
 * @throws ClmrError ERR_LIBTORCH_INSTALL
 */
export function findWheelUrl(index: string, wheel: { file: string }, signal?: AbortSignal): Promise<string> {
  return withInstallErrors(() => askForWheel(index, wheel, signal))
}

async function askForWheel(index: string, wheel: { file: string }, signal?: AbortSignal): Promise<string> {
  const page = `${index.replace(/\/*$/, '/')}${packageOf(wheel).name}/`
  const response = await get(page, { accept: TYPES, signal })
  if (!response.ok) throw refusal(response, page)
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  let address: string | undefined
  try {
    const text = await bodyOf(response, MAX_PAGE_BYTES)
    address = isJson
      ? (JSON.parse(text) as SimplePage).files.find(({ filename }) => filename === wheel.file)?.url
      : linkTo(wheel.file, text)
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw installError('the index sends a page that cannot be read', shownUrl(page), AGAIN, cause)
  }
  if (!address)
    throw installError(`the index has no ${wheel.file}`, shownUrl(page), 'Choose another index with --index')
  const asked = new URL(page)
  const url = new URL(address, response.url || page)
  url.hash = ''
  if (url.host === asked.host && !url.username) {
    url.username = asked.username
    url.password = asked.password
  }
  return url.href
}
