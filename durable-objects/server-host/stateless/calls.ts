/** Modern requests: each stands alone (2026-07-28, basic/index.mdx, Statelessness). */
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { HostContext } from '../host-context.ts'
import { answerRouted } from '../routing/answer-routed.ts'
import type { Eras } from '../processes/era-answers.ts'
import type { Server } from '../processes/servers.ts'
import type { Dispatcher } from '../call/dispatcher.ts'
import { importRequestStateKey } from '../translate/request-state.ts'
import { CatalogServing } from './catalog-serving.ts'
import { TranslatedServer } from './translated-server.ts'
import { NativeServer } from './native-server.ts'
import { ListenStreams } from '../subscriptions/streams.ts'
import { ServingSoon } from './serving-soon.ts'
import type { ListenServing, ModernServing } from '../call/serving.ts'
import { LISTEN, openModernReply, ServingDispatcher } from './serving-dispatcher.ts'

/** Longest for what is asked of all servers; each of them has its own bound. */
const CATALOG_TIMEOUT_MS = 60_000

interface Serving {
  by: ListenServing
  server: Server
  digest: string
}

export class StatelessCalls {
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
    const { servers, pins, transforms } = this.#context
    const { server: name, principal, configVersion } = host
    if (name === CATALOG) {
      const catalog = this.#dispatcherOf(host, body, this.#catalog, CATALOG_TIMEOUT_MS)
      return transforms.answer(host, body, catalog)
    }
    if (host.route?.candidates !== undefined) return this.#answerRouted(host, body)
    const asking = pins.require(host, body)
    if (asking !== undefined) await asking
    const server =
      servers.peek(name, principal) ?? (await servers.get(name, configVersion, principal))
    const serving =
      this.#serving.get(keyOf(server))?.by ?? (await this.#serveSoon(server, envelope))
    const { call } = server.config.timeoutMs
    return transforms.answer(host, body, this.#dispatcherOf(host, body, serving, call))
  }

  /** At one of several servers. */
  #answerRouted(host: HostCall, body: Uint8Array): Promise<Response> {
    const { server, principal } = host
    const facts = this.#context.servers.factsOf(server, principal)
    return answerRouted(this.#context, {
      ...{ host, body, timeoutMs: facts?.config.timeoutMs.call ?? CATALOG_TIMEOUT_MS },
      openReply: (abandon) => openModernReply(this.#context, host, abandon),
      dispatcherOf: async (at, request) => {
        const one = await this.#context.servers.get(at.server, at.configVersion, principal)
        const serving = this.#serving.get(keyOf(one))?.by ?? (await this.serve(one))
        return this.#dispatcherOf(at, request, serving, one.config.timeoutMs.call)
      },
    })
  }

  #dispatcherOf(
    host: HostCall,
    body: Uint8Array,
    serving: ModernServing,
    timeoutMs: number,
  ): Dispatcher {
    const streams = this.#streams
    return new ServingDispatcher(this.#context, { host, body, serving, timeoutMs, streams })
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
        ? new TranslatedServer(this.#context, server, eras, () => this.#requestStateKey())
        : new NativeServer(this.#context, server, () => this.#requestStateKey())
    // What was configured anew meanwhile serves this once, and ends with it.
    const made = { by: serving, server, digest }
    if (this.#isCurrent(made)) this.#serving.set(key, made)
    else serving.close()
    return serving
  }

  async modernServer(server: Server): Promise<NativeServer> {
    const serving = await this.serve(server)
    if (serving instanceof NativeServer) return serving
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

  #requestStateKey(): Promise<CryptoKey> {
    this.#key ??= importRequestStateKey(this.#context.store.key('request-state'))
    return this.#key
  }
}

function keyOf({ launch: { name, digest } }: Server): string {
  return `${name} ${digest}`
}
