/**
 * A legacy session (2025-11-25, basic/transports, Session Management): its streams, its requests in
 * flight, and the upstream that answers them. It survives its process: see upstream implementations.
 */
import { GatewayError } from '#protocol/errors.ts'
import { RESTS_HEADER, type HostCall } from '#protocol/host-call.ts'
import { toError, toResult, type RequestId } from '#protocol/json-rpc.ts'
import { setValue } from '#protocol/json-splice.ts'
import type { MessageMeta } from '#protocol/link.ts'
import type { AnsweredCall, ClientCall } from '../call/client-call.ts'
import { AS_SENT, openCall, openReply, type CallShape } from '../call/open-call.ts'
import { encode } from '../processes/connection.ts'
import { unauthorized } from '../call/credentials.ts'
import type { HostContext } from '../host-context.ts'
import type { AnsweringReply } from '../call/reply.ts'
import { answerRouted } from '../routing/answer-routed.ts'
import type { SessionRecord } from '../store/session-store.ts'
import { formerOf } from '../call/call-transform.ts'
import type { Dispatcher } from '../call/dispatcher.ts'
import { mayHear, noteHost } from './heard-resources.ts'
import { NO_EVENTS } from '../translate/to-legacy-input-request.ts'
import { UPDATED } from '../translate/listen-access.ts'
import { CallsInFlight } from './calls-in-flight.ts'
import { noteInterest } from './interest.ts'
import { Questions, type Asker } from './questions.ts'
import { readClientInfo, viewerOf } from './session-capabilities.ts'
import { SessionLists } from './lists.ts'
import { SessionStreams } from './streams.ts'
import type { SessionServer, Upstream, UpstreamSession } from './upstream/upstream.ts'

const TOUCH_EVERY_MS = 60_000

export class Session implements UpstreamSession, Dispatcher {
  readonly record: SessionRecord
  /** As it is configured now. */
  server: SessionServer
  readonly questions = new Questions()
  /** Of one with one server. */
  readonly shown: SessionLists
  readonly #context: HostContext
  readonly #calls = new CallsInFlight()
  readonly #streams: SessionStreams
  #upstream: Upstream | undefined
  #touched = 0
  /** Set once its server is no more. */
  #onOver: (() => void) | undefined

  constructor(context: HostContext, server: SessionServer, record: SessionRecord) {
    this.#context = context
    this.server = server
    this.record = record
    this.#streams = new SessionStreams(context, record)
    this.shown = new SessionLists(record, this.#streams, (said, method) => {
      this.#say(said, method, record.server)
    })
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

  /** Throws, or rejects, before anything was sent. */
  post(host: HostCall, body: Uint8Array): Promise<Response> {
    this.#touch()
    if (host.envelope?.kind !== 'request') return this.#pass(host, body)
    if (host.route?.candidates !== undefined) return this.#postRouted(host, body)
    const { pins, transforms } = this.#context
    // Without a wait before the call is the session's, where none is needed: it can be cancelled at any time.
    const asking = pins.require(host, body)
    if (asking === undefined) return transforms.answer(host, body, this)
    return asking.then(() => transforms.answer(host, body, this))
  }

  /** In a session of the catalog, at one of several servers: each of them is a leg of it. */
  #postRouted(host: HostCall, body: Uint8Array): Promise<Response> {
    const openReply = (): AnsweringReply => this.#openReply(host, AS_SENT)
    const timeoutMs = this.timeoutOf(host)
    return answerRouted(this.#context, {
      host,
      body,
      timeoutMs,
      openReply,
      dispatcherOf: () => this,
    })
  }

  /** A notification, or a response. */
  async #pass({ envelope, cancels }: HostCall, body: Uint8Array): Promise<Response> {
    if (cancels !== undefined) this.#cancel(cancels)
    else if (envelope !== undefined) {
      await (this.questions.answer(body, envelope) ?? this.upstream.pass(body, envelope))
    }
    return new Response(null, { status: 202 })
  }

  get protocol(): string {
    return this.record.protocol
  }

  clientInfo(): unknown {
    return readClientInfo(this.record.initialize)
  }

  timeoutOf(host: HostCall): number {
    return Math.min(this.#limitsOf(host).call, host.route?.timeoutMs ?? Infinity)
  }

  createCall(host: HostCall, body: Uint8Array, shape = AS_SENT): AnsweredCall {
    this.#noteAccess(host)
    const { pins } = this.#context
    const opened = openCall(this.#context, {
      host,
      body,
      shape,
      timeoutMs: shape.timeoutMs ?? this.timeoutOf(host),
      totalMs: this.#limitsOf(host).total,
      expose: shape.expose ?? this.shown.reader(host, body),
      screen: pins.screens(host) ? pins.screenOf(host, viewerOf(this.record)) : undefined,
      openReply: () => this.#openReply(host, shape),
      onExpelled: (call) => this.#expel(call),
      onSettled: (call) => {
        this.#calls.delete(call.call)
        this.questions.forget(call)
        this.#endIfOver()
      },
    })
    if (host.envelope?.kind === 'request') this.#streams.noteAsked(host.envelope.method)
    this.#calls.set(host.requestId, opened.call)
    return opened
  }

  #openReply(host: HostCall, { transform, headers }: CallShape): AnsweringReply {
    const openStream = () => this.#streams.openFor(host, transform?.former ?? formerOf(host))
    return openReply(this.#context, host, openStream, headers)
  }

  /**
   * The GET stream, or with an event id the stream that the event was on; one that has nothing to wait for
   * ends with what it missed, and is no more after that: 204 tells a client not to come back. Throws
   * `event_expired`.
   */
  get(host: HostCall): Response {
    this.#touch()
    this.#noteAccess(host)
    const { stream, after } = this.#streams.find(host.lastEventId)
    if (after !== undefined && stream.isOverAfter(after)) return new Response(null, { status: 204 })
    const { credentials, idleStreams } = this.#context
    const end = (): void => stream.detach()
    const letGo = [credentials.hold(host, end), idleStreams.add(end)]
    const isOver = stream === this.#streams.standing && idleStreams.areOver
    const headers = isOver ? { [RESTS_HEADER]: 'true' } : {}
    const onReleased = (): void => letGo.forEach((each) => each())
    const response = stream.attach({ after, headers, outlet: host.outlet, onReleased })
    if (isOver) end()
    return response
  }

  close(): void {
    for (const call of this.#calls.values()) {
      call.onLost(new GatewayError('call_cancelled', { detail: 'the session was deleted' }))
    }
    this.#streams.endAll()
    this.upstream.close()
  }

  /** Takes no more requests. What runs is answered; `onOver` is called when nothing does. */
  expire(onOver: () => void): void {
    this.#streams.standing.end()
    this.#onOver = onOver
    this.#endIfOver()
  }

  #endIfOver(): void {
    if (this.#onOver === undefined || this.#calls.size > 0) return
    this.#streams.endAll()
    this.upstream.close()
    this.#onOver()
    this.#onOver = undefined
  }

  /** Leaves the memory: the store has what is needed to come back. */
  rest(): void {
    this.upstream.close()
  }

  ask(payload: Uint8Array, { id, method }: MessageMeta, asker: Asker, server = this.server): void {
    if (id == null) return
    const call = this.#calls.newestOf(server.name)
    const isDeaf = call?.host.takes === 'json' && !this.#streams.standing.attached
    const hasNoRoots = method === 'roots/list' && !server.config.roots
    const refusal = hasNoRoots ? 'The client offers no roots' : isDeaf ? NO_EVENTS : undefined
    if (method === 'ping' && call === undefined && !this.#streams.standing.attached) {
      return respond(asker, id, toResult(id, {}))
    }
    if (refusal !== undefined) return respond(asker, id, toError(id, -32601, refusal))
    const calls = method === 'ping' ? [] : this.#calls.of(server.name)
    const shown = this.questions.add({ server: server.name, asker, id, calls })
    const asked = shown === id ? payload : setValue(payload, ['id'], JSON.stringify(shown))
    this.#say(asked, method, server.name, call)
  }

  fromServer(payload: Uint8Array, meta: MessageMeta, server = this.server): void {
    if (meta.method === 'notifications/progress') return this.#progress(payload, meta)
    this.shown.hear(meta.method)
    this.#context.transforms.hear(server.name, meta.method)
    if (meta.method === 'notifications/cancelled') this.questions.cancel(payload, server.name)
    if (meta.method === UPDATED && !mayHear(payload, this.record.access)) return
    const aboutCall =
      meta.method === 'notifications/message' || meta.method === 'notifications/cancelled'
    const call = aboutCall ? this.#calls.newestOf(server.name) : undefined
    this.#say(payload, meta.method, server.name, call)
  }

  /** `prefix`: see `noteInterest`. */
  noteInterest(method: string, body: Uint8Array, prefix = ''): void {
    if (noteInterest(this.record, method, body, prefix)) {
      this.#context.store.sessions.saveInterest(this.record)
    }
  }

  /** `server`: whose message it is. */
  hasPassedOn(payload: Uint8Array, _meta: MessageMeta, server = this.server.name): boolean {
    const shown = this.#context.transforms.show(server, this.record.principal, payload)
    return shown === undefined || this.#context.store.streams.hasEvent(this.record.id, shown)
  }

  fromFormerObject(payload: Uint8Array, { id, call }: MessageMeta, server?: string): void {
    if (id == null) return
    const screened = this.#context.pins.screenFormer(server ?? this.server.name, payload)
    this.#streams.finishFormer({ id, call }, screened, server)
  }

  /** `server`: only what it was to answer. */
  failFormer(error: GatewayError, server?: string): void {
    this.#streams.failFormer((call) => this.#calls.has(call), error, server)
  }

  run(call: ClientCall, body: Uint8Array): void {
    this.#context.guards.run(call, body, this.upstream)
  }

  mayRepeat(call: ClientCall): Promise<boolean> {
    return this.upstream.mayRepeat?.(call) ?? Promise.resolve(false)
  }

  abandon(call: ClientCall): void {
    this.upstream.cancel(call)
  }

  /** Of a session of the catalog, each request's own. */
  #limitsOf({ server, principal }: HostCall): SessionServer['config']['timeoutMs'] {
    const isOwn = server === this.server.name
    const facts = isOwn ? undefined : this.#context.servers.factsOf(server, principal)
    return (facts ?? this.server).config.timeoutMs
  }

  /** On the stream of the call that it belongs to, where that can be one; else on that of GET. */
  #say(payload: Uint8Array, method: string | undefined, server: string, call?: ClientCall): void {
    if (call !== undefined && call.host.takes !== 'json') return call.event(payload)
    const shown = this.#context.transforms.show(server, this.record.principal, payload)
    if (shown !== undefined) this.#streams.say(shown, method)
  }

  #progress(payload: Uint8Array, meta: MessageMeta): void {
    const call = this.#calls.ofProgress(payload, meta)
    call?.hear(meta.method)
    call?.event(payload)
  }

  #cancel(id: string | number): void {
    const call = this.#calls.newestUnder(id)
    if (call !== undefined) this.upstream.cancel(call)
    call?.abandon()
  }

  #noteAccess(host: HostCall): void {
    noteHost(this.record, host, this.#context.store.sessions)
    this.shown.noteGrants(host)
  }

  /** The credential of a call has ended. What begins a session is ended once its process answers. */
  #expel(call: ClientCall): void {
    if (call.host.sessionId !== undefined) this.upstream.cancel(call)
    call.onLost(unauthorized())
  }

  #touch(): void {
    const now = Date.now()
    if (now - this.#touched < TOUCH_EVERY_MS) return
    this.#touched = now
    this.#context.store.sessions.touch(this.record.id, now)
    this.#context.servers.touch(this.record.server, this.record.principal)
  }
}

/** In the place of the client. */
function respond(asker: Asker, id: RequestId, message: object): void {
  // A process that is gone by now needs no answer.
  asker.pass(encode(message), { kind: 'response', id, failed: false }).catch(() => undefined)
}
