import type { Command } from 'commander'
import { commonFlags, examples } from '../command.js'
import { diagnose, type Finding, libtorchTrail } from '../doctor.js'
import { EXIT } from '../failure.js'
import { onRun } from '../session.js'
import { paint, printable } from '../text.js'

const STYLE = { ok: 'green', warn: 'yellow', fail: 'red' } as const

function show({ level, what, found, remedy }: Finding): string {
  const mark = paint(STYLE[level], level.padEnd(4), process.stdout)
  const todo = remedy ? ` → ${printable(remedy)}` : ''
  return `${mark} ${what.padEnd(12)} ${printable(found)}${todo}`
}

export function configure(command: Command): void {
  command.option('--verbose', 'Also show where libtorch was looked for')
  commonFlags(command)
  examples(command, ['clmr doctor', 'clmr doctor --verbose', 'clmr doctor --json'])
  onRun(command, async (session, { verbose }: { verbose?: boolean }) => {
    const findings = await diagnose()
    const trail = verbose ? libtorchTrail() : undefined
    for (const finding of findings) {
      session.print(show(finding))
      if (finding.what === 'libtorch')
        for (const place of trail ?? []) session.print(`     ${printable(place)}`)
    }
    const ok = findings.every(({ level }) => level !== 'fail')
    session.print(ok ? '\nclmr can work here' : '\nclmr cannot work here yet: see the lines marked fail')
    session.printJson({ ok, findings, trail })
    if (!ok) session.exitCode = EXIT.failed
  })
}
