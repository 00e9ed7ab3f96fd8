/** The alarm that deletes what is old, while there is something that grows old. */
import type { TenantParts } from './parts.ts'

const SWEEP_EVERY_MS = 86_400_000

/** Leaves an alarm that is set as it is. */
export async function ensureSweep(storage: DurableObjectStorage, now: number): Promise<void> {
  if ((await storage.getAlarm()) === null) await storage.setAlarm(now + SWEEP_EVERY_MS)
}

/** Whether anything is left that will be old. */
export function sweep({ tokens, audit }: TenantParts, now: number): boolean {
  const [hasTokens, hasEvents] = [tokens.sweep(now), audit.sweep(now)]
  return hasTokens || hasEvents
}
