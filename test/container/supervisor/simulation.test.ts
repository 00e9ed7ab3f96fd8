import { expect, test } from 'vitest'
import { DEFAULT_CRASH_POLICY } from '#container/supervisor/crash-loop.ts'
import { INITIAL, next } from '#container/supervisor/state.ts'
import type { LaunchState, Policy, SupervisorEvent } from '#container/supervisor/slots.ts'

/** Mulberry32: small, and the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A world of random starts, crashes, opens and closes that checks what must always hold. */
const FIXED = { room: 100, jitter: 0.3, refillDelayMs: 0 }

class World {
  readonly #random: () => number
  readonly #policy: Policy
  readonly #processes = new Map<number, 'starting' | 'running' | 'ending'>()
  readonly #unsettled = new Set<number>()
  readonly #open = new Map<number, number>()
  #state: LaunchState = INITIAL
  #now = 0
  #channel = 0

  constructor(seed: number) {
    this.#random = createRandom(seed)
    const warm = Math.floor(this.#random() * 3)
    const maxProcesses = 1 + Math.floor(this.#random() * 5)
    this.#policy = { ...DEFAULT_CRASH_POLICY, warm, maxProcesses, ...FIXED }
  }

  step(): void {
    this.#now += this.#random() * 3_000
    const event = this.#pick()
    if (event !== undefined) this.#dispatch(event)
  }

  /** Ends everything; afterwards nothing may be left. */
  finish(): void {
    this.#dispatch({ type: 'shutdown' })
    for (const [slot, phase] of [...this.#processes]) {
      const failed = phase === 'starting' && this.#random() < 0.5
      this.#processes.delete(slot)
      if (failed) this.#dispatch({ type: 'start-failed', slot, why: { detail: 'x' } })
      else this.#dispatch({ type: 'exited', slot, exitCode: 0, signal: null })
    }
    expect(this.#unsettled.size).toBe(0)
    expect(this.#open.size).toBe(0)
    expect(this.#state.slots.size).toBe(0)
  }

  #pick(): SupervisorEvent | undefined {
    const roll = this.#random()
    if (roll < 0.3) {
      this.#unsettled.add((this.#channel += 1))
      return { type: 'open', channel: this.#channel }
    }
    if (roll < 0.45) {
      const channel = this.#any([...this.#unsettled, ...this.#open.keys()])
      return channel === undefined ? undefined : { type: 'close', channel }
    }
    if (roll < 0.5) return { type: 'wake' }
    if (roll < 0.52) return { type: 'evict' }
    const slot = this.#any([...this.#processes.keys()])
    return slot === undefined ? undefined : this.#happen(slot)
  }

  #happen(slot: number): SupervisorEvent {
    const isStarting = this.#processes.get(slot) === 'starting'
    const roll = this.#random()
    if (isStarting && roll < 0.7) {
      this.#processes.set(slot, 'running')
      return { type: 'started', slot }
    }
    if (!isStarting && roll < 0.3) return { type: 'expire', slot, reason: 'idle' }
    this.#processes.delete(slot)
    return isStarting
      ? { type: 'start-failed', slot, why: { detail: 'x' } }
      : { type: 'exited', slot, exitCode: 1, signal: null }
  }

  #any(values: number[]): number | undefined {
    return values[Math.floor(this.#random() * values.length)]
  }

  #dispatch(event: SupervisorEvent): void {
    const { state, effects } = next(this.#state, event, this.#now, this.#policy)
    this.#state = state
    for (const effect of effects) {
      if (effect.do === 'start') {
        expect(this.#processes.has(effect.slot), 'a slot has one process').toBe(false)
        this.#processes.set(effect.slot, 'starting')
      }
      if (effect.do === 'end') expect(this.#processes.has(effect.slot)).toBe(true)
      if (effect.do === 'opened') {
        expect(this.#unsettled.delete(effect.channel), 'an open settles once').toBe(true)
        expect([...this.#open.values()], 'a process has one channel').not.toContain(effect.slot)
        this.#open.set(effect.channel, effect.slot)
      }
      if (effect.do === 'refused') expect(this.#unsettled.delete(effect.channel)).toBe(true)
      if (effect.do === 'exited') {
        const wasKnown = this.#open.delete(effect.channel) || this.#unsettled.delete(effect.channel)
        expect(wasKnown, 'a channel ends once').toBe(true)
      }
    }
    expect(this.#processes.size).toBeLessThanOrEqual(this.#policy.maxProcesses)
    expect([...this.#state.slots.keys()].sort()).toEqual([...this.#processes.keys()].sort())
  }
}

test('whatever happens, no slot has two processes and every open settles exactly once', () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    try {
      const world = new World(seed)
      for (let step = 0; step < 300; step += 1) world.step()
      world.finish()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
