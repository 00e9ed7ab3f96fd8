/**
 * A legacy session (2025-11-25, basic/transports, Session Management): its streams, its requests in
 * flight, and the upstream that answers them. It survives its process: see upstream implementations.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { idKey, isObject, toError, toResult, type Envelope } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { ClientCall, filterOf } from '../calls/client-call.ts'
import { decode, encode } from '../connection.ts'
import { unauthorized } from '../calls/credentials.ts'
import type { HostContext } from '../host-context.ts'
import { Reply } from '../calls/reply.ts'
import { requireSlots } from '../calls/require-slots.ts'
import type { ServerFacts } from '../servers/servers.ts'
import type { SessionRecord } from '../store.ts'
import { mayHear, tellsAccess } from './heard-resources.ts'
import { UPDATED } from '../translate/listen-access.ts'
import { SessionStreams } from './session-streams.ts'

const TOUCH_EVERY_MS = 60_000
/** Server requests that wait for the client's response. */
const MAX_ASKS = 256

/** What a process that is replaced must be told again. */
export const INTEREST_METHODS: ReadonlySet<string> = new Set([
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
])
const MAX_SUBSCRIPTIONS = 512
/** Longer ones are passed on, but a process that is replaced is not told of them. */
const MAX_INTEREST_CHARS = 1_024

/** Where a session's messages go. Server messages come back through `fromServer`. */
export interface Upstream {
  /** Throws before anything was sent, or takes the call over and settles it. */
  call: (call: ClientCall, body: Uint8Array) => Promise<void>
  /** A notification or a response of the client's. */
  pass: (body: Uint8Array, envelope: Envelope) => Promise<void>
  cancel: (call: ClientCall) => void
  close: () => void
}

export class LegacySession {
  readonly record: SessionRecord
  readonly server: ServerFacts
  readonly #context: HostContext
  readonly #calls = new Map<string, ClientCall>()
  readonly #streams: SessionStreams
  readonly #asks = new Set<string>()
  #upstream: Upstream | undefined
  #touched = 0

  constructor(context: HostContext, server: ServerFacts, record: SessionRecord) {
    this.#context = context
    this.server = server
    this.record = record
    this.#streams = new SessionStreams(context, record)
  }

  /** Set right after construction: an upstream needs its session, too. */
  use(upstream: Upstream): void {
    this.#upstream = upstream
  }

  get upstream(): Upstream {
    if (this.#upstream === undefined) throw new GatewayError('internal')
    return this.#upstream
  }

  /** Nothing is in flight and nobody listens. */
  get rests(): boolean {
    return this.#calls.size === 0 && !this.#streams.someAttached
  }

  async post(host: HostCall, body: Uint8Array): Promise<Response> {
    this.#touch()
    const { envelope } = host
    if (envelope?.kind === 'request') {
      const call = this.createCall(host, body, this.server.config.timeoutMs.call)
      this.upstream
        .call(call, body)
        .catch((error: unknown) => call.onLost(GatewayError.from(error)))
      return call.reply.response
    }
    if (host.cancels !== undefined) this.#cancel(host.cancels)
    else if (envelope?.kind === 'notification' || this.#takeAsk(envelope)) {
      await this.upstream.pass(body, envelope)
    }
    return new Response(null, { status: 202 })
  }

  /** Throws `duplicate_id` and `too_many_calls`. The call is tracked until it is settled. */
  createCall(host: HostCall, body: Uint8Array, timeoutMs: number): ClientCall {
    const { envelope } = host
    if (envelope?.kind !== 'request') throw new GatewayError('invalid_message')
    const key = idKey(envelope.id)
    this.#noteAccess(host)
    if (this.#calls.has(key)) throw new GatewayError('duplicate_id')
    const { ticker, credentials, calls, logs } = this.#context
    requireSlots(host, calls)
    const letGo = credentials.hold(host, () => this.#expel(call))
    const reply = new Reply({
      id: envelope.id,
      ticker,
      openStream: () => this.#streams.openFor(key, filterOf(host)),
    })
    const call: ClientCall = new ClientCall({
      host,
      id: envelope.id,
      body,
      reply,
      timeoutMs,
      logs,
      onSettled: () => {
        letGo()
        this.#calls.delete(key)
        calls.delete(call)
      },
    })
    this.#calls.set(key, call)
    calls.add(call)
    return call
  }

  /** The GET stream, or with an event id the stream that the event was on. Throws `event_expired`. */
  get(host: HostCall): Response {
    this.#touch()
    this.#noteAccess(host)
    const { lastEventId } = host
    const { stream, after } =
      lastEventId === undefined
        ? { stream: this.#streams.standing, after: undefined }
        : this.#streams.resume(lastEventId)
    const letGo = this.#context.credentials.hold(host, () => stream.detach())
    return stream.attach(after, {}, letGo)
  }

  close(): void {
    for (const call of this.#calls.values()) {
      call.onLost(new GatewayError('call_cancelled', { detail: 'the session was deleted' }))
    }
    this.#streams.endAll()
    this.upstream.close()
  }

  /** Leaves the memory: the store has what is needed to come back. */
  rest(): void {
    this.upstream.close()
  }

  /** The process that asked is gone: what the client still answers is for nobody. */
  forgetAsks(): void {
    this.#asks.clear()
  }

  /** A request or notification of the server's, to the stream where the client expects it. */
  fromServer(payload: Uint8Array, meta: MessageMeta): void {
    if (meta.kind === 'request') return this.#ask(payload, meta)
    if (meta.method === 'notifications/progress') return this.#progress(payload)
    if (meta.method === UPDATED && !mayHear(payload, this.record.access)) return
    const aboutCall =
      meta.method === 'notifications/message' || meta.method === 'notifications/cancelled'
    const call = aboutCall ? this.#newest : undefined
    if (call !== undefined) call.reply.event(payload)
    else this.#streams.standing.push(payload)
  }

  /** A request of the gateway's own to the client, on the stream of the call that needs it. */
  askClient(call: ClientCall, payload: Uint8Array, id: string): void {
    this.#expectAnswer(idKey(id))
    call.reply.event(payload)
  }

  /** Takes over what a request that succeeded asked for. True when the record changed. */
  noteInterest(method: string, body: Uint8Array): boolean {
    if (!INTEREST_METHODS.has(method)) return false
    const { params } = decode(body)
    const { uri, level } = isObject(params) ? params : {}
    const { record } = this
    if (method === 'logging/setLevel') {
      if (typeof level !== 'string' || level.length > MAX_INTEREST_CHARS) return false
      record.logLevel = level
      return true
    }
    if (typeof uri !== 'string' || uri.length > MAX_INTEREST_CHARS) return false
    const others = record.subscriptions.filter((known) => known !== uri)
    const subscribes = method === 'resources/subscribe'
    record.subscriptions = subscribes ? [...others, uri].slice(-MAX_SUBSCRIPTIONS) : others
    return true
  }

  /** Whether a message of the server's is on a stream already. */
  hasPassedOn(payload: Uint8Array): boolean {
    return this.#context.store.hasEvent(this.record.id, payload)
  }

  /** A response to a request that a former object took: its stream may be waiting in the log. */
  fromFormerObject(payload: Uint8Array, { id }: MessageMeta): void {
    if (id != null) this.#streams.finishFormer(idKey(id), payload)
  }

  /** No process answers what a former object took: those streams end with the error. */
  failFormer(error: GatewayError): void {
    this.#streams.failFormer((key) => this.#calls.has(key), error)
  }

  get #newest(): ClientCall | undefined {
    let newest: ClientCall | undefined
    for (const call of this.#calls.values()) newest = call
    return newest
  }

  #ask(payload: Uint8Array, { id, method }: MessageMeta): void {
    if (id == null) return
    const call = this.#newest
    if (method === 'ping' && call === undefined && !this.#streams.standing.attached) {
      return this.#respond(encode(toResult(id, {})))
    }
    if (method === 'roots/list' && !this.server.config.roots) {
      return this.#respond(encode(toError(id, -32601, 'The client offers no roots')))
    }
    this.#expectAnswer(idKey(id))
    if (call !== undefined) call.reply.event(payload)
    else this.#streams.standing.push(payload)
  }

  /** Requests that no client answers do not pile up: the oldest is waited for no longer. */
  #expectAnswer(key: string): void {
    this.#asks.add(key)
    const [oldest] = this.#asks
    if (oldest !== undefined && this.#asks.size > MAX_ASKS) this.#asks.delete(oldest)
  }

  #respond(payload: Uint8Array): void {
    const envelope = { kind: 'response', id: null, failed: false } as const
    // A process that is gone by now needs no answer.
    this.upstream.pass(payload, envelope).catch(() => undefined)
  }

  /** Whether it is a response that the server waits for. */
  #takeAsk(envelope: Envelope | undefined): envelope is Envelope & { kind: 'response' } {
    if (envelope?.kind !== 'response' || envelope.id === null) return false
    return this.#asks.delete(idKey(envelope.id))
  }

  #progress(payload: Uint8Array): void {
    const { params } = decode(payload) as { params?: { progressToken?: string | number } }
    for (const call of this.#calls.values()) {
      if (call.host.progressToken === params?.progressToken) return call.reply.event(payload)
    }
  }

  #cancel(id: string | number): void {
    const call = this.#calls.get(idKey(id))
    if (call === undefined) return
    this.upstream.cancel(call)
    call.onLost(new GatewayError('call_cancelled'))
  }

  #noteAccess(host: HostCall): void {
    const { record } = this
    if (!tellsAccess(host) || JSON.stringify(host.access) === JSON.stringify(record.access)) return
    record.access = host.access
    this.#context.store.saveAccess(record)
  }

  /** The credential of a call has ended. What begins a session is ended once its process answers. */
  #expel(call: ClientCall): void {
    if (call.host.sessionId === undefined) call.reply.headers = {}
    else this.upstream.cancel(call)
    call.onLost(unauthorized())
  }

  #touch(): void {
    const now = Date.now()
    if (now - this.#touched < TOUCH_EVERY_MS) return
    this.#touched = now
    this.#context.store.touchSession(this.record.id, now)
    this.#context.servers.touch(this.record.server, this.record.principal)
  }
}
