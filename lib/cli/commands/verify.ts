import type { Command } from 'commander'
import { verifyCache } from '../../cache/store.js'
import { isRunDirectory, verifyRun } from '../../runs/reader.js'
import { commonFlags, examples } from '../command.js'
import { EXIT } from '../failure.js'
import { onRun, type Session } from '../session.js'
import { printable } from '../text.js'

async function checkRun(session: Session, path: string): Promise<boolean> {
  const report = await verifyRun(path)
  session.print(
    `run ${printable(path)}: ${report.checkpoints} checkpoints, ${report.metrics} records of metrics`,
  )
  for (const { path: file, reason } of report.problems) session.print(printable(`${file}: ${reason}`))
  session.printJson({ kind: 'run', ...report })
  return report.ok
}

async function checkCache(session: Session, path: string): Promise<boolean> {
  const report = await verifyCache(path, { signal: session.signal })
  session.print(
    `cache ${printable(path)}: ${report.tracks - report.problems.length} of ${report.tracks} tracks are whole`,
  )
  for (const { file, reason } of report.problems) session.print(printable(`${file}: ${reason}`))
  if (report.unused.length > 0) session.print(`${report.unused.length} files belong to no track`)
  session.printJson({ kind: 'cache', path, ...report })
  return report.ok
}

export function configure(command: Command): void {
  command.argument('<path>', 'Run directory or cache')
  commonFlags(command)
  examples(command, ['clmr verify runs/mine', 'clmr verify music.cache --json'])
  onRun(command, async (session, _options: object, path: string) => {
    const ok = (await isRunDirectory(path)) ? await checkRun(session, path) : await checkCache(session, path)
    session.print(ok ? 'every byte is as it was written' : 'damaged')
    if (!ok) session.exitCode = EXIT.failed
  })
}
