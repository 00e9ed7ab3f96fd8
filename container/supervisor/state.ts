/**
 * What happens to the processes of one launch: pure, no clock, no randomness, no I/O.
 * A slot is one process from the decision to start it until it is gone.
 */
import { forgive, isCrashLooping, recordFailure, settleFailures } from './crash-loop.ts'
import { endSlot, hasPlace, refuse, startSlot } from './slots.ts'
import type { Failure } from './crash-loop.ts'
import type {
  Draft,
  Effect,
  EndReason,
  LaunchState,
  Policy,
  Slot,
  SupervisorEvent,
} from './slots.ts'
import { fillPool, oldestSpare } from './warm-pool.ts'
import type { RefusedMeta, Why } from '#protocol/link.ts'

export interface Step {
  state: LaunchState
  effects: Effect[]
}

export const INITIAL: LaunchState = {
  slots: new Map(),
  waiting: [],
  nextSlot: 1,
  crashes: { times: [], count: 0, isLooping: false, retryAt: 0 },
  takenAt: -Infinity,
  retired: false,
}

export function next(
  state: LaunchState,
  event: SupervisorEvent,
  now: number,
  policy: Policy,
): Step {
  const draft: Draft = {
    ...state,
    slots: new Map(state.slots),
    waiting: [...state.waiting],
    effects: [],
    now,
    policy,
  }
  draft.crashes = settleFailures(draft.crashes, draft.slots.values(), now, policy)
  apply(draft, event)
  startWaiting(draft)
  fillPool(draft)
  const { slots, waiting, nextSlot, crashes, takenAt, retired, effects } = draft
  return { state: { slots, waiting, nextSlot, crashes, takenAt, retired }, effects }
}

function apply(draft: Draft, event: SupervisorEvent): void {
  switch (event.type) {
    case 'open':
      return open(draft, event.channel, event.idlest)
    case 'close':
      return close(draft, event.channel)
    case 'started':
      return started(draft, event.slot)
    case 'served':
      return served(draft, event.slot)
    case 'start-failed':
      return startFailed(draft, event.slot, event.why)
    case 'exited':
      return exited(draft, event)
    case 'expire':
      return expire(draft, event.slot, event.reason)
    case 'evict':
      return evict(draft)
    case 'wake':
      return
    case 'retire':
      return retire(draft)
    case 'drain':
      return shutDown(draft, 'unleased')
    case 'shutdown':
      return shutDown(draft, 'all')
  }
}

function open(draft: Draft, channel: number, idlest: number | undefined): void {
  if (draft.retired) return refuse(draft, channel, { code: 'shutting_down' })
  const spare = oldestSpare(draft.slots)
  if (spare !== undefined) {
    draft.takenAt = draft.now
    return lease(draft, spare, channel, true)
  }
  if (joinStart(draft, channel)) return
  if (isCrashLooping(draft.crashes, draft.now)) return refuse(draft, channel, toRefusal(draft))
  if (hasPlace(draft, draft.policy) && draft.policy.room > 0) draft.waiting.push(channel)
  else if (draft.slots.get(idlest ?? -1)?.phase === 'leased') replace(draft, idlest ?? -1, channel)
  else refuse(draft, channel, { code: 'server_busy' })
}

/** A session outlives its process, so an idle one gives its place to a session that has none. */
function replace(draft: Draft, idlest: number, channel: number): void {
  endSlot(draft, idlest, 'idle')
  draft.waiting.push(channel)
}

/** A spare that is just starting is as good as one that is started now. */
function joinStart(draft: Draft, channel: number): boolean {
  for (const [number, slot] of draft.slots) {
    if (slot.phase !== 'starting' || slot.channel !== undefined) continue
    draft.slots.set(number, { ...slot, channel })
    return true
  }
  return false
}

function toRefusal({ crashes, now }: Draft): RefusedMeta {
  const { lastFailure, retryAt } = crashes
  return {
    code: lastFailure?.neverStarted === true ? 'server_start_failed' : 'server_crash_loop',
    ...lastFailure?.why,
    retryAfterMs: Math.ceil(retryAt - now),
  }
}

/** Started at once where there is room, else as soon as an ending process has left its place. */
function startWaiting(draft: Draft): void {
  const { maxProcesses, former = 0 } = draft.policy
  while (draft.slots.size + former < maxProcesses) {
    const channel = draft.waiting.shift()
    if (channel === undefined) return
    startSlot(draft, channel)
  }
}

/** A channel closed before it was opened gets its `exit`; the process that was to be its own is a spare. */
function close(draft: Draft, channel: number): void {
  const waitingAt = draft.waiting.indexOf(channel)
  if (waitingAt !== -1) {
    draft.waiting.splice(waitingAt, 1)
    draft.effects.push(closedUnopened(channel))
    return
  }
  for (const [number, slot] of draft.slots) {
    if (slot.channel !== channel) continue
    if (slot.phase === 'leased') endSlot(draft, number, 'closed')
    if (slot.phase === 'starting') {
      draft.slots.set(number, { phase: 'starting', since: slot.since })
      draft.effects.push(closedUnopened(channel))
    }
    return
  }
}

function closedUnopened(channel: number): Effect {
  return { do: 'exited', channel, exitCode: null, signal: null, reason: 'closed' }
}

function started(draft: Draft, number: number): void {
  const slot = draft.slots.get(number)
  if (slot?.phase !== 'starting') return
  draft.slots.set(number, { phase: 'spare', since: draft.now })
  if (slot.channel !== undefined) lease(draft, number, slot.channel, false)
}

function lease(draft: Draft, number: number, channel: number, warm: boolean): void {
  const slot = draft.slots.get(number)
  if (slot === undefined) return
  draft.slots.set(number, { ...slot, phase: 'leased', channel })
  draft.effects.push({ do: 'opened', channel, slot: number, warm })
}

function served(draft: Draft, number: number): void {
  const slot = draft.slots.get(number)
  if (slot === undefined) return
  draft.slots.set(number, { ...slot, hasServed: true })
  draft.crashes = forgive(draft.crashes, slot.since)
}

function startFailed(draft: Draft, number: number, why: Why): void {
  const slot = draft.slots.get(number)
  draft.slots.delete(number)
  if (slot?.phase !== 'starting') return
  fail(draft, { why, neverStarted: true })
  if (slot.channel === undefined) return
  refuse(draft, slot.channel, { code: 'server_start_failed', ...why })
}

function exited(draft: Draft, event: Extract<SupervisorEvent, { type: 'exited' }>): void {
  const slot = draft.slots.get(event.slot)
  if (slot === undefined) return
  draft.slots.delete(event.slot)
  const { exitCode, signal, why, common } = event
  if (isFailedStart(slot, draft)) {
    const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`
    fail(draft, { why: { detail: `the process ${how}`, ...common }, neverStarted: false })
  }
  if (slot.channel === undefined) return
  const reason = slot.reason ?? 'crashed'
  draft.effects.push({ do: 'exited', channel: slot.channel, exitCode, signal, reason, ...why })
}

/** One that has served has come up; why it died is a matter of whoever used it. */
function isFailedStart(slot: Slot, { now, policy }: Draft): boolean {
  return slot.phase !== 'ending' && slot.hasServed !== true && now - slot.since < policy.stableMs
}

function fail(draft: Draft, failure: Failure): void {
  draft.crashes = recordFailure(draft.crashes, failure, draft.now, draft.policy)
}

function expire(draft: Draft, number: number, reason: EndReason): void {
  if (draft.slots.get(number)?.phase === 'leased') endSlot(draft, number, reason)
}

function evict(draft: Draft): void {
  const spare = oldestSpare(draft.slots)
  if (spare !== undefined) endSlot(draft, spare, 'closed')
}

function retire(draft: Draft): void {
  draft.retired = true
  for (const [number, slot] of draft.slots) {
    if (slot.phase === 'leased' || slot.channel !== undefined) continue
    endSlot(draft, number, 'closed')
  }
}

function shutDown(draft: Draft, which: 'all' | 'unleased'): void {
  draft.retired = true
  for (const channel of draft.waiting.splice(0)) refuse(draft, channel, { code: 'shutting_down' })
  for (const [number, slot] of draft.slots) {
    if (slot.phase === 'starting' && slot.channel !== undefined) {
      refuse(draft, slot.channel, { code: 'shutting_down' })
      draft.slots.set(number, { phase: 'starting', since: slot.since })
    }
    if (which === 'all' || slot.phase !== 'leased') endSlot(draft, number, 'shutdown')
  }
}
