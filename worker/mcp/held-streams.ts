/**
 * GET streams of tenants at rest. Their object has nothing to say until somebody calls, and would be billed
 * for each second that it holds a stream. So the worker, which is not, holds it in its place, and ends it
 * when a call of the tenant comes by: the client then opens it again, at an object that is awake.
 */
import { RESTS_HEADER } from '#protocol/host-call.ts'

/** A quiet stream is written to this often, for the proxies on its way. */
const PING_MS = 25_000
/** Then it ends, and the object is asked again: another isolate may have seen a call. */
const MAX_HELD_MS = 43_200_000
/** In an isolate. Clients of others are told to come again later. */
const MAX_HELD = 1_000
const LATER_MS = 600_000
/** Tenants of which an isolate knows when they were last called. */
const MAX_WOKEN = 10_000

const COMMENT = new TextEncoder().encode(':\n\n')
const LATER = new TextEncoder().encode(`retry: ${LATER_MS}\n\n`)

interface Held {
  tenant: string
  /** `Date.now()`; the platform may end a request without a word. */
  seenAt: number
  wake: () => void
}

export class HeldStreams {
  readonly #held = new Set<Held>()
  /** When each tenant was last called; who was called longest ago comes first. */
  readonly #wokenAt = new Map<string, number>()
  /** When the last of those was called that are not known any more. */
  #forgottenAt = 0
  /** Counts, as the platform's clock stands still between two waits. */
  #time = 0

  /** For `hold`, before the object is asked. */
  get time(): number {
    return ++this.#time
  }

  /** Ends the streams of a tenant: it is called, or was. */
  wake(tenant: string): void {
    this.#wokenAt.delete(tenant)
    this.#wokenAt.set(tenant, this.time)
    if (this.#wokenAt.size > MAX_WOKEN) this.#forgetOldest()
    if (this.#held.size === 0) return
    for (const held of this.#held) if (held.tenant === tenant) held.wake()
  }

  /**
   * The response of an object that rests, held open. `askedAt`: when it was asked; it is awake if its
   * tenant was called since. `endsAt`: of the credential.
   */
  async hold(
    response: Response,
    { tenant, askedAt, endsAt = Infinity }: { tenant: string; askedAt: number; endsAt?: number },
  ): Promise<Response> {
    const said = new Uint8Array(await response.arrayBuffer())
    const headers = new Headers(response.headers)
    headers.delete(RESTS_HEADER)
    if ((this.#wokenAt.get(tenant) ?? this.#forgottenAt) > askedAt) {
      return new Response(said, { headers })
    }
    this.#endUnread()
    if (this.#held.size >= MAX_HELD) return new Response(concatenate(said, LATER), { headers })
    return new Response(this.#open(tenant, said, endsAt), { headers })
  }

  #open(tenant: string, said: Uint8Array, endsAt: number): ReadableStream<Uint8Array> {
    const woken = Promise.withResolvers<'woken'>()
    const held: Held = { tenant, seenAt: Date.now(), wake: () => woken.resolve('woken') }
    const until = Math.min(Date.now() + MAX_HELD_MS, endsAt)
    this.#held.add(held)
    const end = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (this.#held.delete(held)) controller.close()
    }
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(said)
        // Also where its client reads nothing, and nothing is pulled.
        void woken.promise.then(() => end(controller))
      },
      pull: async (controller) => {
        held.seenAt = Date.now()
        const why = await Promise.race([woken.promise, later()])
        if (why === 'woken' || Date.now() >= until) end(controller)
        else controller.enqueue(COMMENT)
      },
      cancel: () => void this.#held.delete(held),
    })
  }

  #forgetOldest(): void {
    const [oldest] = this.#wokenAt
    if (oldest === undefined) return
    this.#wokenAt.delete(oldest[0])
    this.#forgottenAt = oldest[1]
  }

  /** Their clients are gone, or too slow for the comments: these come again. */
  #endUnread(): void {
    const now = Date.now()
    for (const held of this.#held) if (now - held.seenAt > 2 * PING_MS) held.wake()
  }
}

function later(): Promise<'later'> {
  return new Promise((resolve) => setTimeout(() => resolve('later'), PING_MS))
}

function concatenate(one: Uint8Array, other: Uint8Array): Uint8Array {
  const whole = new Uint8Array(one.length + other.length)
  whole.set(one)
  whole.set(other, one.length)
  return whole
}
