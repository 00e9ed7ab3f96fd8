import { DEFAULT_CRASH_POLICY } from './crash-loop.ts'
import { explainStart, Failing } from './failing.ts'
import type { OnExit, Running } from './running.ts'
import { LaunchProgress } from './launch-progress.ts'
import { hasPlace } from './slots.ts'
import type { Effect, LaunchState, Policy, Slot, SupervisorEvent } from './slots.ts'
import { INITIAL, next } from './state.ts'
import { GRACE, SHUTDOWN_GRACE } from './terminate.ts'
import type { Warmable } from './warmth.ts'
import type { StartWatch } from '../resolve/resolved.ts'
import { URGENCY, type Launch, type LaunchMeta, type Urgency, type Why } from '#protocol/link.ts'
import type { Owner } from '#protocol/yielding.ts'

const REFILL_DELAY_MS = 100

/** A process whose client paused for less than this is not idle. */
const MIN_IDLE_MS = 1_000

/** How long a process stays in which Hearth asked something: it lists several things in a row. */
const OWN_IDLE_MS = 10_000

/** What a channel has got. */
export interface Lease {
  channel: number
  slot: number
  process: Running
  warm: boolean
}

/** A leased process that has had no call for a while. */
export interface Idle {
  slot: number
  ms: number
  owner: Owner
}

export interface LaunchGroupOptions {
  launch: Launch
  /** Whether a launch that adapts may have its spares now. */
  isWarm(): boolean
  /** How many more processes the cell may have. */
  room(): number
  ownerOf(channel: number): Owner
  /** How many processes the launch still has that this one took the place of. */
  former(): number
  /** Rejects with `StartError`, whose message the client may see. */
  start(launch: Launch, watch: StartWatch, onExit: OnExit): Promise<Running>
  urgencyOf(channel: number): Urgency
  /** What its processes do is something else than before. */
  onState(meta: LaunchMeta): void
  onOpened(lease: Lease): void
  /** The channel was refused, or its process is gone. */
  onOver(effect: Extract<Effect, { do: 'refused' | 'exited' }>): void
  /** It does not start, or does again. */
  onFailing(why: Why | undefined): void
  /** Something of the cell's room may have become free. */
  onExit(): void
}

/** Performs what `next` decides for one launch. */
export class LaunchGroup implements Warmable {
  launch: Launch
  usedAt: number | undefined
  readonly #options: LaunchGroupOptions
  readonly #processes = new Map<number, Running>()
  readonly #emptied = new Set<() => void>()
  readonly #starts: LaunchProgress
  readonly #failing: Failing
  #isTelling = false
  #state: LaunchState = INITIAL
  #timer: NodeJS.Timeout | undefined

  constructor(options: LaunchGroupOptions) {
    this.launch = options.launch
    this.#options = options
    this.#failing = new Failing(options.onFailing)
    this.#starts = new LaunchProgress((slot) => this.#urgencyOf(slot))
  }

  /** Processes that are not being ended. */
  get liveCount(): number {
    let count = this.#state.waiting.length
    for (const slot of this.#state.slots.values()) if (slot.phase !== 'ending') count += 1
    return count
  }

  get endingCount(): number {
    return this.count - this.liveCount
  }

  get count(): number {
    return this.#state.slots.size + this.#state.waiting.length
  }

  get hasSpare(): boolean {
    return this.#count('spare') > 0
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  /** The processes that are there, for what concerns all of them. */
  processes(): Iterable<Running> {
    return this.#processes.values()
  }

  /** Whether it may have one more process, or will when one of those that end is gone. */
  get hasPlace(): boolean {
    return hasPlace(this.#state, this.#policy())
  }

  /** `idlest`: its own process that gives way where there is no room. */
  open(channel: number, idlest: number | undefined): void {
    this.dispatch({ type: 'open', channel, ...(idlest !== undefined && { idlest }) })
  }

  dispatch(event: SupervisorEvent): void {
    if (event.type === 'served') this.#failing.end()
    const { state, effects } = next(this.#state, event, performance.now(), this.#policy())
    this.#state = state
    clearTimeout(this.#timer)
    for (const effect of effects) this.#perform(effect)
    this.#tellSoon()
  }

  /** Whether a process is on its way. */
  get isStarting(): boolean {
    return this.#count('starting') > 0
  }

  unownedPids(): number[] {
    return this.#unowned().map(([, { pid }]) => pid)
  }

  rest(): void {
    for (const [slot, { quietMs = 0 }] of this.#unowned()) {
      if (quietMs >= OWN_IDLE_MS) this.dispatch({ type: 'expire', slot, reason: 'idle' })
    }
  }

  settle(): void {
    this.dispatch({ type: 'wake' })
  }

  /** Tells what its processes do, though that was told before: to another object. */
  tellAnew(): void {
    this.#starts.forgetTold()
    this.#tellSoon()
  }

  /** Whose its processes are; spares, and those that are ending, are left out. */
  owners(): Owner[] {
    const { slots, waiting } = this.#state
    const leased = [...slots.values()].flatMap(({ phase, channel }) => {
      return phase === 'ending' || channel === undefined ? [] : channel
    })
    return [...leased, ...waiting].map((channel) => this.#options.ownerOf(channel))
  }

  /** One that is ending gives its place once. */
  idle(): Idle[] {
    const idle: Idle[] = []
    for (const [slot, process] of this.#processes) {
      const { phase, channel } = this.#state.slots.get(slot) ?? {}
      const ms = process.idleMs ?? 0
      if (phase !== 'leased' || channel === undefined || ms < MIN_IDLE_MS) continue
      idle.push({ slot, ms, owner: this.#options.ownerOf(channel) })
    }
    return idle
  }

  /** Resolves when no process is there. */
  async emptied(): Promise<void> {
    if (this.#processes.size === 0) return
    await new Promise<void>((resolve) => this.#emptied.add(resolve))
  }

  #policy(): Policy {
    const { maxProcesses } = this.launch
    // A remote session that nobody uses would only be a connection that nobody uses.
    const isWarm = this.launch.isAdaptive !== true || this.#options.isWarm()
    const warm = this.launch.remote === undefined && isWarm ? this.launch.warm : 0
    const room = this.#options.room()
    const former = this.#options.former()
    const pool = { warm, maxProcesses, room, former, refillDelayMs: REFILL_DELAY_MS }
    return { ...DEFAULT_CRASH_POLICY, ...pool, jitter: Math.random() }
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'start':
        return void this.#start(effect.slot)
      case 'end':
        return this.#end(effect.slot, effect.reason === 'shutdown' ? SHUTDOWN_GRACE : GRACE)
      case 'wake': {
        const wait = Math.max(1, Math.ceil(effect.at - performance.now()))
        this.#timer = setTimeout(() => this.dispatch({ type: 'wake' }), wait)
        this.#timer.unref()
        return
      }
      case 'opened':
        return this.#open(effect)
      case 'refused':
      case 'exited':
        return this.#options.onOver(effect)
    }
  }

  #open({ channel, slot, warm }: Extract<Effect, { do: 'opened' }>): void {
    const process = this.#processes.get(slot)
    if (process !== undefined) this.#options.onOpened({ channel, slot, process, warm })
  }

  async #start(slot: number): Promise<void> {
    try {
      const watch = this.#watch(slot)
      const process = await this.#options.start(
        this.launch,
        watch,
        (exitCode, signal, detail, read) => {
          this.#processes.delete(slot)
          this.#starts.delete(slot)
          const isEnding = this.#state.slots.get(slot)?.phase === 'ending'
          const words = isEnding ? undefined : read?.()
          if (words?.isUnused) this.#failing.begin(words.why)
          const known = detail === undefined ? {} : { detail }
          const why = words?.why ?? known
          const common = words?.isUnused ? words.why : known
          this.dispatch({ type: 'exited', slot, exitCode, signal, why, common })
          this.#options.onExit()
          if (this.#processes.size === 0) this.#tellEmptied()
        },
      )
      this.#processes.set(slot, process)
      const wanted = this.#state.slots.get(slot)
      if (wanted?.phase === 'ending') {
        this.#end(slot, wanted.reason === 'shutdown' ? SHUTDOWN_GRACE : GRACE)
      } else {
        this.dispatch({ type: 'started', slot })
        this.#failing.endLater(() => this.#processes.get(slot) === process)
      }
    } catch (error) {
      this.#starts.delete(slot)
      const why = explainStart(this.launch, error)
      // One that nobody wants any more was given up, and has not failed.
      if (this.#state.slots.get(slot)?.phase !== 'ending') this.#failing.begin(why)
      this.dispatch({ type: 'start-failed', slot, why })
      this.#options.onExit()
    }
  }

  #watch(slot: number): StartWatch {
    const urgencyOf = (): Urgency => this.#urgencyOf(slot)
    return {
      ticket: {
        get urgency() {
          return urgencyOf()
        },
      },
      isWanted: () => this.#state.slots.get(slot)?.phase !== 'ending',
      onState: (state, packageName) => {
        this.#starts.set(slot, state, packageName)
        this.#tellSoon()
      },
    }
  }

  #urgencyOf(slot: number): Urgency {
    const { channel } = this.#state.slots.get(slot) ?? {}
    return channel === undefined ? URGENCY.none : this.#options.urgencyOf(channel)
  }

  /** Once for all that happens in one turn of the event loop. */
  #tellSoon(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    queueMicrotask(() => {
      this.#isTelling = false
      const spares = this.#count('spare')
      const meta = this.#starts.next({ processes: this.#processes.size, spares })
      if (meta !== undefined) this.#options.onState({ server: this.launch.name, ...meta })
    })
  }

  #end(slot: number, grace: typeof GRACE): void {
    void this.#processes.get(slot)?.end(grace)
  }

  /** Spares, and processes in which Hearth itself asks something. */
  #unowned(): [slot: number, process: Running][] {
    return [...this.#processes].filter(([slot]) => {
      const { phase, channel } = this.#state.slots.get(slot) ?? {}
      if (phase !== 'leased') return phase === 'spare'
      return channel !== undefined && this.#options.ownerOf(channel) === undefined
    })
  }

  #count(phase: Slot['phase']): number {
    let count = 0
    for (const slot of this.#state.slots.values()) if (slot.phase === phase) count += 1
    return count
  }

  #tellEmptied(): void {
    for (const resolve of this.#emptied) resolve()
    this.#emptied.clear()
  }
}
