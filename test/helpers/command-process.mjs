// A process that runs command lines of clmr one after the other, each as lib/cli/main.ts would: libtorch is loaded once.
// A message { id, args, cwd } is answered by { id, code, stdout, stderr }.
import { run } from '../../dist/cli/run.js'

const EVENTS = ['SIGHUP', 'SIGINT', 'SIGTERM', 'warning']
process.setMaxListeners(0)
const texts = { stdout: '', stderr: '' }
for (const name of ['stdout', 'stderr'])
  process[name].write = (text) => {
    texts[name] += text
    return true
  }

/** What a command leaves to the end of its process. */
function forget() {
  for (const event of EVENTS) process.removeAllListeners(event)
  for (const name of ['stdout', 'stderr']) process[name].removeAllListeners('error')
  process.exitCode = undefined
}

async function answer({ id, args, cwd }) {
  process.chdir(cwd)
  Object.assign(texts, { stdout: '', stderr: '' })
  const code = await run(args)
  await new Promise(setImmediate) // warnings come in the next turn
  process.send({ id, code: code || Number(process.exitCode ?? 0), signal: null, ...texts })
  forget()
}

let last = Promise.resolve()
process.on('message', (request) => {
  last = last.then(() => answer(request))
})
process.on('disconnect', () => process.exit())
