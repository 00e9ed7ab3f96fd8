/**
 * Concurrency limits. They are counted over the calls in flight themselves, so a slot is free again
 * in the step in which its call is settled, whatever way that was.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { Occupancy } from '#protocol/limiter.ts'

/** When a slot comes free is not known. */
const RETRY_AFTER_MS = 1_000
const FOR: Record<Occupancy['per'], string> = {
  tenant: 'for all callers together',
  principal: 'for each caller',
  tool: 'for this tool',
}

/**
 * Throws `too_many_calls` when one of the limits has no room beside these calls. The new one joins
 * them in the same step.
 */
export function requireSlots(
  { occupancies }: HostCall,
  inFlight: Iterable<{ readonly host: HostCall }>,
): void {
  if (occupancies === undefined) return
  const counts = new Map(occupancies.map(({ key }) => [key, 0]))
  for (const { host } of inFlight) {
    for (const { key } of host.occupancies ?? []) {
      const count = counts.get(key)
      if (count !== undefined) counts.set(key, count + 1)
    }
  }
  const [first, ...others] = occupancies.filter(({ key, limit }) => (counts.get(key) ?? 0) >= limit)
  if (first !== undefined) throw toRefusal([first, ...others])
}

/** The fields are those of draft-ietf-httpapi-ratelimit-headers-11, sections 3.1.2 and 4.1. */
function toRefusal(full: readonly [Occupancy, ...Occupancy[]]): GatewayError {
  const [{ name, per, limit }] = full
  const calls = limit === 1 ? '1 call' : `${limit} calls`
  const policies = full.map((one) => `"${one.name}";q=${one.limit};qu="concurrent-requests"`)
  return new GatewayError('too_many_calls', {
    detail: `the limit "${name}" allows ${calls} at once ${FOR[per]}; try again when one of them has ended`,
    data: { limit: name, scope: per },
    retryAfterMs: RETRY_AFTER_MS,
    headers: {
      'ratelimit-policy': policies.join(', '),
      ratelimit: full.map((one) => `"${one.name}";r=0`).join(', '),
    },
  })
}
