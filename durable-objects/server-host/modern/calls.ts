/** Modern requests: each stands alone (2026-07-28, basic/index.mdx, Statelessness). */
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import { ClientCall, type AnsweredCall } from '../calls/client-call.ts'
import { unauthorized } from '../calls/credentials.ts'
import { exposeAnswer } from '../catalog/expose-answer.ts'
import { callKeepAlive, EventStream } from '../calls/event-stream.ts'
import type { HostContext } from '../host-context.ts'
import { Reply } from '../calls/reply.ts'
import { requireSlots } from '../calls/require-slots.ts'
import type { Attempt, Running } from '../routing/routed-call.ts'
import type { Eras } from '../servers/eras.ts'
import type { Server } from '../servers/servers.ts'
import type { CallTransform } from '../transform/call-transform.ts'
import type { Road } from '../transform/road.ts'
import { importRequestStateKey } from '../translate/request-state.ts'
import { CatalogServing } from './catalog-serving.ts'
import { LegacyServer } from './legacy-server.ts'
import { ModernServer } from './modern-server.ts'
import { ListenStreams, tellEnd } from './listening.ts'
import { clientOf } from './client-of.ts'
import { ServingSoon } from './serving-soon.ts'
import { isListenServing, type ListenServing, type ModernServing } from './serving.ts'

const LISTEN = 'subscriptions/listen'

/** Longest for what is asked of all servers; each of them has its own bound. */
const CATALOG_TIMEOUT_MS = 60_000

interface Serving {
  by: ListenServing
  server: Server
  digest: string
}

interface Asked {
  host: HostCall
  timeoutMs: number
  body: Uint8Array
  serving: ModernServing
}

export class ModernCalls {
  readonly #context: HostContext
  /** By server and digest: a changed configuration is another one. */
  readonly #serving = new Map<string, Serving>()
  readonly #streams: ListenStreams
  readonly #catalog: CatalogServing
  #key: Promise<CryptoKey> | undefined

  constructor(context: HostContext) {
    this.#context = context
    this.#streams = new ListenStreams(context, (server) => this.serve(server))
    this.#catalog = new CatalogServing(context, (server) => this.serve(server))
  }

  async answer(host: HostCall, body: Uint8Array): Promise<Response> {
    const { envelope } = host
    if (envelope?.kind !== 'request') return new Response(null, { status: 202 })
    const { servers, catalog } = this.#context
    const { server: name, principal, configVersion } = host
    if (name === CATALOG) return this.#run(host, this.#catalog, CATALOG_TIMEOUT_MS, body)
    if (host.route?.candidates !== undefined) return this.#answerRouted(host, body)
    await this.#context.pins.require(host, body)
    const server =
      servers.peek(name, principal) ?? (await servers.get(name, configVersion, principal))
    const serving =
      this.#serving.get(keyOf(server))?.by ?? (await this.#serveSoon(server, envelope))
    const call = Math.min(server.config.timeoutMs.call, host.route?.timeoutMs ?? Infinity)
    if (host.catalog === undefined) return this.#run(host, serving, call, body)
    const expose = (uri: string): string => catalog.exposeURI(name, uri, principal)
    return this.#run(host, serving, call, body, (payload) => exposeAnswer(payload, expose))
  }

  async #run(
    host: HostCall,
    serving: ModernServing,
    timeoutMs: number,
    body: Uint8Array,
    expose?: (payload: Uint8Array) => Uint8Array,
  ): Promise<Response> {
    const { transforms } = this.#context
    const pipeline = transforms.find(host)
    if (pipeline !== undefined) {
      return transforms.answer(
        pipeline,
        host,
        body,
        this.#roadOf({ host, serving, timeoutMs, body }),
      )
    }
    const { call, response } = this.#createCall({ host, timeoutMs, body, serving }, undefined)
    call.expose = expose
    this.#guard(call, serving, body)
    return response
  }

  #roadOf({ host, serving, timeoutMs, body }: Asked): Road {
    return {
      ...clientOf(host, body),
      timeoutMs,
      createCall: (of, request, transform) =>
        this.#createCall({ host: of, timeoutMs, body: request, serving }, transform),
      run: (call, request) => this.#guard(call, serving, request),
    }
  }

  #guard(client: ClientCall, serving: ModernServing, body: Uint8Array): void {
    this.#context.guards.run(client, {
      start: () => serving.call(client, body),
      giveUp: () => this.#abandon(client, serving),
      mayRepeat: () => serving.mayRepeat?.(client) ?? Promise.resolve(false),
    })
  }

  /** At one of several servers. */
  #answerRouted(host: HostCall, body: Uint8Array): Promise<Response> {
    const { envelope, server, principal } = host
    if (envelope?.kind !== 'request') throw new GatewayError('invalid_message')
    const { servers, routing } = this.#context
    const { call } = servers.factsOf(server, principal)?.config.timeoutMs ?? {}
    const reply = this.#openReply(host, envelope.id, () => routed.abandon())
    const begin = (attempt: Attempt): Promise<Running> => this.#begin(attempt)
    const timeoutMs = call ?? CATALOG_TIMEOUT_MS
    const routed = routing.open({ host, body, timeoutMs, begin }, reply)
    routed.run()
    return reply.response
  }

  async #begin(attempt: Attempt): Promise<Running> {
    const { servers, catalog, credentials, transforms, pins } = this.#context
    const { host, body } = attempt
    const { server: name, principal, configVersion } = host
    const askedAt = Date.now()
    credentials.check(host, askedAt)
    await pins.require(host, body)
    const server = await servers.get(name, configVersion, principal)
    const serving = this.#serving.get(keyOf(server))?.by ?? (await this.serve(server))
    const timeoutMs = Math.max(1, attempt.timeoutMs - (Date.now() - askedAt))
    const { request, transform } = transforms.prepare(host, body, clientOf(host, body))
    const asked = { host, timeoutMs, body: request, serving }
    const { call } = this.#createCall(asked, transform, attempt)
    if (transform !== undefined) call.original = body
    const expose = (uri: string): string => catalog.exposeURI(name, uri, principal)
    call.expose = (payload) => exposeAnswer(payload, expose)
    this.#guard(call, serving, request)
    return {
      call,
      mayRepeat: () => serving.mayRepeat?.(call) ?? Promise.resolve(false),
      abandon: () => this.#abandon(call, serving),
    }
  }

  /** What serves modern clients of a server; also for legacy sessions on a modern server. */
  async serve(server: Server): Promise<ListenServing> {
    const { guards } = this.#context
    return this.#serveAs(server, () => guards.learn(server, server.config.timeoutMs.call))
  }

  /** For a call, which has its guard already; a stream that only listens waits here. */
  async #serveSoon(server: Server, { method }: { method: string }): Promise<ModernServing> {
    const { eras } = this.#context
    if (method === LISTEN || eras.known(server) !== undefined) return this.serve(server)
    return new ServingSoon(() => this.#serveAs(server, () => eras.of(server)))
  }

  async #serveAs(server: Server, learn: () => Promise<Eras>): Promise<ListenServing> {
    const eras = await learn()
    const key = keyOf(server)
    const known = this.#serving.get(key)
    if (known !== undefined) return known.by
    const { digest } = server.launch
    const serving =
      eras.discover === undefined
        ? new LegacyServer(this.#context, server, eras, () => this.#requestStateKey())
        : new ModernServer(this.#context, server, () => this.#requestStateKey())
    // What was configured anew meanwhile serves this once, and ends with it.
    const made = { by: serving, server, digest }
    if (this.#isCurrent(made)) this.#serving.set(key, made)
    else serving.close()
    return serving
  }

  async modernServer(server: Server): Promise<ModernServer> {
    const serving = await this.serve(server)
    if (serving instanceof ModernServer) return serving
    throw new GatewayError('internal')
  }

  /** Ends what served servers that are configured no more; streams of one that is another now go on. */
  prune(): void {
    for (const [key, serving] of this.#serving) {
      if (this.#isCurrent(serving)) continue
      this.#serving.delete(key)
      this.#streams.moveFrom(serving.by)
      serving.by.close()
    }
  }

  #isCurrent({ by, server, digest }: Serving): boolean {
    return this.#context.servers.launchOf(server)?.digest === digest && by.isCurrent !== false
  }

  #createCall(
    { host, timeoutMs, body, serving }: Asked,
    transform: CallTransform | undefined,
    attempt?: Attempt,
  ): AnsweredCall {
    const { envelope } = host
    if (envelope?.kind !== 'request') throw new GatewayError('invalid_message')
    const { credentials, calls, log, pins, servers } = this.#context
    requireSlots(host, calls)
    const listens = envelope.method === LISTEN
    const letGo = credentials.hold(host, () => {
      const serves = this.#streams.servingOf(call) ?? serving
      call.onLost(unauthorized())
      serves.abandon(call)
    })
    const onGone = (): void => this.#abandon(call, serving)
    const end = (): void => this.#endListening(call, serving)
    const letGoIdle = listens ? this.#context.idleStreams.add(end) : undefined
    const reply = attempt?.reply ?? this.#openReply(host, envelope.id, onGone, listens)
    const call: ClientCall = new ClientCall({
      host,
      id: envelope.id,
      body,
      reply,
      timeoutMs: listens ? Infinity : timeoutMs,
      totalMs: servers.factsOf(host.server, host.principal)?.config.timeoutMs.total,
      log: attempt === undefined ? log : undefined,
      transform,
      onSettled: (outcome, processMs) => {
        letGo()
        letGoIdle?.()
        calls.delete(call)
        this.#streams.delete(call)
        attempt?.onSettled(outcome, processMs)
      },
    })
    const { capabilities = '{}', principal } = host
    if (pins.screens(host)) call.screen = pins.screenOf(host, { capabilities, principal })
    // A subscription never ends by itself, so a shutdown does not wait for it.
    if (!listens) calls.add(call)
    else if (isListenServing(serving)) this.#streams.add(call, serving, body)
    return { call, response: reply.response }
  }

  /** `listens`: it holds no process that another call could have. */
  #openReply(host: HostCall, id: RequestId, onGone: () => void, listens = false): Reply {
    const { takes, principal } = host
    const { ticker, unread, keepAliveMs: longest } = this.#context
    const keepAliveMs = listens ? longest : callKeepAlive(longest)
    return new Reply({
      ...{ id, ticker, unread, principal, takes },
      openStream: () => new EventStream({ ticker, unread, principal, keepAliveMs, onGone }),
    })
  }

  /** A stream may be with another one by now. */
  #abandon(call: ClientCall, serving: ModernServing): void {
    const serves = this.#streams.servingOf(call) ?? serving
    serves.abandon(call)
  }

  /** Not by its client: that is told, and listens again when it wants to. */
  #endListening(call: ClientCall, serving: ModernServing): void {
    tellEnd(call)
    this.#abandon(call, serving)
  }

  #requestStateKey(): Promise<CryptoKey> {
    this.#key ??= importRequestStateKey(this.#context.store.key('request-state'))
    return this.#key
  }
}

function keyOf({ launch: { name, digest } }: Server): string {
  return `${name} ${digest}`
}
