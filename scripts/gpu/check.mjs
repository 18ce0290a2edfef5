// The JavaScript side on a device against the CPU: node check.mjs cuda, or cpu to rehearse it. scripts/gpu/run.sh calls it beside
// clmr as it is installed, with a native part that was built against another libtorch. A line for each fact; what wants a device
// says NOT RUN in a rehearsal.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Augmenter, DeviceError, Encoder, ntXentLoss, prepare, Trainer, transforms } from 'clmr'

const CLIP = 59_049
const device = process.argv[2]
const onCuda = device !== 'cpu'
const folder = mkdtempSync(join(tmpdir(), 'clmr-gpu-'))
let failed = 0

/** Runs one fact; `body` may return what it measured. */
async function fact(title, body, { wantsCuda = false } = {}) {
  if (wantsCuda && !onCuda) return console.log(`NOT RUN  ${title}`)
  try {
    const measured = await body()
    console.log(`ok       ${title}${measured === undefined ? '' : `: ${measured}`}`)
  } catch (error) {
    failed += 1
    console.log(`FAILED   ${title}: ${error.stack ?? error}`)
  }
}

const largest = (values) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
const apart = (a, b) => largest(a.map((x, i) => x - b[i]))
function within(distance, limit) {
  assert.ok(distance <= limit, `${distance.toExponential(2)} is more than ${limit}`)
  return `${distance.toExponential(2)} (at most ${limit})`
}
/** Harmonics that fade: `i` tells the clips apart. */
const sound = (i, length = CLIP) =>
  Float32Array.from({ length }, (_, t) => {
    const time = t / 22_050
    let sum = 0
    for (let k = 1; k <= 5; k++)
      sum += (Math.sin(2 * Math.PI * k * (110 + 37 * i) * time) / k) * Math.exp(-0.4 * k * time)
    return 0.3 * sum + 0.01 * Math.sin(t * t * (1 + i))
  })

/** A mono WAV file of float32 at 22,050 Hz */
function wav(samples) {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples.byteLength, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(3, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(22_050, 24)
  header.writeUInt32LE(88_200, 28)
  header.writeUInt16LE(4, 32)
  header.writeUInt16LE(32, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples.byteLength, 40)
  return Buffer.concat([header, Buffer.from(samples.buffer)])
}

function dataset() {
  const music = join(folder, 'music')
  mkdirSync(music)
  for (let i = 0; i < 8; i++) writeFileSync(join(music, `track-${i}.wav`), wav(sound(i, CLIP + 1000 * i)))
  return prepare(music, { cache: join(folder, 'cache') })
}

/** `using` in the words of Node 20: what is made is disposed of after `body`. */
async function during(made, body) {
  const resource = await made
  try {
    return await body(resource)
  } finally {
    if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]()
    else resource[Symbol.dispose]()
  }
}

const embedding = (options) =>
  during(Encoder.create({ seed: 1, ...options }), async (encoder) => (await encoder.encode(sound(1))).data)

async function rejectsWithDeviceError(call, told) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof DeviceError, `${error.name}: ${error.message}`)
    assert.match(error.message, told)
    return true
  })
}

/** A process of this script's kind: what it writes. */
function inAnotherProcess(code, env) {
  const options = { cwd: import.meta.dirname, encoding: 'utf8', env: { ...process.env, ...env } }
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], options)
  return stdout + stderr
}

/** Another process takes all of the device's memory but a little; resolves once it has it. */
function takeMemory() {
  const code = `import torch, sys
free, _ = torch.cuda.mem_get_info()
held = torch.empty(free - 400 * 1024 * 1024, dtype=torch.uint8, device="cuda")
print("held", flush=True)
sys.stdin.read()`
  const holder = spawn(process.env.CLMR_PYTHON ?? 'python3', ['-c', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    holder.once('error', reject)
    holder.once('exit', () => reject(new Error('the memory could not be taken')))
    holder.stdout.once('data', () => resolve(holder))
  })
}

async function embeddings() {
  await fact('embeddings in float32 are those of the CPU', async () => {
    const wanted = await embedding({ device: 'cpu' })
    return within(apart(await embedding({ device }), wanted) / largest(wanted), 1e-5)
  })
  await fact('TF32 is off unless it is asked for, and off again after', async () => {
    const exact = await embedding({ device })
    const rounded = apart(await embedding({ device, tf32: true }), exact) / largest(exact)
    assert.deepEqual(await embedding({ device }), exact)
    if (onCuda) assert.ok(rounded > 0, 'TF32 changes nothing')
    return within(rounded, 1e-2)
  })
  await fact('embeddings in bfloat16 have the direction of those in float32', async () => {
    const [a, b] = [await embedding({ device }), await embedding({ device, precision: 'bfloat16' })]
    const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0)
    return within(1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)), 1e-3)
  })
}

async function viewsAndLoss() {
  const clip = sound(2, 2 * CLIP)
  await fact('views of the published chain are those of the CPU', async () => {
    const chain = [
      transforms.randomCrop(),
      transforms.polarityInversion({ p: 0.8 }),
      transforms.noise({ p: 0.5 }),
    ]
    chain.push(transforms.gain({ p: 0.3 }), transforms.highLowPass({ p: 0.8 }), transforms.delay({ p: 0.5 }))
    chain.push(transforms.reverb({ p: 0.6 }), transforms.reverse({ p: 0.5 }))
    const views = async (where) =>
      (await new Augmenter({ transforms: chain, seed: 3, device: where }).augment(clip)).data
    return within(apart(await views(device), await views('cpu')), 1e-4)
  })
  await fact('NT-Xent and its gradient are those of the CPU', async () => {
    const z = Float32Array.from({ length: 256 * 64 }, (_, i) => Math.sin(i * 1.7) + Math.cos(i * i))
    const [there, here] = [
      await ntXentLoss(z, { dim: 64, device }),
      await ntXentLoss(z, { dim: 64, device: 'cpu' }),
    ]
    return within(
      Math.max(Math.abs(there.loss - here.loss), apart(there.gradient.data, here.gradient.data)),
      1e-6,
    )
  })
}

/** A run of one step on the first device, resumed for one more on the second: both losses. */
async function resumedOn(tracks, first, second) {
  const runDirectory = mkdtempSync(join(folder, 'run-'))
  const losses = []
  const take = (trainer) => trainer.fit({ onStep: ({ loss }) => void losses.push(loss) })
  const begun = { dataset: tracks, batchSize: 4, maxSteps: 1, seed: 3, runDirectory, device: first }
  await during(Trainer.create(begun), take)
  const goesOn = Trainer.resume(runDirectory, { dataset: tracks, maxSteps: 2, device: second })
  assert.equal((await during(goesOn, take)).steps, 2)
  return losses
}

const training = (tracks) =>
  during(tracks, async (dataset) => {
    await fact(
      'a run is begun on one device and resumed on the other, with the same first loss',
      async () => {
        const [there] = await resumedOn(dataset, device, 'cpu')
        const [here] = await resumedOn(dataset, 'cpu', device)
        return within(Math.abs(there / here - 1), 1e-4)
      },
    )
    for (const precision of ['bfloat16', 'auto'])
      await fact(`the precision ${precision} trains`, async () => {
        const options = { dataset, batchSize: 4, maxSteps: 2, seed: 3, precision, device }
        const losses = []
        await during(Trainer.create(options), (trainer) =>
          trainer.fit({ onStep: ({ loss }) => void losses.push(loss) }),
        )
        assert.ok(losses.length === 2 && losses.every(Number.isFinite), losses.join())
      })
  })

/** First of all: memory that was used is kept by libtorch, and then there is room. */
const fullMemory = () =>
  fact(
    'full memory is a DeviceError, and the same encoder works once there is room',
    () =>
      during(Encoder.create({ device, seed: 1 }), async (encoder) => {
        const holder = await takeMemory()
        try {
          const many = new Float32Array(64 * CLIP)
          await rejectsWithDeviceError(() => encoder.encode(many), /memory of the device is full/)
        } finally {
          holder.removeAllListeners('exit')
          const gone = new Promise((resolve) => holder.once('exit', resolve))
          holder.kill()
          await gone
        }
        assert.deepEqual((await encoder.encode(sound(1))).data, await embedding({ device }))
      }),
    { wantsCuda: true },
  )

async function faults() {
  await fact('a device that is not there is a DeviceError with a remedy', () =>
    rejectsWithDeviceError(() => Encoder.create({ device: 'cuda:7' }), /is not there.*Use the device 'cpu'/),
  )
  await fact('CUDA_VISIBLE_DEVICES hides the devices, and auto takes the CPU', () => {
    const code = `import { Encoder } from 'clmr'
      await (await Encoder.create({ device: 'auto' })).encode(new Float32Array(${CLIP}))
      await Encoder.create({ device: 'cuda' }).catch((error) => console.log(error.name, error.message))`
    assert.match(inAnotherProcess(code, { CUDA_VISIBLE_DEVICES: '' }), /^DeviceError .*not there/)
  })
  await fact(
    'a second device gives the same embedding',
    async () => {
      const second = await embedding({ device: 'cuda:1' }).catch((error) => error)
      if (second instanceof DeviceError) return 'there is one device only'
      assert.deepEqual(second, await embedding({ device: 'cuda:0' }))
    },
    { wantsCuda: true },
  )
}

await fullMemory()
await embeddings()
await viewsAndLoss()
await training(dataset())
await faults()
rmSync(folder, { recursive: true, force: true })
console.log(failed === 0 ? 'the JavaScript side holds' : `${failed} facts do not hold`)
process.exit(failed === 0 ? 0 : 1)
