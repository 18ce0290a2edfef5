/** Who has heard the tracks of a section before, as far as that is known. */
import { isClean, seenSentence } from '../trained-on.js'
import type { SeenTracks } from '../types.js'
import { html, type Markup } from './escape.js'

interface Judged {
  name: string
  trainedOn?: SeenTracks | undefined
  tracks: number
}

export function seenNotes(judged: readonly Judged[], role: 'test' | 'queried'): Markup {
  const open = judged.filter(({ trainedOn }) => !isClean(trainedOn))
  if (open.length === 0) return html` None of the ${judged[0]!.tracks} ${role} tracks were trained on.`
  const note = ({ name, trainedOn, tracks }: Judged) => {
    const warning = trainedOn?.tracks ? ' These figures flatter it: measure it on other tracks.' : ''
    return html` <strong><bdi>${name}</bdi>: ${seenSentence(trainedOn, tracks, role)}.${warning}</strong>`
  }
  return html`${open.map(note)}`
}
