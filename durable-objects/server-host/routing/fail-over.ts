/** Whether a call that failed at one server of its route may go to the next. Pure. */
import { specOf, type GatewayError } from '#protocol/errors.ts'

/**
 * `repeatable`: only where the call is safe to repeat. What a server answers itself, also an error, is
 * the answer; a call that has used up its time gets no other try.
 */
export function mayFailOver(
  { code }: GatewayError,
  { undelivered, hasSpoken }: { undelivered: boolean; hasSpoken: boolean },
): 'yes' | 'repeatable' | 'no' {
  if (hasSpoken) return 'no'
  const seen = specOf(code)?.seen
  if (seen === 'no') return 'yes'
  if (seen === undefined || seen === 'answered') return 'no'
  return undelivered ? 'yes' : 'repeatable'
}
