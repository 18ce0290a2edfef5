/**
 * Divides tracks into train, valid and test: 60/20/20, stratified, repeatable. A track that has a split keeps it, so
 * that a collection may grow without a model being tested on what it was trained on.
 */
import { createHash } from 'node:crypto'
import { SPLITS, type Split } from './tracks.js'
import { byCodeUnit } from './walk.js'

export interface Splittable {
  /** tracks with equal audio have equal keys, and stay in one split */
  key: string
  labels: number[]
  /** tracks of one group stay together */
  group?: string
  /** what it was before */
  split?: Split
}

type Counts = Record<Split, number>
const zeros = (): Counts => ({ train: 0, valid: 0, test: 0 })

/** What is dealt as a whole: tracks of the same audio or the same group. */
interface Unit {
  /** a hash of the seed and of what it is: a fair and lasting choice */
  hash: string
  /** number of different recordings */
  size: number
  labels: Set<number>
  split?: Split
  /** its split is an old one */
  kept: boolean
}

/** From so many units on, each split gets one. */
const ENOUGH = 3

/** How many tracks of `n` each split is to have; too few go to train. */
function quotas(n: number, units: number): Counts {
  if (units < ENOUGH) return { train: n, valid: 0, test: 0 }
  const fifth = Math.max(1, Math.round(n * 0.2))
  return { train: n - 2 * fifth, valid: fifth, test: fifth }
}

/** Where the hash alone would put a unit. */
function preferred({ hash }: Unit): Split {
  const place = Number.parseInt(hash.slice(0, 8), 16) / 2 ** 32
  return place < 0.2 ? 'valid' : place < 0.4 ? 'test' : 'train'
}

/** The unit of each track: tracks that share a key or a group, directly or over others, have one. */
function unitsOf(tracks: readonly Splittable[], seed: number): Unit[] {
  const parent = tracks.map((_, i) => i)
  const rootOf = (i: number): number => {
    let at = i
    while (parent[at] !== at) at = parent[at] = parent[parent[at]!]!
    return at
  }
  const first = new Map<string, number>()
  for (const [i, { key, group }] of tracks.entries())
    for (const name of group === undefined ? [`key ${key}`] : [`key ${key}`, `group ${group}`]) {
      parent[rootOf(i)] = rootOf(first.get(name) ?? i)
      first.set(name, i)
    }
  const members = new Map<number, Splittable[]>()
  for (const [i, track] of tracks.entries()) {
    const own = members.get(rootOf(i)) ?? []
    members.set(rootOf(i), own)
    own.push(track)
  }
  const units = new Map([...members].map(([root, own]) => [root, unitOf(own, seed)]))
  return tracks.map((_, i) => units.get(rootOf(i))!)
}

function unitOf(members: readonly Splittable[], seed: number): Unit {
  const keys = new Set(members.map(({ key }) => key))
  const names = members.map(({ key, group }) => group ?? key).sort(byCodeUnit)
  // one part was trained on: then none of it may be tested on
  const split = SPLITS.find((name) => members.some((member) => member.split === name))
  return {
    hash: createHash('sha256').update(`${seed}\n${names[0]}`).digest('hex'),
    size: keys.size,
    labels: new Set(members.flatMap(({ labels }) => labels)),
    split,
    kept: split !== undefined,
  }
}

/** A class, or all tracks without one. */
interface Stratum {
  units: Unit[]
  /** units in each split */
  held: Counts
  /** tracks that each split still lacks */
  lacks: Counts
}

const NO_CLASS = -1

const enough = ({ units }: Stratum) => units.length >= ENOUGH

interface Move {
  unit: Unit
  from: Split
}

/** How many units may change places so that one reaches a split, */
const MAX_CHAIN = 4
/** and how many choices are tried for that. */
const MAX_ATTEMPTS = 20_000

function strataOf(units: readonly Unit[]): Map<number, Stratum> {
  const strata = new Map<number, Stratum>()
  for (const unit of units)
    for (const label of unit.labels.size > 0 ? unit.labels : [NO_CLASS]) {
      const stratum = strata.get(label) ?? { units: [], held: zeros(), lacks: zeros() }
      strata.set(label, stratum)
      stratum.units.push(unit)
    }
  for (const stratum of strata.values()) {
    const tracks = stratum.units.reduce((sum, { size }) => sum + size, 0)
    stratum.lacks = quotas(tracks, stratum.units.length)
    stratum.units.sort((a, b) => b.size - a.size || byCodeUnit(a.hash, b.hash))
  }
  return strata
}

class Dealing {
  private readonly strata: Map<number, Stratum>

  constructor(units: readonly Unit[]) {
    this.strata = strataOf(units)
    for (const unit of units) if (unit.split) this.count(unit, unit.split, 1)
  }

  private strataWith(unit: Unit): Stratum[] {
    const labels = unit.labels.size > 0 ? [...unit.labels] : [NO_CLASS]
    return labels.map((label) => this.strata.get(label)!)
  }

  private count(unit: Unit, split: Split, sign: 1 | -1): void {
    for (const { held, lacks } of this.strataWith(unit)) {
      held[split] += sign
      lacks[split] -= sign * unit.size
    }
  }

  private put(unit: Unit, split: Split): void {
    if (unit.split) this.count(unit, unit.split, -1)
    unit.split = split
    this.count(unit, split, 1)
  }

  /** Rare classes first: the frequent ones have enough tracks left to come out right. Then those that are too rare. */
  deal(): void {
    const order = [...this.strata]
      .sort(
        ([i, a], [k, b]) => Number(enough(b)) - Number(enough(a)) || a.units.length - b.units.length || i - k,
      )
      .map(([, stratum]) => stratum)
    for (const { units, lacks } of order)
      for (const unit of units) {
        if (unit.split) continue
        const wanted = preferred(unit)
        const neediest = SPLITS.reduce((best, split) => (lacks[split] > lacks[best] ? split : best))
        this.put(unit, lacks[wanted] > 0 ? wanted : neediest)
      }
    for (const stratum of order.filter(enough))
      for (const split of SPLITS) if (stratum.held[split] === 0) this.fill(stratum, split)
  }

  private fill(stratum: Stratum, split: Split): void {
    const moves: Move[] = []
    if (!this.reach(stratum, split, MAX_CHAIN, moves, { attempts: MAX_ATTEMPTS })) this.undo(moves, 0)
  }

  private undo(moves: Move[], length: number): void {
    for (const { unit, from } of moves.splice(length).reverse()) this.put(unit, from)
  }

  /**
   * Moves a new unit of a class into a split that has none of it. Where that takes the last one from another class, a
   * unit of that one takes its place, and so on for a few steps. @returns whether it worked out
   */
  private reach(
    stratum: Stratum,
    split: Split,
    depth: number,
    moves: Move[],
    budget: { attempts: number },
  ): boolean {
    const begin = moves.length
    for (const unit of stratum.units) {
      const from = unit.split!
      if (unit.kept || from === split || moves.some((move) => move.unit === unit)) continue
      if (budget.attempts-- <= 0) return false
      const emptied = this.strataWith(unit).filter((other) => enough(other) && other.held[from] === 1)
      if (emptied.length > 0 && depth === 0) continue
      this.put(unit, split)
      moves.push({ unit, from })
      const refilled = (other: Stratum) =>
        other.held[from] > 0 || this.reach(other, from, depth - 1, moves, budget)
      if (emptied.every(refilled)) return true
      this.undo(moves, begin)
    }
    return false
  }
}

/**
 * The splits of tracks. Each class with three tracks or more reaches every split, where those that are new allow it; a
 * new track goes where a hash of its audio (or group) and the seed puts it, unless its class has enough there. Neither
 * names nor order matter. A group of which one track was in train is in train.
 */
export function assignSplits(tracks: readonly Splittable[], seed: number): Split[] {
  const units = unitsOf(tracks, seed)
  new Dealing([...new Set(units)]).deal()
  return units.map(({ split }) => split!)
}

export interface ClassCounts extends Counts {
  name: string
}

/** The classes that lack a track in some split, with what they have. */
export function incompleteClasses(
  classes: readonly string[],
  tracks: readonly { labels: number[]; split: Split }[],
): ClassCounts[] {
  const counts = classes.map((name) => ({ name, ...zeros() }))
  for (const { labels, split } of tracks) for (const label of labels) counts[label]![split]++
  return counts.filter((own) => SPLITS.some((split) => own[split] === 0))
}
