import assert from 'node:assert/strict'
import { type ClmrError, decodeAudio, Encoder } from 'clmr'
import { numbers } from './helpers/numbers.js'
import { chunk, format, pcm, riff, wav } from './helpers/wav.js'

const draw = numbers(4)
const value = () => 2 * draw() - 1

/** A web stream of pieces of random sizes; tells how far it was read, and whether it was cancelled. */
function streamOf(bytes: Uint8Array) {
  const state = { at: 0, cancelled: false }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.at >= bytes.length) return controller.close()
        const size = 1 + Math.floor(draw() * 200_000)
        controller.enqueue(bytes.slice(state.at, state.at + size))
        state.at += size
      },
      cancel() {
        state.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, state }
}

/** Samples and warnings, or the code and words of the error. */
async function outcome(source: Parameters<typeof decodeAudio>[0]) {
  try {
    const { samples, warnings, channels, format } = await decodeAudio(source)
    return { samples, warnings, channels, format }
  } catch (error) {
    const { code, message } = error as ClmrError
    return { code, message }
  }
}

const FRAMES = 900_000
const body = pcm({ frames: FRAMES, channels: 2, value })
const fmt = chunk('fmt ', format({ channels: 2, sampleRate: 44_100 }))
const behind = chunk('LIST', new Uint8Array(5000).fill(65))
const files: Record<string, Uint8Array> = {
  '16 bits, stereo': riff([fmt, chunk('data', body)]),
  '24 bits': wav({ frames: FRAMES, bits: 24, sampleRate: 48_000, value }),
  'floats of 64 bits at 22,050 Hz': wav({ frames: 300_000, bits: 64, float: true, value }),
  '8 bits at 8,000 Hz': wav({ frames: 2_000_000, bits: 8, sampleRate: 8000, value }),
  'chunks in front and behind': riff([chunk('LIST', new Uint8Array(3001)), fmt, chunk('data', body), behind]),
  'a size of 0': riff([fmt, chunk('data', body, 0)]),
  'a size that a pipe leaves open': riff([fmt, chunk('data', body, 0xffffffff)]),
  '16 bits, mono': wav({ frames: FRAMES, value }),
  'half a frame at the end': riff([fmt, chunk('data', body.subarray(0, body.length - 2))]),
  'samples behind those that the header promises': riff([fmt, chunk('data', body, body.length - 400_000)]),
  'a few bytes behind': riff([fmt, chunk('data', body), new Uint8Array(9)]),
  'a few samples too few': riff([fmt, chunk('data', body, body.length + 400)]),
  'cut off': riff([fmt, chunk('data', body)]).subarray(0, 2_500_000),
  'A-law': riff([chunk('fmt ', format({ tag: 6, bits: 8 })), chunk('data', body)]),
  'a picture of 1 MB in front': riff([chunk('LIST', new Uint8Array(1 << 20)), fmt, chunk('data', body)]),
  'no data chunk': riff([fmt, chunk('LIST', new Uint8Array(2 << 20))]),
  'NaN in the middle': wav({
    frames: FRAMES,
    bits: 32,
    float: true,
    value: (i) => (i === 800_001 ? Number.NaN : 0),
  }),
}

describe('88 audio: WAVE files as streams', () => {
  for (const [name, bytes] of Object.entries(files))
    it(`${name}: a stream gives what the bytes give, bit for bit, with the same warnings and refusals`, async () => {
      const expected = await outcome(bytes)
      const actual = await outcome(streamOf(bytes).stream)
      // how much of the file a message speaks of depends on the piece
      const facts = /\(given.*\)/
      assert.equal(actual.message?.replace(facts, ''), expected.message?.replace(facts, ''))
      assert.deepEqual({ ...actual, message: '' }, { ...expected, message: '' })
    })

  it('samples come while the stream is still going on, and leaving early cancels it', async () => {
    using encoder = await Encoder.create()
    const { stream, state } = streamOf(files['16 bits, stereo']!)
    const gone = new AbortController()
    const running = encoder.encodeFile(
      (async function* () {
        for await (const piece of stream) {
          if (state.at > 2_800_000) gone.abort(new Error('enough'))
          yield piece
        }
      })(),
      { signal: gone.signal },
    )
    await assert.rejects(running, /enough/)
    assert.ok(state.cancelled)
    assert.ok(state.at < files['16 bits, stereo']!.length)
  })

  it('265 MB of samples take less than half of that in memory', async () => {
    const SECONDS = 1500
    const header = riff([
      chunk('fmt ', format({ channels: 2, sampleRate: 44_100 })),
      chunk('data', new Uint8Array(0), 0),
    ])
    const second = pcm({ frames: 44_100, channels: 2, value })
    async function* hour() {
      yield header
      for (let i = 0; i < SECONDS; i++) yield second
    }
    using encoder = await Encoder.create()
    const before = process.memoryUsage().rss
    let highest = 0
    const watch = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss)
    }, 50)
    const { windows } = await encoder.encodeFile(hour(), { hop: 300 })
    clearInterval(watch)
    assert.equal(windows.rows, 5)
    assert.ok(highest - before < 132e6, `${(highest - before) / 1e6} MB`)
  })
})
