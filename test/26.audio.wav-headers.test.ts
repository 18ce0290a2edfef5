import assert from 'node:assert/strict'
import { DecodeRefusal } from '#lib/audio/failure.js'
import { readWavLayout } from '#lib/audio/wav.js'
import { decodeWhole as decode } from './helpers/decode-whole.js'
import { chunk, extensible, format, pcm, riff, tone, wav } from './helpers/wav.js'

const FRAMES = 2205
const data = chunk('data', pcm({}))
const fmt = chunk('fmt ', format({}))
const bytes = (n: number, value = 7) => new Uint8Array(n).fill(value)
const sized = (size: number) => chunk('data', pcm({}), size)

/** ds64 of RF64: sizes of the file, of the data and the number of frames, 64 bits each. */
function ds64(dataSize: bigint): Uint8Array {
  const body = new Uint8Array(28)
  new DataView(body.buffer).setBigUint64(8, dataSize, true)
  return chunk('ds64', body)
}

const whole: Record<string, Uint8Array> = {
  'fmt and data': riff([fmt, data]),
  'a LIST chunk in front': riff([chunk('LIST', bytes(40)), fmt, data]),
  'a LIST chunk between': riff([fmt, chunk('LIST', bytes(40)), data]),
  'a LIST chunk behind': riff([fmt, data, chunk('LIST', bytes(40))]),
  'an odd chunk with its pad byte': riff([fmt, chunk('bext', bytes(41)), data]),
  'an odd chunk without its pad byte': riff([fmt, chunk('bext', bytes(41), 41, false), data]),
  'a chunk of no bytes': riff([fmt, chunk('PAD ', bytes(0)), data]),
  'fmt of 18 bytes': riff([chunk('fmt ', Uint8Array.of(...format({}), 0, 0)), data]),
  'fmt of 40 bytes, plain': riff([chunk('fmt ', Uint8Array.of(...format({}), ...bytes(24, 0))), data]),
  WAVE_FORMAT_EXTENSIBLE: riff([chunk('fmt ', extensible({})), data]),
  'RF64 with ds64': riff([ds64(BigInt(FRAMES * 2)), fmt, sized(0xffffffff)], 'RF64', 0xffffffff),
  'BW64 with ds64': riff([ds64(BigInt(FRAMES * 2)), fmt, sized(0xffffffff)], 'BW64', 0xffffffff),
  'a RIFF size of 0': riff([fmt, data], 'RIFF', 0),
  'a RIFF size of 0xFFFFFFFF': riff([fmt, data], 'RIFF', 0xffffffff),
  'a RIFF size that is too small': riff([fmt, data], 'RIFF', 36),
  'two fmt chunks': riff([fmt, chunk('fmt ', format({ channels: 9 })), data]),
  'two data chunks': riff([fmt, data, data]),
  'rubbish behind the data': riff([fmt, data, bytes(33, 0xee)]),
}

const openEnded: Record<string, Uint8Array> = {
  '0xFFFFFFFF, as ffmpeg leaves it': riff([fmt, sized(0xffffffff)], 'RIFF', 0xffffffff),
  '0x7FFFFFFF less a header, as sox leaves it': riff([fmt, sized(0x7fffffff - 36)]),
  '0x7FFFF000': riff([fmt, sized(0x7ffff000)]),
  '0x80000000': riff([fmt, sized(0x80000000)]),
  '0, as a recorder leaves it that lost its power': riff([fmt, sized(0)]),
  'RF64 without ds64': riff([fmt, sized(0xffffffff)], 'RF64'),
}

/** name → file, frames, warning */
const doubtful: Record<string, [Uint8Array, number, RegExp]> = {
  'a size 44 too large': [riff([fmt, sized(FRAMES * 2 + 44)]), FRAMES, /promises 44 bytes .* more/],
  'data cut by a byte': [
    riff([fmt, data]).slice(0, 44 + FRAMES * 2 - 1),
    FRAMES - 1,
    /promises 1 bytes .* more/,
  ],
  'a size of a tenth': [
    riff([fmt, chunk('data', pcm({ frames: 22050 }), 4410)]),
    22050,
    /39690 bytes lie behind .* read as samples too/,
  ],
  'rubbish behind the data': [riff([fmt, data, bytes(33, 0xee)]), FRAMES, /33 bytes lie behind .* left out/],
}

const tagged = (tag: number) => riff([chunk('fmt ', format({ tag })), data])
const cut = (n: number) => riff([fmt, data]).slice(0, n)

const refused: Record<string, [Uint8Array, 'ERR_AUDIO_DECODE' | 'ERR_AUDIO_FORMAT', RegExp]> = {
  'fmt of 0 bytes': [riff([chunk('fmt ', bytes(0)), data]), 'ERR_AUDIO_DECODE', /fmt chunk is too short/],
  'fmt of 8 bytes': [riff([chunk('fmt ', format({}).slice(0, 8)), data]), 'ERR_AUDIO_DECODE', /too short/],
  'fmt of 14 bytes': [riff([chunk('fmt ', format({}).slice(0, 14)), data]), 'ERR_AUDIO_DECODE', /too short/],
  'no fmt': [riff([data]), 'ERR_AUDIO_DECODE', /before any fmt/],
  'data before fmt': [riff([data, fmt]), 'ERR_AUDIO_DECODE', /before any fmt/],
  'no data': [riff([fmt]), 'ERR_AUDIO_DECODE', /no data chunk/],
  'no chunk at all': [riff([]), 'ERR_AUDIO_DECODE', /neither/],
  'no samples': [riff([fmt, chunk('data', bytes(0))]), 'ERR_AUDIO_DECODE', /no samples/],
  'less than one frame': [riff([fmt, chunk('data', bytes(1))]), 'ERR_AUDIO_DECODE', /no samples/],
  'a LIST size past the end': [
    riff([fmt, chunk('LIST', bytes(4), 0xfffffff0), data]),
    'ERR_AUDIO_DECODE',
    /no data/,
  ],
  'RF64 whose ds64 lies': [
    riff([ds64(1n << 40n), fmt, sized(0xffffffff)], 'RF64'),
    'ERR_AUDIO_DECODE',
    /truncated/,
  ],
  'RF64 whose ds64 is huge': [
    riff([ds64((1n << 63n) - 1n), fmt, sized(0xffffffff)], 'RF64'),
    'ERR_AUDIO_DECODE',
    /truncated/,
  ],
  'data that is declared twice as long': [riff([fmt, sized(FRAMES * 4)]), 'ERR_AUDIO_DECODE', /truncated/],
  'data that is declared as 1 GB': [riff([fmt, sized(1e9)]), 'ERR_AUDIO_DECODE', /truncated/],
  'data cut by half': [cut(44 + FRAMES), 'ERR_AUDIO_DECODE', /truncated/],
  'cut within the data header': [cut(40), 'ERR_AUDIO_DECODE', /no data chunk/],
  'cut within fmt': [cut(30), 'ERR_AUDIO_DECODE', /too short/],
  'cut behind WAVE': [cut(12), 'ERR_AUDIO_DECODE', /neither/],
  '0 channels': [riff([chunk('fmt ', format({ channels: 0 })), data]), 'ERR_AUDIO_DECODE', /channels/],
  '65,535 channels': [
    riff([chunk('fmt ', format({ channels: 65535 })), data]),
    'ERR_AUDIO_DECODE',
    /channels/,
  ],
  'a rate of 0': [riff([chunk('fmt ', format({ sampleRate: 0 })), data]), 'ERR_AUDIO_DECODE', /sample rate/],
  'a rate of 2³² − 1': [
    riff([chunk('fmt ', format({ sampleRate: 0xffffffff })), data]),
    'ERR_AUDIO_DECODE',
    /sample rate/,
  ],
  'a block size of 0': [riff([chunk('fmt ', format({ block: 0 })), data]), 'ERR_AUDIO_DECODE', /contradicts/],
  'a block size of 65,535': [
    riff([chunk('fmt ', format({ block: 65535 })), data]),
    'ERR_AUDIO_DECODE',
    /contradicts/,
  ],
  'a block size for other channels': [
    riff([chunk('fmt ', format({ channels: 2, block: 2 })), data]),
    'ERR_AUDIO_DECODE',
    /contradicts/,
  ],
  'integers of 64 bits': [riff([chunk('fmt ', format({ bits: 64 })), data]), 'ERR_AUDIO_FORMAT', /bit depth/],
  'floats of 16 bits': [riff([chunk('fmt ', format({ tag: 3 })), data]), 'ERR_AUDIO_FORMAT', /bit depth/],
  'Microsoft ADPCM': [tagged(2), 'ERR_AUDIO_FORMAT', /Microsoft ADPCM/],
  'A-law': [tagged(6), 'ERR_AUDIO_FORMAT', /A-law/],
  'mu-law': [tagged(7), 'ERR_AUDIO_FORMAT', /mu-law/],
  'IMA ADPCM': [tagged(0x11), 'ERR_AUDIO_FORMAT', /IMA ADPCM/],
  GSM: [tagged(0x31), 'ERR_AUDIO_FORMAT', /GSM/],
  'MP3 in a WAV file': [tagged(0x55), 'ERR_AUDIO_FORMAT', /MP3/],
  'an unknown codec': [tagged(0x1234), 'ERR_AUDIO_FORMAT', /not known/],
  'A-law in an extensible format': [
    riff([chunk('fmt ', extensible({ tag: 6 })), data]),
    'ERR_AUDIO_FORMAT',
    /A-law/,
  ],
  'an extensible format without its GUID': [
    riff([chunk('fmt ', extensible({}).slice(0, 18)), data]),
    'ERR_AUDIO_FORMAT',
    /not known/,
  ],
}
for (const bits of [0, 1, 4, 7, 12, 15, 20, 65535])
  refused[`${bits} bits`] = [
    riff([chunk('fmt ', format({ bits, block: 2 })), data]),
    'ERR_AUDIO_FORMAT',
    /bit depth/,
  ]

describe('26 audio: WAV headers', () => {
  it('at least 64 crafted headers are in the tables below', () => {
    assert.ok([whole, openEnded, refused].reduce((n, table) => n + Object.keys(table).length, 0) >= 64)
  })

  for (const [name, file] of Object.entries(whole))
    it(`is read to the sample: ${name}`, async () => {
      const { channels, sampleRate } = await decode(file)
      assert.deepEqual([channels.length, channels[0]!.length, sampleRate], [1, FRAMES, 22050])
      const wanted = tone(22050)
      for (let i = 0; i < FRAMES; i++) assert.ok(Math.abs(channels[0]![i]! - wanted(i)) <= 6e-5)
    })

  for (const [name, file] of Object.entries(openEnded))
    it(`an open length is read to the last byte, with a warning: ${name}`, async () => {
      const { channels, warnings } = await decode(file)
      assert.equal(channels[0]!.length, FRAMES)
      assert.match(warnings.join(), /leaves the length open/)
    })

  for (const [name, [file, frames, message]] of Object.entries(doubtful))
    it(`is read with a warning: ${name}`, async () => {
      const { channels, warnings } = await decode(file)
      assert.equal(channels[0]!.length, frames)
      assert.match(warnings.join(), message)
    })

  for (const [name, [file, code, message]] of Object.entries(refused))
    it(`is refused with ${code}: ${name}`, async () => {
      await assert.rejects(decode(file), (error) => {
        assert.ok(error instanceof DecodeRefusal)
        assert.equal(error.failure.code, code)
        assert.match(error.failure.what, message)
        assert.match(error.failure.remedy, /ffmpeg|Fetch/)
        return true
      })
    })

  it('no header makes it count on more bytes than there are', () => {
    const files = [
      ...Object.values(whole),
      ...Object.values(openEnded),
      ...Object.values(refused).map(([file]) => file),
    ]
    for (const file of files) {
      let layout: ReturnType<typeof readWavLayout>
      try {
        layout = readWavLayout(file)
      } catch (error) {
        assert.ok(error instanceof DecodeRefusal)
        continue
      }
      assert.ok(layout.dataOffset + layout.frames * layout.channels * layout.width <= file.length)
    }
  })

  it('every depth gives the same tone, to half a step of the depth; full scale is ±1 (closed form)', async () => {
    for (const [bits, float] of [
      [8, false],
      [16, false],
      [24, false],
      [32, false],
      [32, true],
      [64, true],
    ] as const) {
      const { channels } = await decode(wav({ bits, float }))
      const step = float ? 1e-7 : bits === 8 ? 2 / 127 : 1e-4
      for (let i = 0; i < FRAMES; i++)
        assert.ok(Math.abs(channels[0]![i]! - tone(22050)(i)) <= step, `${bits} bits, sample ${i}`)
    }
    const lowest = Uint8Array.of(0, 0, 0x80)
    const file = riff([chunk('fmt ', format({ bits: 24 })), chunk('data', lowest)])
    assert.equal((await decode(file)).channels[0]![0], -1)
  })
})

describe('26 audio: WAV channels × rates × bits', () => {
  const channelCounts = [0, 1, 2, 3, 5, 6, 8, 16, 255, 65535]
  const rates = [0, 1, 8000, 11025, 22050, 44100, 48000, 96000, 192000, 2 ** 32 - 1]
  const depths = [0, 8, 12, 16, 24, 32, 64]

  it('700 files are each read rightly or refused with a code', async () => {
    let read = 0
    for (const channels of channelCounts)
      for (const sampleRate of rates)
        for (const bits of depths) {
          const good =
            channels >= 1 &&
            channels <= 255 &&
            sampleRate >= 8000 &&
            sampleRate <= 192000 &&
            [8, 16, 24, 32].includes(bits)
          const body = good ? pcm({ channels, sampleRate, bits, frames: 40 }) : bytes(480)
          const block = ((channels * bits) >> 3) & 0xffff
          const file = riff([
            chunk('fmt ', format({ channels, sampleRate, bits, block })),
            chunk('data', body),
          ])
          const result = await decode(file).catch((error: unknown) => error)
          if (!good) {
            assert.ok(
              result instanceof DecodeRefusal,
              `${channels} channels, ${sampleRate} Hz, ${bits} bits: ${String(result)}`,
            )
            continue
          }
          assert.ok(!(result instanceof Error), String(result))
          const pcmOut = result as Awaited<ReturnType<typeof decode>>
          assert.deepEqual(
            [pcmOut.channels.length, pcmOut.channels[0]!.length, pcmOut.sampleRate],
            [channels, 40, sampleRate],
          )
          assert.ok(Math.abs(pcmOut.channels[channels - 1]![7]! - tone(sampleRate)(7)) <= 0.02)
          read++
        }
    assert.equal(read, 8 * 7 * 4)
  })
})
