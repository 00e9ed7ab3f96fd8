/**
 * A session's upstreams one after the other: when its server is configured anew, what runs goes on
 * where it is, and the next call begins the upstream that the server calls for now.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { Envelope } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../../call/client-call.ts'
import type { Upstream, UpstreamSession } from './upstream.ts'

/** What comes after an upstream that takes no more calls. */
export interface Successor {
  /** Takes a call that was not begun, or that may be repeated. */
  call: Upstream['call']
  /** Nothing is left to do for the former one. Called once. */
  onOver: () => void
}

export interface RetiringUpstream extends Upstream {
  /** Takes no more calls. Those that run go on; then it closes by itself. */
  retire: (successor: Successor) => void
}

export interface RenewableUpstreamOptions {
  session: UpstreamSession
  /**
   * Makes the upstream for the server as it is configured now. Throws what `Servers.get` does, and what
   * a start can fail with.
   */
  begin: () => Promise<RetiringUpstream>
  onClosed: () => void
}

/** Upstreams that finish what they began; of more, the oldest is closed, and its calls fail. */
const MAX_FORMER_UPSTREAMS = 8

export class RenewableUpstream implements Upstream {
  readonly #options: RenewableUpstreamOptions
  #current: RetiringUpstream | undefined
  readonly #former = new Set<RetiringUpstream>()
  /** Has the process that a former object had: what that asked before is not known. */
  #adopted: RetiringUpstream | undefined
  #beginning: Promise<RetiringUpstream> | undefined
  /** Grows with each change of the server. */
  #generation = 0
  #isClosed = false

  constructor(options: RenewableUpstreamOptions) {
    this.#options = options
  }

  /** Goes on with the process that a former object had. */
  adopt(upstream: RetiringUpstream): void {
    this.#current = this.#adopted = upstream
  }

  /** The upstream that the server calls for now. */
  begin(): Promise<RetiringUpstream> {
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = undefined
    })
    return this.#beginning
  }

  /** The server has changed: nothing more is begun on what was made for the former one. */
  supersede(): void {
    this.#generation += 1
    const former = this.#current
    this.#current = undefined
    if (former === undefined) return
    this.#former.add(former)
    const [oldest] = this.#former
    if (oldest !== undefined && this.#former.size > MAX_FORMER_UPSTREAMS) {
      oldest.close()
      this.#forget(oldest)
    }
    former.retire({
      call: (call, body) => this.call(call, body),
      onOver: () => this.#forget(former),
    })
  }

  /** No wait before the frame is sent where an upstream is there. */
  call(call: ClientCall, body: Uint8Array): Promise<void> | undefined {
    const upstream = this.#current
    return upstream === undefined ? this.#callNext(call, body) : upstream.call(call, body)
  }

  async pass(body: Uint8Array, envelope: Envelope): Promise<void> {
    if (envelope.kind === 'response') return this.#adopted?.pass(body, envelope)
    // The next process is told that the session has begun when it starts.
    await this.#current?.pass(body, envelope)
  }

  cancel(call: ClientCall): void {
    for (const upstream of this.#all) upstream.cancel(call)
  }

  async mayRepeat(call: ClientCall): Promise<boolean> {
    const upstream = this.#current ?? (await this.begin())
    return (await upstream.mayRepeat?.(call)) ?? false
  }

  async ask(
    method: string,
    params: Record<string, unknown>,
    timeoutMs: number,
  ): Promise<Record<string, unknown>> {
    const upstream = this.#current ?? (await this.begin())
    if (upstream.ask === undefined) throw new GatewayError('internal')
    return upstream.ask(method, params, timeoutMs)
  }

  setLevel(level: string): void {
    this.#current?.setLevel?.(level)
  }

  close(): void {
    this.#isClosed = true
    for (const upstream of this.#all) upstream.close()
    this.#former.clear()
    this.#options.onClosed()
  }

  get #all(): RetiringUpstream[] {
    return [...this.#former, ...(this.#current === undefined ? [] : [this.#current])]
  }

  async #callNext(call: ClientCall, body: Uint8Array): Promise<void> {
    const upstream = await this.begin()
    if (!call.settled) await upstream.call(call, body)
  }

  async #begin(): Promise<RetiringUpstream> {
    for (;;) {
      const generation = this.#generation
      const upstream = await this.#options.begin()
      if (!this.#isClosed && generation === this.#generation) {
        this.#current = upstream
        return upstream
      }
      upstream.close()
      if (this.#isClosed) throw new GatewayError('session_not_found')
    }
  }

  #forget(former: RetiringUpstream): void {
    this.#former.delete(former)
    if (this.#adopted === former) this.#adopted = undefined
    this.#options.session.questions.closeOf(former)
  }
}
