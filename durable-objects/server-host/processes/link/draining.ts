/** A host program that was told to stop finishes its calls first, and the next one starts when it is gone. */
import { GatewayError } from '#protocol/errors.ts'
import { within } from '#protocol/within.ts'

const RETRY_AFTER_MS = 5_000

export class Draining {
  #over: PromiseWithResolvers<void> | undefined

  get isUnderWay(): boolean {
    return this.#over !== undefined
  }

  begin(): void {
    this.#over ??= Promise.withResolvers()
  }

  /** Its connection is gone. One that was cut says again at the next one that it drains. */
  end(): void {
    this.#over?.resolve()
    this.#over = undefined
  }

  /** Resolves at its end; throws `shutting_down` when that is not by `deadline` (`Date.now()`). */
  async over(deadline: number): Promise<void> {
    await within(this.#over?.promise ?? Promise.resolve(), deadline - Date.now(), () => {
      throw stillDraining()
    })
  }
}

function stillDraining(): GatewayError {
  return new GatewayError('shutting_down', {
    detail: 'its container is being replaced, and has calls to finish first',
    retryAfterMs: RETRY_AFTER_MS,
  })
}
