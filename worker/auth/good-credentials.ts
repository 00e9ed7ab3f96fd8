/**
 * Tokens that were found good in this isolate, and whose they are, for what is counted before a token is
 * looked at. The keys are the tokens themselves, as in
 * verdict-cache.ts.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
import type { Verdict } from '#protocol/tenant.ts'

const MAX_GOOD_CREDENTIALS = 4_000

export class GoodCredentials {
  readonly #keys = new BoundedMap<string, string>(MAX_GOOD_CREDENTIALS)

  note(token: string, { tenant, credential }: Pick<Verdict, 'tenant' | 'credential'>): void {
    if (this.#keys.has(token)) return
    this.#keys.set(token, `credential ${tenant} ${credential}`)
  }

  /** It was refused: it has ended. */
  forget(token: string): void {
    this.#keys.delete(token)
  }

  keyOf(token: string): string | undefined {
    return this.#keys.get(token)
  }
}
