/** Spares: which one is taken, and when others are started. Pure. */
import { endSlot, startSlot } from './slots.ts'
import type { Draft, Slot } from './slots.ts'

/** The longest started is the likeliest to be ready. */
export function oldestSpare(slots: ReadonlyMap<number, Slot>): number | undefined {
  for (const [number, slot] of slots) if (slot.phase === 'spare') return number
  return undefined
}

/** Starts what is missing, or says when to try again. Channels that wait go first. */
export function fillPool(draft: Draft): void {
  const { now, policy } = draft
  if (draft.retired) return endSpares(draft, Infinity)
  if (draft.waiting.length > 0) return
  const slots = [...draft.slots.values()]
  const live = slots.filter(
    (slot) => slot.phase === 'spare' || (slot.phase === 'starting' && slot.channel === undefined),
  ).length
  const starting = draft.effects.filter((effect) => effect.do === 'start').length
  const used = slots.length + (policy.former ?? 0)
  const free = Math.min(policy.maxProcesses - used, policy.room - starting)
  const missing = Math.min(policy.warm - live, free)
  if (missing <= 0) return endSpares(draft, live - policy.warm)
  if (now < draft.crashes.retryAt) {
    draft.effects.push({ do: 'wake', at: draft.crashes.retryAt })
    return
  }
  const refillAt = draft.takenAt + policy.refillDelayMs
  if (now < refillAt) {
    draft.effects.push({ do: 'wake', at: refillAt })
    return
  }
  for (let count = 0; count < missing; count += 1) startSlot(draft)
}

/**
 * Spares that nobody needs: their channel left while they started, or the pool is smaller than before.
 * Those that are not there yet go first.
 */
function endSpares(draft: Draft, surplus: number): void {
  let left = surplus
  for (const phase of ['starting', 'spare']) {
    for (const [number, slot] of draft.slots) {
      if (left <= 0) return
      if (slot.phase !== phase || slot.channel !== undefined) continue
      endSlot(draft, number, 'closed')
      left -= 1
    }
  }
}
