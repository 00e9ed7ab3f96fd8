/** A host program that was told to stop finishes its calls first, and the next one starts when it is gone. */
import { GatewayError } from '#protocol/errors.ts'

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
    if (this.#over === undefined) return
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(stillDraining()), deadline - Date.now())
    try {
      await Promise.race([this.#over.promise, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

function stillDraining(): GatewayError {
  return new GatewayError('shutting_down', {
    detail: 'its container is being replaced, and has calls to finish first',
    retryAfterMs: RETRY_AFTER_MS,
  })
}
