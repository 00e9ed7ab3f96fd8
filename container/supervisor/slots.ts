/** The parts of a launch's state, and the small changes that its events are made of. Pure. */
import type { ExitMeta, RefusedMeta, Why } from '#protocol/link.ts'
import type { CrashPolicy, CrashRecord } from './crash-loop.ts'

export type EndReason = ExitMeta['reason']

export interface Slot {
  phase: 'starting' | 'spare' | 'leased' | 'ending'
  /** The channel that has it, or waits for it while it starts. */
  channel?: number
  /** When the start was asked for, then when the process was there. */
  since: number
  /** It has answered a request, so it has come up. */
  hasServed?: boolean
  /** Why it is being ended. */
  reason?: EndReason
}

export interface LaunchState {
  slots: ReadonlyMap<number, Slot>
  /** Channels that get the slots of processes that are ending, in order. */
  waiting: readonly number[]
  nextSlot: number
  crashes: CrashRecord
  /** When a spare was taken last. */
  takenAt: number
  /** Replaced by another launch, or shutting down: no spares, no new channels. */
  retired: boolean
}

export interface Policy extends CrashPolicy {
  warm: number
  /** How long a spare that was taken is not replaced: its session has the processor first. */
  refillDelayMs: number
  maxProcesses: number
  /** How many more processes the cell may have. */
  room: number
  /** Processes of the launch that this one took the place of. They count, and are about to end. */
  former?: number
}

export type SupervisorEvent =
  /** `idlest`: the leased process that may be ended to make room. */
  | { type: 'open'; channel: number; idlest?: number }
  | { type: 'close'; channel: number }
  | { type: 'started'; slot: number }
  /** Its first answer that is no error. */
  | { type: 'served'; slot: number }
  | { type: 'start-failed'; slot: number; why: Why }
  | {
      type: 'exited'
      slot: number
      exitCode: number | null
      signal: string | null
      /** For the caller that has it. */
      why?: Why
      /** The same for whoever asks next: without what was printed about a call. */
      common?: Why
    }
  /** End a leased process for a reason of our own; `crashed` is for one that cannot go on. */
  | { type: 'expire'; slot: number; reason: 'idle' | 'lifetime' | 'crashed' | 'shutdown' }
  /** Give up one spare, to make room for another launch. */
  | { type: 'evict' }
  | { type: 'wake' }
  | { type: 'retire' }
  /** Nothing is started any more, and what nobody has leased ends. */
  | { type: 'drain' }
  | { type: 'shutdown' }

export type Effect =
  | { do: 'start'; slot: number }
  | { do: 'end'; slot: number; reason: EndReason }
  | { do: 'opened'; channel: number; slot: number; warm: boolean }
  | ({ do: 'refused'; channel: number } & RefusedMeta)
  | ({ do: 'exited'; channel: number } & ExitMeta)
  | { do: 'wake'; at: number }

/** A step under construction: `next` copies the state once, then its parts change the copy. */
export interface Draft {
  slots: Map<number, Slot>
  waiting: number[]
  nextSlot: number
  crashes: CrashRecord
  takenAt: number
  retired: boolean
  effects: Effect[]
  readonly now: number
  readonly policy: Policy
}

/** Waiting channels get the places of processes that end. */
export function hasPlace(
  { slots, waiting }: Pick<LaunchState, 'slots' | 'waiting'>,
  policy: Policy,
): boolean {
  const { maxProcesses, former = 0 } = policy
  if (slots.size + former < maxProcesses) return true
  const ending = [...slots.values()].filter(({ phase }) => phase === 'ending').length
  return ending + former > waiting.length
}

export function startSlot(draft: Draft, channel?: number): void {
  const slot = draft.nextSlot
  draft.nextSlot += 1
  draft.slots.set(slot, {
    phase: 'starting',
    since: draft.now,
    ...(channel === undefined ? {} : { channel }),
  })
  draft.effects.push({ do: 'start', slot })
}

/** A process that is being ended already keeps its first reason. */
export function endSlot(draft: Draft, number: number, reason: EndReason): void {
  const slot = draft.slots.get(number)
  if (slot === undefined || slot.phase === 'ending') return
  draft.slots.set(number, { ...slot, phase: 'ending', reason })
  draft.effects.push({ do: 'end', slot: number, reason })
}

export function refuse(draft: Draft, channel: number, meta: RefusedMeta): void {
  draft.effects.push({ do: 'refused', channel, ...meta })
}
