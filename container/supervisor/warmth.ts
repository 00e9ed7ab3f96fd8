/**
 * Which launches keep processes that nobody has though their configuration asks for none: those that were
 * used lately, the latest first, as far as the memory for it goes. One for all cells.
 */
import {
  readMemory,
  readPrivateBytes,
  readText,
  type MemoryFigures,
  type ReadText,
} from './memory-figures.ts'
import { descendantsOf } from './descendants.ts'

/** Of the memory that is free at the start of a machine that has other things to do, and the most of it. */
const SHARE_OF_MACHINE = 1 / 8
const MOST_OF_MACHINE_BYTES = 384 * 1024 * 1024
/** Of the memory that is free at the start of a container, which has nothing else to do. */
const SHARE_OF_CONTAINER = 1 / 2
/** With less of all left nothing is kept warm: the memory is for calls. */
const SHORT = 1 / 10
/** With so much left it is again. */
const ENOUGH = 3 / 20
/** What was used before that is not in use lately. */
const LATELY_MS = 7 * 86_400_000
/** What a spare takes that was never seen. */
const UNSEEN_BYTES = 64 * 1024 * 1024
/** How old the figures may be. */
const LOOK_MS = 10_000

export interface Warmable {
  /** `performance.now()` of its last use; absent: it was never used. */
  readonly usedAt: number | undefined
  /** Of its processes that nobody has: spares, and those in which Hearth itself asks something. */
  unownedPids(): number[]
  /** Ends Hearth's own processes that are idle. */
  rest(): void
  /** Whether it may have a spare may be otherwise now. */
  settle(): void
}

export interface WarmthOptions {
  /** What processes may take that nobody has. Absent: a share of what is free. */
  budgetBytes?: number | undefined
  isContainer?: boolean
  read?: ReadText
  now?: () => number
}

export class Warmth {
  readonly #budgetBytes: number
  readonly #read: ReadText
  readonly #now: () => number
  /** With the memory that its processes took that nobody had, when they were seen last. */
  readonly #launches = new Map<Warmable, number>()
  #warm: ReadonlySet<Warmable> = new Set()
  #lookedAt = -Infinity
  #isShort = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: WarmthOptions = {}) {
    const { budgetBytes, isContainer = false, read = readText } = options
    this.#read = read
    this.#now = options.now ?? (() => performance.now())
    this.#budgetBytes = budgetBytes ?? defaultBudget(isContainer, readMemory(read))
  }

  add(launch: Warmable): void {
    if (this.#launches.has(launch)) return
    this.#launches.set(launch, UNSEEN_BYTES)
    this.#chooseSoon()
  }

  delete(launch: Warmable): void {
    if (this.#launches.delete(launch)) this.#chooseSoon()
  }

  /** It is used now: others may have to give way. */
  note(launch: Warmable): void {
    if (!this.#warm.has(launch)) this.choose()
  }

  allows(launch: Warmable): boolean {
    return this.#warm.has(launch)
  }

  /** Looks at what there is. Those for which that changes something are told. */
  choose(): void {
    clearTimeout(this.#timer)
    this.#look()
    this.#isShort = this.#findShort()
    const before = this.#warm
    this.#warm = this.#isShort ? new Set() : this.#chosen()
    for (const launch of new Set([...before, ...this.#warm])) {
      if (before.has(launch) !== this.#warm.has(launch)) launch.settle()
    }
    for (const launch of this.#launches.keys()) if (!this.#warm.has(launch)) launch.rest()
    // What a spare takes is seen when it is there.
    this.#timer = setTimeout(() => this.#launches.size > 0 && this.choose(), LOOK_MS)
    this.#timer.unref()
  }

  #chosen(): Set<Warmable> {
    const now = this.#now()
    const candidates = Array.from(this.#launches, ([launch, bytes]) => ({
      ...{ launch, bytes },
      ageMs: now - (launch.usedAt ?? -Infinity),
    }))
    const lately = candidates.filter(({ ageMs }) => ageMs < LATELY_MS)
    return chooseWarm(lately, this.#budgetBytes)
  }

  #chooseSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.choose(), 0)
  }

  #look(): void {
    if (this.#now() - this.#lookedAt < LOOK_MS) return
    this.#lookedAt = this.#now()
    for (const launch of this.#launches.keys()) {
      const bytes = launch.unownedPids().reduce((sum, pid) => sum + this.#bytesOf(pid), 0)
      if (bytes > 0) this.#launches.set(launch, bytes)
    }
  }

  #bytesOf(pid: number): number {
    const pids = [pid, ...descendantsOf(pid).map((descendant) => descendant.pid)]
    return pids.reduce((sum, each) => sum + readPrivateBytes(this.#read, each), 0)
  }

  /** What is given up makes room: it is not taken again at once. */
  #findShort(): boolean {
    const figures = readMemory(this.#read)
    if (figures === undefined) return false
    return figures.availableBytes < figures.limitBytes * (this.#isShort ? ENOUGH : SHORT)
  }
}

function defaultBudget(isContainer: boolean, figures: MemoryFigures | undefined): number {
  if (figures === undefined) return MOST_OF_MACHINE_BYTES
  const { availableBytes } = figures
  if (isContainer) return availableBytes * SHARE_OF_CONTAINER
  return Math.min(MOST_OF_MACHINE_BYTES, availableBytes * SHARE_OF_MACHINE)
}

/** The latest first; one that does not fit leaves the room to those after it. Pure. */
export function chooseWarm<T>(
  candidates: readonly { launch: T; bytes: number; ageMs: number }[],
  budgetBytes: number,
): Set<T> {
  const chosen = new Set<T>()
  let left = budgetBytes
  for (const { launch, bytes } of candidates.toSorted((a, b) => a.ageMs - b.ageMs)) {
    if (bytes > left) continue
    left -= bytes
    chosen.add(launch)
  }
  return chosen
}
