/**
 * A session's upstreams one after the other: when its server is configured anew, what runs goes on
 * where it is, and the next call begins the upstream that the server calls for now. What the client
 * answers goes to the one that asked.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { Envelope, RequestId } from '#protocol/json-rpc.ts'
import { setValue } from '#protocol/json-splice.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { isAskNumber, randomAskNumber, toNumber } from '#protocol/numbering/numbers.ts'
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
  begin: (session: UpstreamSession) => Promise<RetiringUpstream>
  onClosed: () => void
}

/** Upstreams that finish what they began; of more, the oldest is closed, and its calls fail. */
const MAX_FORMER_UPSTREAMS = 8
/** Questions that no client answers do not pile up: the oldest is waited for no longer. */
const MAX_ASKS = 256

export class RenewableUpstream implements Upstream {
  readonly #options: RenewableUpstreamOptions
  #current: Face | undefined
  readonly #former = new Set<Face>()
  /** By the number under which the client was asked, oldest first. */
  readonly #asks = new Map<number, { by: Face; id: RequestId }>()
  /** Has the process that a former object had: what that asked before is not known. */
  #adopted: Face | undefined
  #beginning: Promise<RetiringUpstream> | undefined
  /** Grows with each change of the server. */
  #generation = 0
  #isClosed = false

  constructor(options: RenewableUpstreamOptions) {
    this.#options = options
  }

  /** Goes on with an upstream that is made for the session that it is given. */
  use(make: (session: UpstreamSession) => RetiringUpstream): void {
    const face = this.#createFace()
    face.upstream = make(face)
    this.#current = this.#adopted = face
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
    if (former?.upstream === undefined) return
    this.#former.add(former)
    const [oldest] = this.#former
    if (oldest !== undefined && this.#former.size > MAX_FORMER_UPSTREAMS) {
      oldest.upstream?.close()
      this.#forget(oldest)
    }
    former.upstream.retire({
      call: (call, body) => this.call(call, body),
      onOver: () => this.#forget(former),
    })
  }

  /** No wait before the frame is sent where an upstream is there. */
  call(call: ClientCall, body: Uint8Array): Promise<void> | undefined {
    const upstream = this.#current?.upstream
    return upstream === undefined ? this.#callNext(call, body) : upstream.call(call, body)
  }

  async pass(body: Uint8Array, envelope: Envelope): Promise<void> {
    // The next process is told that the session has begun when it starts.
    if (envelope.kind !== 'response') return this.#current?.upstream?.pass(body, envelope)
    const number = toNumber(envelope.id)
    if (number === undefined) return
    const ask = this.#asks.get(number)
    this.#asks.delete(number)
    // What no process has asked, its host program drops.
    if (ask === undefined) return this.#adopted?.upstream?.pass(body, envelope)
    const { by, id } = ask
    if (id === number) return by.upstream?.pass(body, envelope)
    await by.upstream?.pass(setValue(body, ['id'], JSON.stringify(id)), { ...envelope, id })
  }

  cancel(call: ClientCall): void {
    for (const { upstream } of this.#all) upstream?.cancel(call)
  }

  async mayRepeat(call: ClientCall): Promise<boolean> {
    const upstream = this.#current?.upstream ?? (await this.begin())
    return (await upstream.mayRepeat?.(call)) ?? false
  }

  async ask(
    method: string,
    params: Record<string, unknown>,
    timeoutMs: number,
  ): Promise<Record<string, unknown>> {
    const upstream = this.#current?.upstream ?? (await this.begin())
    if (upstream.ask === undefined) throw new GatewayError('internal')
    return upstream.ask(method, params, timeoutMs)
  }

  setLevel(level: string): void {
    this.#current?.upstream?.setLevel?.(level)
  }

  close(): void {
    this.#isClosed = true
    for (const { upstream } of this.#all) upstream?.close()
    this.#former.clear()
    this.#asks.clear()
    this.#options.onClosed()
  }

  get #all(): Face[] {
    return [...this.#former, ...(this.#current === undefined ? [] : [this.#current])]
  }

  async #callNext(call: ClientCall, body: Uint8Array): Promise<void> {
    const upstream = await this.begin()
    if (!call.settled) await upstream.call(call, body)
  }

  async #begin(): Promise<RetiringUpstream> {
    for (;;) {
      const generation = this.#generation
      const face = this.#createFace()
      const upstream = await this.#options.begin(face)
      if (!this.#isClosed && generation === this.#generation) {
        face.upstream = upstream
        this.#current = face
        return upstream
      }
      upstream.close()
      if (this.#isClosed) throw new GatewayError('session_not_found')
    }
  }

  #createFace(): Face {
    return new Face(this.#options.session, (face, id) => this.#noteAsk(face, id))
  }

  /** The number under which the client is asked: a host program of before numbers passes on the server's own id. */
  #noteAsk(by: Face, id: RequestId): number {
    const shown = isAskNumber(id) ? id : randomAskNumber()
    this.#asks.set(shown, { by, id })
    const [oldest] = this.#asks.keys()
    if (oldest !== undefined && this.#asks.size > MAX_ASKS) this.#asks.delete(oldest)
    return shown
  }

  #forget(by: Face): void {
    this.#former.delete(by)
    if (this.#adopted === by) this.#adopted = undefined
    for (const [number, ask] of this.#asks) if (ask.by === by) this.#asks.delete(number)
  }
}

/** The session as one of its upstreams sees it. */
class Face implements UpstreamSession {
  /** Absent while it is being made. */
  upstream: RetiringUpstream | undefined
  readonly #session: UpstreamSession
  readonly #noteAsk: (face: Face, id: RequestId) => number

  constructor(session: UpstreamSession, noteAsk: (face: Face, id: RequestId) => number) {
    this.#session = session
    this.#noteAsk = noteAsk
  }

  get record() {
    return this.#session.record
  }

  get server() {
    return this.#session.server
  }

  fromServer(payload: Uint8Array, meta: MessageMeta): void {
    if (meta.kind !== 'request' || meta.id == null) return this.#session.fromServer(payload, meta)
    const id = this.#noteAsk(this, meta.id)
    if (id === meta.id) return this.#session.fromServer(payload, meta)
    this.#session.fromServer(setValue(payload, ['id'], JSON.stringify(id)), { ...meta, id })
  }

  askClient(call: ClientCall, payload: Uint8Array, id: number): void {
    this.#noteAsk(this, id)
    this.#session.askClient(call, payload, id)
  }

  noteInterest(method: string, body: Uint8Array): void {
    this.#session.noteInterest(method, body)
  }

  hasPassedOn(payload: Uint8Array, meta: MessageMeta): boolean {
    return this.#session.hasPassedOn(payload, meta)
  }

  fromFormerObject(payload: Uint8Array, meta: MessageMeta): void {
    this.#session.fromFormerObject(payload, meta)
  }

  failFormer(error: GatewayError): void {
    this.#session.failFormer(error)
  }
}
