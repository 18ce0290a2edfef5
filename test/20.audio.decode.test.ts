import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClmrError, decodeAudio, NonFiniteError } from 'clmr'
import { numbers } from './helpers/numbers.js'
import { withTempDir } from './helpers/temp-dir.js'
import { chunk, format, pcm, riff, wav } from './helpers/wav.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))
const bytesOf = async (name: string) => new Uint8Array(await readFile(fixture(name)))
const code = (wanted: string, message?: RegExp) => (error: ClmrError) => {
  assert.equal(error.code, wanted, error.message)
  if (message) assert.match(error.message, message)
  assert.ok(error.remedy.length > 0)
  return true
}

/** Amplitude of a frequency over x, by correlation; both tones make whole periods in a second. */
function amplitude(x: Float32Array, frequency: number): number {
  const middle = x.subarray(11025, 33075)
  let [re, im] = [0, 0]
  for (const [i, value] of middle.entries()) {
    re += value * Math.cos((2 * Math.PI * frequency * i) / 22050)
    im += value * Math.sin((2 * Math.PI * frequency * i) / 22050)
  }
  return (2 * Math.hypot(re, im)) / middle.length
}

describe('20 audio: decodeAudio', () => {
  for (const [name, format] of [
    ['tone.mp3', 'mp3'],
    ['tone.flac', 'flac'],
    ['tone.ogg', 'ogg'],
    ['flac-in-ogg.oga', 'flac'],
  ] as const)
    it(`${name}: 2 s, the mean of a 440 and a 660 Hz tone, gapless (closed form: amplitudes 0.25 and 0.125)`, async () => {
      const audio = await decodeAudio(fixture(name))
      assert.deepEqual(
        [audio.samples.length, audio.sampleRate, audio.channels, audio.duration, audio.format],
        [44100, 22050, 2, 2, format],
      )
      assert.ok(Math.abs(amplitude(audio.samples, 440) - 0.25) <= 0.005)
      assert.ok(Math.abs(amplitude(audio.samples, 660) - 0.125) <= 0.005)
      assert.deepEqual(audio.warnings, [])
    })

  it('bytes give what the path gives, and are left as they are', async () => {
    const bytes = await bytesOf('tone.mp3')
    const copy = bytes.slice()
    assert.deepEqual((await decodeAudio(bytes)).samples, (await decodeAudio(fixture('tone.mp3'))).samples)
    assert.deepEqual(bytes, copy)
    assert.equal((await decodeAudio(bytes.buffer)).samples.length, 44100)
  })

  it('a mono mp3 without a tag counts as one channel', async () => {
    const audio = await decodeAudio(fixture('mono-without-tag.mp3'))
    assert.equal(audio.channels, 1)
    assert.ok(Math.abs(audio.duration - 2) < 0.06)
  })

  it('the format is told by the bytes: a flac file called .mp3 is read as flac, text called .mp3 is refused', () =>
    withTempDir(async (folder) => {
      const flac = join(folder, 'song.mp3')
      await writeFile(flac, await bytesOf('tone.flac'))
      assert.equal((await decodeAudio(flac)).format, 'flac')
      const text = join(folder, 'text.mp3')
      await writeFile(text, 'These are words and no music. '.repeat(400))
      await assert.rejects(decodeAudio(text), code('ERR_AUDIO_DECODE', /text\.mp3: this is not audio/))
    }))

  for (const name of ['tone.mp3', 'tone.flac', 'tone.ogg', 'flac-in-ogg.oga'])
    it(`${name}: truncated and with a hole it is refused`, async () => {
      const bytes = await bytesOf(name)
      await assert.rejects(decodeAudio(bytes.slice(0, bytes.length * 0.7)), code('ERR_AUDIO_DECODE'))
      const third = Math.floor(bytes.length / 3)
      const holed = Uint8Array.of(...bytes.subarray(0, third), ...bytes.subarray(third * 2))
      await assert.rejects(decodeAudio(holed), code('ERR_AUDIO_DECODE'))
      const zeroed = bytes.slice()
      zeroed.fill(0, third, third * 2)
      await assert.rejects(decodeAudio(zeroed), code('ERR_AUDIO_DECODE'))
    })

  it('empty files, random bytes and one byte are refused', async () => {
    const random = numbers(5)
    await assert.rejects(decodeAudio(new Uint8Array(0)), code('ERR_AUDIO_DECODE', /no bytes/))
    await assert.rejects(decodeAudio(Uint8Array.of(0xff)), code('ERR_AUDIO_DECODE'))
    for (let n = 0; n < 20; n++)
      await assert.rejects(
        decodeAudio(Uint8Array.from({ length: 20000 }, () => random() * 256)),
        code('ERR_AUDIO_DECODE', /not audio/),
      )
  })

  it('one sample is audio', async () => {
    assert.equal((await decodeAudio(wav({ frames: 1, value: () => 0.5 }))).samples.length, 1)
  })

  it('NaN and infinity are refused with their number and the first index', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      await assert.rejects(
        decodeAudio(
          wav({ channels: 2, bits: 32, float: true, value: (i) => (i === 100 || i === 103 ? bad : 0.1) }),
        ),
        code('ERR_NON_FINITE', /4 samples .* first at index 100/),
      )
    await withTempDir(async (folder) => {
      const path = join(folder, 'loud.wav') // finite samples whose mix is not
      await writeFile(path, wav({ channels: 2, bits: 32, float: true, value: () => 3.4e38 }))
      await assert.rejects(
        decodeAudio(path),
        (error: unknown) => error instanceof NonFiniteError && error.path === path,
      )
    })
    const quiet = await decodeAudio(wav({ bits: 32, float: true, value: () => 1e-42 }))
    assert.ok(quiet.samples.every(Number.isFinite))
  })

  it('A-law without an ffmpeg on the PATH: an error that names both', async () => {
    const file = riff([chunk('fmt ', format({ tag: 6, bits: 8 })), chunk('data', new Uint8Array(100))])
    const path = process.env.PATH
    process.env.PATH = '/nowhere'
    try {
      await assert.rejects(decodeAudio(file), code('ERR_AUDIO_FORMAT', /A-law.*ffmpeg/s))
    } finally {
      process.env.PATH = path
    }
  })

  it('m4a without an ffmpeg on the PATH: an error that says so', async () => {
    const path = process.env.PATH
    process.env.PATH = '/nowhere'
    try {
      await assert.rejects(
        decodeAudio(await bytesOf('tone.m4a')),
        code('ERR_AUDIO_FORMAT', /no ffmpeg on the PATH/),
      )
    } finally {
      process.env.PATH = path
    }
  })

  it('with an ffmpeg they are read; a stand-in shows that nothing but file: is opened and no shell is used', () =>
    withTempDir(async (folder) => {
      const program = join(folder, 'ffmpeg')
      await writeFile(join(folder, 'out.wav'), wav({ frames: 22050 }))
      await writeFile(
        program,
        `#!/bin/sh\nfor a in "$@"; do printf '%s\\n' "$a"; done > "${folder}/args"\ncat "${folder}/out.wav"\n`,
        { mode: 0o755 },
      )
      const hostile = join(folder, '-rf $(touch x) \'a"b.m4a')
      await writeFile(hostile, await bytesOf('tone.m4a'))
      const path = process.env.PATH
      process.env.PATH = `${folder}:${path}`
      try {
        assert.equal((await decodeAudio(hostile)).samples.length, 22050)
      } finally {
        process.env.PATH = path
      }
      const args = (await readFile(join(folder, 'args'), 'utf8')).split('\n')
      assert.equal(args[args.indexOf('-i') + 1], `file:${hostile}`)
      assert.equal(args[args.indexOf('-protocol_whitelist') + 1], 'file,pipe')
    }))

  it('a FIFO, a folder, a dangling link and a missing file neither block nor crash', () =>
    withTempDir(async (folder) => {
      execFileSync('mkfifo', [join(folder, 'fifo.wav')])
      await mkdir(join(folder, 'folder.wav'))
      await symlink(join(folder, 'gone'), join(folder, 'link.wav'))
      await assert.rejects(decodeAudio(join(folder, 'fifo.wav')), code('ERR_AUDIO_DECODE', /named pipe/))
      await assert.rejects(decodeAudio(join(folder, 'folder.wav')), code('ERR_AUDIO_DECODE', /folder/))
      await assert.rejects(decodeAudio(join(folder, 'link.wav')), code('ERR_IO', /ENOENT/))
      await assert.rejects(decodeAudio(join(folder, 'none.wav')), code('ERR_IO', /ENOENT/))
    }))

  it('an aborted call rejects with AbortError, before and while it runs, and the next one works', async () => {
    await assert.rejects(decodeAudio(fixture('tone.ogg'), { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    })
    const long = wav({ channels: 8, bits: 8, frames: 3_000_000, value: () => 0 })
    const stop = new AbortController()
    const running = decodeAudio(long, { signal: stop.signal })
    setTimeout(() => stop.abort(), 5)
    await assert.rejects(running, { name: 'AbortError' })
    assert.equal((await decodeAudio(fixture('tone.ogg'))).samples.length, 44100)
  })

  it('BAD CALL - options that are unknown, misspelt or out of range, and sources of a wrong type', async () => {
    const file = fixture('tone.ogg')
    await assert.rejects(decodeAudio(file, { samplerate: 1 } as never), code('ERR_CONFIG', /sampleRate/))
    await assert.rejects(decodeAudio(file, { sampleRate: 999 }), code('ERR_CONFIG'))
    await assert.rejects(decodeAudio(file, { quality: 'good' as never }), code('ERR_CONFIG'))
    for (const source of ['', 5, null, undefined, {}])
      await assert.rejects(decodeAudio(source as never), code('ERR_ARGUMENT'))
  })

  it('the process ends by itself after a file, and stderr is clean even after a damaged one', () => {
    const script = `import { decodeAudio } from 'clmr'
      import { readFileSync } from 'node:fs'
      const bytes = readFileSync(${JSON.stringify(fixture('tone.mp3'))})
      await decodeAudio(bytes)
      await decodeAudio(bytes)
      bytes.fill(0x55, 4000, 9000)
      await decodeAudio(bytes).catch((error) => console.log(error.code))`
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd,
      encoding: 'utf8',
      timeout: 20_000,
    })
    assert.deepEqual(
      [run.status, run.signal, run.stdout.trim(), run.stderr],
      [0, null, 'ERR_AUDIO_DECODE', ''],
    )
  })
})

describe('20 audio: decoding threads', () => {
  for (const name of ['tone.mp3', 'tone.flac', 'tone.ogg', 'wav'])
    it(`200 seeded mutants of ${name}: each is decoded or refused with a code; none hangs or ends the process`, async () => {
      const original =
        name === 'wav'
          ? riff([chunk('fmt ', format({})), chunk('LIST', new Uint8Array(30)), chunk('data', pcm({}))])
          : await bytesOf(name)
      const random = numbers(99)
      const mutants = Array.from({ length: 200 }, (_, n) => {
        const bytes = original.slice(0, n % 5 === 0 ? Math.ceil(random() * original.length) : undefined)
        const changes = 1 + Math.floor(random() * 8)
        const reach = n % 2 === 0 ? Math.min(200, bytes.length) : bytes.length
        for (let k = 0; k < changes; k++) bytes[Math.floor(random() * reach)] = Math.floor(random() * 256)
        return bytes
      })
      let refused = 0
      await Promise.all(
        mutants.map(async (bytes) => {
          const result = await decodeAudio(bytes).catch((error: ClmrError) => error)
          if (!(result instanceof Error)) return assert.ok(result.samples.every(Number.isFinite))
          refused++
          assert.match(result.code, /^ERR_(AUDIO_DECODE|AUDIO_FORMAT|NON_FINITE)$/, result.message)
        }),
      )
      assert.ok(refused > 0)
    })
})
