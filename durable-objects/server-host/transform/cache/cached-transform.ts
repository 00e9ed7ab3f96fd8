/** The transform of a call whose answer may be kept: notes the server's own answer, and how it ended. */
import type { CallLog } from '#protocol/call-log.ts'
import { specOf, type GatewayError } from '#protocol/errors.ts'
import { isShareable } from './policy.ts'
import type { CallTransform, Freshness } from '../../call/call-transform.ts'
import type { Landing } from './flight.ts'

export interface Outcome {
  landing: Landing
  freshness: Freshness | undefined
}

export interface CachedTransformOptions {
  inner: CallTransform
  principal: string
  /** What is kept, where the server failed in a way that allows it. */
  whenLost: (error: GatewayError) => Uint8Array | undefined
}

export class CachedTransform implements CallTransform {
  cache: CallLog['cache'] = 'miss'
  readonly former: CallTransform['former']
  readonly #options: CachedTransformOptions
  /** Set on whoever runs. */
  #onLanded: ((outcome: Outcome) => void) | undefined
  #response: Landing['response']
  #error: GatewayError | undefined

  constructor(options: CachedTransformOptions) {
    this.#options = options
    this.former = options.inner.former
  }

  /** From now on it is the one that runs. */
  lead(onLanded: (outcome: Outcome) => void): void {
    this.#onLanded = onLanded
  }

  onAnswer(payload: Uint8Array, outcome: CallLog['outcome']): Uint8Array {
    if (this.#error === undefined) this.#response = { payload, outcome }
    return this.#options.inner.onAnswer(payload, outcome)
  }

  onEvent(payload: Uint8Array): Uint8Array {
    return this.#options.inner.onEvent(payload)
  }

  onLost(error: GatewayError): Uint8Array | undefined {
    this.#error = error
    const kept = this.#options.whenLost(error)
    if (kept !== undefined) this.cache = 'stale'
    return kept
  }

  onSettled(_outcome: CallLog['outcome'], freshness: Freshness | undefined): void {
    const response = this.#response
    const error = this.#error
    const canShare = response !== undefined && isShareable(response.payload)
    const isAnyones = freshness?.isPrivate !== true
    this.#onLanded?.({
      freshness,
      landing: {
        ...(response && { response }),
        // What one client's own doing ended says nothing to the others.
        ...(error !== undefined && specOf(error.code)?.blames !== 'client' && { error }),
        mayShare: (principal) => canShare && (isAnyones || principal === this.#options.principal),
      },
    })
    this.#onLanded = undefined
  }
}
