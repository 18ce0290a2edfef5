/**
 * Resampling as clmr does it: a sinc of 64 zero crossings on either side under a Kaiser window, the filter of resampy's
 * kaiser_best (Smith, "Digital Audio Resampling", 2002). A browser resamples with another filter, which changes the embeddings.
 */

const ZEROS = 64
const ROLLOFF = 0.9475937167399596 // cut-off as a share of the lower of the two Nyquist frequencies
const BETA = 14.769656459379492

const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b))

/** Modified Bessel function of the first kind, order zero. */
function besselI0(x) {
  let [sum, term] = [1, 1]
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / 2 / k) ** 2
    sum += term
  }
  return sum
}

/** `t` in zero crossings */
function windowedSinc(t) {
  if (Math.abs(t) >= ZEROS) return 0
  const kaiser = besselI0(BETA * Math.sqrt(1 - (t / ZEROS) ** 2)) / besselI0(BETA)
  return (t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t)) * kaiser
}

/** The taps of output sample `phase`, and the input sample, counted from the one it falls on, that the first belongs to. */
function tapsOf(phase, from, to) {
  const cutoff = (Math.min(from, to) * ROLLOFF) / from
  const fraction = ((phase * from) % to) / to
  const first = Math.ceil(fraction - ZEROS / cutoff)
  const count = Math.floor((2 * ZEROS) / cutoff) + 1
  const taps = Float32Array.from({ length: count }, (_, k) => {
    return cutoff * windowedSinc((first + k - fraction) * cutoff)
  })
  return { first, taps }
}

/**
 * @param {Float32Array} samples mono
 * @param {number} rate of `samples`, Hz
 * @param {number} wanted Hz
 * @returns {Float32Array} ceil(samples.length · wanted / rate) samples; silence lies before and after the given ones
 */
export function resample(samples, rate, wanted) {
  const common = gcd(rate, wanted)
  const [from, to] = [rate / common, wanted / common]
  if (from === to) return samples
  const rows = new Map() // made when a phase comes up first: 44,099 Hz has 22,050 of them
  const result = new Float32Array(Math.ceil((samples.length * to) / from))
  for (let n = 0; n < result.length; n++) {
    const phase = n % to
    if (!rows.has(phase)) rows.set(phase, tapsOf(phase, from, to))
    const { first, taps } = rows.get(phase)
    const start = Math.floor((n * from) / to) + first
    const end = Math.min(taps.length, samples.length - start)
    let sum = 0
    for (let k = Math.max(0, -start); k < end; k++) sum += samples[start + k] * taps[k]
    result[n] = sum
  }
  return result
}
