/** Waves, filters and envelopes: what the instruments are made of. All state is in samples at the track's own rate. */

/** Residual of a band-limited step (PolyBLEP, Välimäki 2005): takes most of the aliasing from saw and pulse. */
function polyBlep(phase: number, increment: number): number {
  if (phase < increment) {
    const t = phase / increment
    return t + t - t * t - 1
  }
  if (phase > 1 - increment) {
    const t = (phase - 1) / increment
    return t * t + t + t + 1
  }
  return 0
}

export class Saw {
  constructor(private phase = 0) {}
  next(increment: number): number {
    this.phase += increment
    if (this.phase >= 1) this.phase -= 1
    return 2 * this.phase - 1 - polyBlep(this.phase, increment)
  }
}

export class Pulse {
  constructor(
    private readonly width = 0.5,
    private phase = 0,
  ) {}
  next(increment: number): number {
    this.phase += increment
    if (this.phase >= 1) this.phase -= 1
    const fall = this.phase < this.width ? this.phase + 1 - this.width : this.phase - this.width
    return (this.phase < this.width ? 1 : -1) + polyBlep(this.phase, increment) - polyBlep(fall, increment)
  }
}

/** State-variable filter after Zavalishin (trapezoidal), stable while its cutoff moves. */
export class Filter {
  private s1 = 0
  private s2 = 0
  private g = 0
  private k = 1
  private a = 1
  low = 0
  band = 0
  high = 0

  constructor(
    private readonly rate: number,
    cutoff: number,
    resonance = 0.7,
  ) {
    this.tune(cutoff, resonance)
  }

  tune(cutoff: number, resonance = 1 / this.k): void {
    this.g = Math.tan(Math.PI * Math.min(cutoff / this.rate, 0.45))
    this.k = 1 / resonance
    this.a = 1 / (1 + this.g * (this.g + this.k))
  }

  /** One sample in; `low`, `band` and `high` hold what comes out. */
  push(x: number): void {
    const band = this.a * (this.s1 + this.g * (x - this.s2))
    const low = this.s2 + this.g * band
    this.s1 = 2 * band - this.s1
    this.s2 = 2 * low - this.s2
    this.low = low
    this.band = band
    this.high = x - this.k * band - low
  }
}

/** White noise in [−1, 1) from a linear congruential generator: fast, with its own seed for every note. */
export class Noise {
  constructor(private state: number) {}
  next(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) | 0
    return this.state / 2147483648
  }
}

/** The factor by which a value falls each sample if it is to fall by 60 dB in `seconds`. */
export function decayFactor(seconds: number, rate: number): number {
  return Math.exp(-6.908 / Math.max(1, seconds * rate))
}

/** Rises in `attack` seconds, holds, falls in `release` seconds to the end of `length` samples: 0 … 1, smooth at both ends. */
export function swell(i: number, length: number, attack: number, release: number): number {
  const rise = Math.min(1, i / attack)
  const fall = Math.min(1, (length - i) / release)
  const x = Math.min(rise, fall)
  return x * x * (3 - 2 * x)
}
