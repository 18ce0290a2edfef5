/** Groups of tracks by the folders they lie in: an album, an artist. */
import type { LabelPlan } from './tracks.js'

/** Folders above a file that stand for its group: its own, such as an album, or the one above, such as an artist. */
export const GROUPINGS = ['parent', 'grandparent'] as const
export type Grouping = (typeof GROUPINGS)[number]

/**
 * @param classFolders how many folders at the beginning of a path are its class, and so no group
 * @returns undefined if no folder is left
 */
function folderGroup(path: string, grouping: Grouping, classFolders: number): string | undefined {
  const folders = path.split('/').slice(0, -1)
  if (folders.length <= classFolders) return undefined
  const depth = grouping === 'parent' ? folders.length : folders.length - 1
  return folders.slice(0, Math.max(depth, classFolders + 1)).join('/')
}

/** The same plan, whose tracks without a group have their folder as one. */
export function groupByFolder(plan: LabelPlan, grouping: Grouping, classFolders: number): LabelPlan {
  const files = plan.files.map((file) => {
    const group = file.group ?? folderGroup(file.path, grouping, classFolders)
    return group === undefined ? file : { ...file, group }
  })
  return { ...plan, files }
}
