/** A call whose process is gone runs once more, at once and on the next one, before its guard is asked. */
import { GatewayError } from '#protocol/errors.ts'
import type { ClientCall } from '../call/client-call.ts'

export interface Repetition {
  /** Whether it may; may ask the server. */
  mayRepeat: () => Promise<boolean>
  /** Sends it again. Throws, or rejects, before that was done. */
  again: () => Promise<void> | undefined
}

/** `error`: what it fails with where it may not, or the server's budget of retries is used up. */
export function repeatOnce(call: ClientCall, error: GatewayError, how: Repetition): void {
  const repeat = async (): Promise<void> => {
    const may = await how.mayRepeat()
    if (call.settled) return
    call.repeated = true
    if (may && call.takeRepetition()) return how.again()
    call.onLost(error)
  }
  repeat().catch((failure: unknown) => call.onLost(GatewayError.is(failure) ? failure : error))
}
