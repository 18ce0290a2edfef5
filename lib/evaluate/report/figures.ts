/** How figures look on the page. */
import { html, type Markup } from './escape.js'

export const percent = (v: number) => (Number.isFinite(v) ? `${(100 * v).toFixed(1)} %` : '–')
export const score = (v: number) => (Number.isFinite(v) ? v.toFixed(3) : '–')

/** Text on a ground that is the darker, the larger the share is. */
export function heatCell(share: number, text: string): Markup {
  const shade = (0.85 * Math.max(0, Math.min(1, share || 0))).toFixed(3)
  return html`<td class="heat"><svg aria-hidden="true"><rect class="fill-0" width="100%" height="100%" opacity="${shade}"/></svg><span>${text}</span></td>`
}
