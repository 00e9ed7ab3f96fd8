/**
 * Room for what is on its way to the host programs. A large body takes it from before it is read until its
 * call is over, and every frame until it is acknowledged. What finds none waits, or is refused: a link
 * that is full goes on with what it has.
 */
import { GatewayError } from '#protocol/errors.ts'
import { readHostBody, type HostCall } from '#protocol/host-call.ts'
import type { Tally } from '#protocol/link/end.ts'

/** A body up to this does not wait. */
const SMALL_BODY_BYTES = 64 * 1024
/** Large bodies, and frames that are not acknowledged. A body that is larger is let in alone. */
const MAX_BYTES = 16 * 1024 * 1024
/** Large bodies of one principal: what it takes, it takes from nobody else. */
const MAX_PRINCIPAL_BYTES = 8 * 1024 * 1024
/** Frames that are not acknowledged; beyond, small bodies are refused, too. */
const MAX_UNACKED_BYTES = 32 * 1024 * 1024
/** Longest wait for room. */
const WAIT_MS = 20_000
/** Large bodies that wait, and those of one principal. */
const MAX_WAITING = 128
const MAX_PRINCIPAL_WAITING = 64
const RETRY_AFTER_MS = 2_000
/** How long a call whose answer has begun keeps the room of its body: it may not be written by then. */
const LINGER_MS = 10_000

interface Body {
  principal: string
  bytes: number
  admit: () => void
}

export class Room implements Tally {
  readonly #bodies = new Set<Body>()
  #unacked = 0
  readonly #waiting = new Set<Body>()

  /** Frames are kept, or with a negative number no longer. */
  add(bytes: number): void {
    this.#unacked += bytes
    if (bytes < 0) this.#admit()
  }

  /**
   * The body of a request, once there is room for it; a promise only where that is not at hand. Throws, or
   * rejects with, `too_many_bytes`.
   */
  read(request: Request, host: HostCall): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (this.#unacked > MAX_UNACKED_BYTES) throw full()
    if (request.body === null) return readHostBody(request)
    const bytes = Number(request.headers.get('content-length') ?? 0)
    return bytes > SMALL_BODY_BYTES ? this.#readLarge(request, host, bytes) : readHostBody(request)
  }

  async #readLarge(
    request: Request,
    host: HostCall,
    bytes: number,
  ): Promise<Uint8Array | undefined> {
    host.onOver = await this.#take(host.principal, bytes)
    return readHostBody(request)
  }

  /** The call is answered, or its answer has begun. */
  leave({ onOver }: HostCall, { headers }: Response): void {
    if (onOver === undefined) return
    if (headers.get('content-type') === 'text/event-stream') setTimeout(onOver, LINGER_MS)
    else onOver()
  }

  /** Waits its turn. What it resolves with gives the room back. */
  async #take(principal: string, bytes: number): Promise<() => void> {
    const own = [...this.#waiting].filter((body) => body.principal === principal)
    if (this.#waiting.size >= MAX_WAITING || own.length >= MAX_PRINCIPAL_WAITING) throw full()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const body = { principal, bytes, admit: resolve }
    this.#waiting.add(body)
    this.#admit()
    const timer = setTimeout(() => {
      if (!this.#waiting.delete(body)) return
      reject(full())
      this.#admit()
    }, WAIT_MS)
    await promise.finally(() => clearTimeout(timer))
    return () => {
      if (this.#bodies.delete(body)) this.#admit()
    }
  }

  #admit(): void {
    for (const body of this.#waiting) {
      // It keeps back the others of its principal alone.
      if (!this.#isInShare(body)) continue
      if (!this.#fits(body.bytes)) return
      this.#waiting.delete(body)
      this.#bodies.add(body)
      body.admit()
    }
  }

  #isInShare({ principal, bytes }: Body): boolean {
    const used = sum([...this.#bodies].filter((body) => body.principal === principal))
    return used === 0 || used + bytes <= MAX_PRINCIPAL_BYTES
  }

  /** Frames of bodies that are held are among those that are not acknowledged. */
  #fits(bytes: number): boolean {
    const held = sum(this.#bodies)
    const isAlone = held === 0 && this.#unacked <= MAX_UNACKED_BYTES - MAX_BYTES
    return isAlone || Math.max(held, this.#unacked) + bytes <= MAX_BYTES
  }
}

function sum(bodies: Iterable<Body>): number {
  let all = 0
  for (const { bytes } of bodies) all += bytes
  return all
}

function full(): GatewayError {
  return new GatewayError('too_many_bytes', { retryAfterMs: RETRY_AFTER_MS })
}
