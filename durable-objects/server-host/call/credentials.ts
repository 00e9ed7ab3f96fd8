/**
 * What each credential holds open, and which have ended. A stream or a call ends with the credential
 * that opened it: by a revocation, or when its time is over.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isolate } from '../../isolate.ts'
import type { Ticker, Ticking } from '../processes/ticker.ts'

/** Longer than an isolate goes on with a verdict that it has. */
const REFUSED_MS = 60_000
/** Credentials that are refused; beyond it the one that ended first is forgotten. */
const MAX_ENDED = 10_000

type Holder = Pick<HostCall, 'credential' | 'expiresAt'>

interface Held {
  credential: string
  /** `Date.now()` */
  endsAt: number
  end: () => void
}

export class Credentials implements Ticking {
  readonly #ticker: Ticker
  readonly #held = new Set<Held>()
  /** Those of them whose credential expires. */
  readonly #expiring = new Set<Held>()
  /** From when until when a credential is refused (`Date.now()`), in the order in which it was said. */
  readonly #ended = new Map<string, { from: number; until: number }>()

  constructor(ticker: Ticker) {
    this.#ticker = ticker
  }

  /** Throws `unauthorized` for a credential that has ended. Returns the `Date.now()` at which it ends. */
  check({ credential, expiresAt = Infinity }: Holder, now: number): number {
    const ended = this.#endOf(credential)
    const isRefused = ended !== undefined && now >= ended.from && now < ended.until
    if (isRefused || now >= expiresAt) throw unauthorized()
    return Math.min(expiresAt, ended?.from ?? Infinity)
  }

  /**
   * `end` is called when the credential ends, at most once, and not after what is returned was.
   * Throws `unauthorized` when it has ended by now.
   */
  hold(holder: Holder, end: () => void): () => void {
    const endsAt = this.check(holder, Date.now())
    const held = { credential: holder.credential, endsAt, end }
    this.#held.add(held)
    this.#watch(held)
    return () => this.#letGo(held)
  }

  /**
   * At `from`, which may be ahead, what it opened ends, and its calls are refused for a while.
   * `jwt:{issuer}` stands for all JWTs of that issuer.
   */
  end(credential: string, from: number, now: number): void {
    this.#ended.delete(credential)
    this.#ended.set(credential, { from, until: from + REFUSED_MS })
    for (const [oldest, { until }] of this.#ended) {
      if (until > now && this.#ended.size <= MAX_ENDED) break
      this.#ended.delete(oldest)
    }
    for (const held of this.#held) {
      if (held.credential !== credential && issuerOf(held.credential) !== credential) continue
      held.endsAt = Math.min(held.endsAt, from)
      if (from <= now) this.#end(held)
      else this.#watch(held)
    }
  }

  /** Everything that is held ends now. */
  endAll(): void {
    for (const held of this.#held) this.#end(held)
  }

  tick(now: number): void {
    for (const held of this.#expiring) if (now >= held.endsAt) this.#end(held)
  }

  #endOf(credential: string): { from: number; until: number } | undefined {
    if (this.#ended.size === 0) return undefined
    return this.#ended.get(credential) ?? this.#ended.get(issuerOf(credential))
  }

  #watch(held: Held): void {
    if (held.endsAt === Infinity) return
    if (this.#expiring.size === 0) this.#ticker.add(this)
    this.#expiring.add(held)
  }

  #end(held: Held): void {
    this.#letGo(held)
    isolate('an ending', held.end)
  }

  #letGo(held: Held): void {
    this.#held.delete(held)
    if (this.#expiring.delete(held) && this.#expiring.size === 0) this.#ticker.delete(this)
  }
}

/** `jwt:{issuer}` of a JWT's credential; that of a token has no third part. */
function issuerOf(credential: string): string {
  const end = credential.indexOf(':', credential.indexOf(':') + 1)
  return end === -1 ? credential : credential.slice(0, end)
}

/** As the worker says it of a token that it does not take (RFC 6750, section 3.1). */
export function unauthorized(): GatewayError {
  return new GatewayError('unauthorized', { data: { reason: 'invalid_token' } })
}
