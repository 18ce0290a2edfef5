// Writes a run until it is killed: node saver.mjs FOLDER STEPS [FREE]. Each line on stdout is a step whose checkpoint has
// been acknowledged. FREE: milliseconds after the third step at which the process kills itself.
import { RunDirectory } from '#lib/runs/directory.js'

const [folder, steps, free] = process.argv.slice(2)
const run = await RunDirectory.create(folder, { a: 1 }, { keep: 2 })
const size = free === undefined ? 1000 : 200_000
const weights = { shape: [size], data: new Float32Array(size) }
for (let step = 1; step <= Number(steps); step++) {
  weights.data.fill(step)
  await run.appendMetrics({ step })
  await run.saveCheckpoint({ tensors: { 'encoder.w': weights }, step, epoch: 0 })
  process.stdout.write(`${step}\n`)
  if (free !== undefined && step === 3) setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(free))
}
await run.close()
process.stdout.write('end\n')
