/** The alarm that deletes what is old, while there is something that grows old. */
interface Sweepable {
  /** Whether anything is left that will be old. */
  sweep(now: number): boolean
}

const SWEEP_EVERY_MS = 86_400_000

/** Leaves an alarm that is set as it is. */
export async function ensureSweep(storage: DurableObjectStorage, now: number): Promise<void> {
  if ((await storage.getAlarm()) === null) await storage.setAlarm(now + SWEEP_EVERY_MS)
}

/** Whether anything is left that will be old. */
export function sweep(
  { tokens, audit }: Record<'tokens' | 'audit', Sweepable>,
  now: number,
): boolean {
  const [hasTokens, hasEvents] = [tokens.sweep(now), audit.sweep(now)]
  return hasTokens || hasEvents
}
