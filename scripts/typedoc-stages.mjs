// A plugin of typedoc: every export is listed under the stage whose folder it comes from, in the order of the flow.
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc'

const lib = fileURLToPath(new URL('../lib', import.meta.url))

/** Folder below lib/ → its heading. A file beside the folders serves all of them. */
const HEADINGS = {
  datasets: '1 Datasets',
  audio: '2 Audio',
  cache: '3 Cache',
  augment: '4 Augment',
  model: '5 Model',
  objective: '6 Objective',
  train: '7 Train',
  runs: '7 Train',
  evaluate: '8 Evaluate',
  demo: 'Demo',
}
const OTHER = 'All stages'

function headingOf(file) {
  const [folder] = relative(lib, dirname(file)).split('/')
  return HEADINGS[folder] ?? OTHER
}

/** The members of a type without a name are described where that type is used. */
function membersOfUnnamedTypes(project) {
  const members = project.getReflectionsByKind(ReflectionKind.Property)
  return members
    .filter((member) => member.parent?.kindOf(ReflectionKind.TypeLiteral) && !member.hasComment())
    .map((member) => member.getFullName().replace(/\b(\w+)\.\1\b/g, '$1'))
}

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.options.setValue('categoryOrder', [...new Set(Object.values(HEADINGS)), OTHER])
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const modules = project.getReflectionsByKind(ReflectionKind.Module)
    const exported = (modules.length > 0 ? modules : [project]).flatMap(({ children }) => children ?? [])
    for (const reflection of exported) {
      const file =
        reflection.sources?.[0]?.fullFileName ?? reflection.signatures?.[0]?.sources?.[0]?.fullFileName
      const commented = reflection.signatures?.[0] ?? reflection
      commented.comment ??= new Comment()
      commented.comment.blockTags.push(
        new CommentTag('@category', [{ kind: 'text', text: file ? headingOf(file) : OTHER }]),
      )
    }
  })
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    app.options.setValue('intentionallyNotDocumented', [...new Set(membersOfUnnamedTypes(project))])
  })
}
