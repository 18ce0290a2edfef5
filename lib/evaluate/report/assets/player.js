// Excerpts lie in the page as base64 of µ-law bytes (ITU-T G.711); they are played as 16-bit WAV from a blob.
window.report = {}

{
  const fromMuLaw = (byte) => {
    const bits = ~byte & 0xff
    const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132
    return bits & 0x80 ? -magnitude : magnitude
  }

  const wavOf = (base64, rate) => {
    const bytes = atob(base64)
    const view = new DataView(new ArrayBuffer(44 + 2 * bytes.length))
    const name = (at, id) => {
      for (let i = 0; i < 4; i++) view.setUint8(at + i, id.charCodeAt(i))
    }
    name(0, 'RIFF')
    view.setUint32(4, 36 + 2 * bytes.length, true)
    name(8, 'WAVE')
    name(12, 'fmt ')
    view.setUint32(16, 16, true)
    view.setUint16(20, 1, true)
    view.setUint16(22, 1, true)
    view.setUint32(24, rate, true)
    view.setUint32(28, 2 * rate, true)
    view.setUint16(32, 2, true)
    view.setUint16(34, 16, true)
    name(36, 'data')
    view.setUint32(40, 2 * bytes.length, true)
    for (let i = 0; i < bytes.length; i++) view.setInt16(44 + 2 * i, fromMuLaw(bytes.charCodeAt(i)), true)
    return new Blob([view], { type: 'audio/wav' })
  }

  // play(base64) starts an excerpt; onState is told when the sound starts and stops
  window.report.makePlayer = (audio, rate, onState) => {
    let url
    for (const event of ['playing', 'pause', 'ended'])
      audio.addEventListener(event, () => onState(event === 'playing'))
    return {
      play(base64) {
        audio.pause()
        if (url) URL.revokeObjectURL(url)
        url = base64 ? URL.createObjectURL(wavOf(base64, rate)) : undefined
        if (!url) {
          audio.removeAttribute('src')
          audio.load()
          return
        }
        audio.src = url
        audio.play().catch(() => onState(false))
      },
      stop: () => audio.pause(),
    }
  }
}
