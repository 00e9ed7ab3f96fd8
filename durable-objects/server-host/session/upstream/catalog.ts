/**
 * The upstream of a session of the catalog. Requests that name something were led to its server by the
 * worker and go to that server's leg, which is begun by the first of them; what is about all servers is
 * answered here.
 */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, toResult, type Envelope } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../../call/client-call.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { ListRequest } from '../../catalog/list-request.ts'
import type { Audience } from '../../catalog/announcer.ts'
import type { Listening } from '../../catalog/list-request.ts'
import { listKindOf, LISTS, type ListKind } from '../../translate/list-kinds.ts'
import type { Pins } from '../../catalog/pins/pins.ts'
import { readParsedPage, type Entry } from '../../catalog/entries.ts'
import { readPages } from '../../catalog/lists/read-pages.ts'
import { decode, encode } from '../../processes/connection.ts'
import { CATALOG } from '#protocol/catalog.ts'
import type { CatalogLeg } from './catalog-leg.ts'
import { readCapabilities, viewerOf } from '../session-capabilities.ts'
import type { Session } from '../session.ts'
import type { Upstream } from './upstream.ts'

export interface CatalogUpstreamOptions {
  session: Session
  catalog: Catalog
  pins: Pins
  /** Makes a leg of a server with the upstream that it calls for, if there is none by then. */
  begin: (server: string) => Promise<CatalogLeg>
}

/** A process that is asked for its own lists is waited for no longer. */
const OWN_LISTS_MS = 5_000

const encoder = new TextEncoder()

export class CatalogUpstream implements Upstream {
  readonly #options: CatalogUpstreamOptions
  readonly #legs = new Map<string, CatalogLeg>()
  readonly #beginning = new Map<string, Promise<CatalogLeg>>()
  readonly #listening: Listening
  readonly #capabilities: string
  #isClosed = false

  constructor(options: CatalogUpstreamOptions) {
    this.#options = options
    this.#capabilities = readCapabilities(options.session.record.initialize)
    const audience = (): Audience => this.#audience
    this.#listening = options.catalog.listen({
      get audience() {
        return audience()
      },
      hears: (server) => this.#legs.get(server)?.isHeard === true,
      // What its process was asked for may be another by now, or have been approved.
      forget: ({ servers, kinds }) => {
        for (const server of servers) this.#legs.get(server)?.forget(kinds)
      },
      tell: (methods) => this.#tell(methods),
    })
  }

  /** A leg whose process a former object had. */
  adopt(leg: CatalogLeg): boolean {
    if (this.#legs.has(leg.server.name)) return false
    this.#legs.set(leg.server.name, leg)
    return true
  }

  legOf(server: string): CatalogLeg | undefined {
    return this.#legs.get(server)
  }

  async call(call: ClientCall, body: Uint8Array): Promise<void> {
    const { server } = call.host
    if (server === CATALOG) return this.#answer(call, body)
    const leg = this.#legs.get(server) ?? (await this.#begin(server))
    if (call.settled) return
    leg.isHeard = true
    call.expose = (payload) => leg.exposeAnswer(payload)
    await leg.upstream?.call(call, body)
  }

  async pass(body: Uint8Array, envelope: Envelope): Promise<void> {
    if (envelope.kind === 'response') {
      // What a former object asked is not known.
      for (const { upstream } of this.#legs.values()) await upstream?.pass(body, envelope)
      return
    }
    if (envelope.kind !== 'notification') return
    // Each server is told that its session has begun when it has.
    if (envelope.method !== 'notifications/roots/list_changed') return
    for (const { upstream } of this.#legs.values()) await upstream?.pass(body, envelope)
  }

  cancel(call: ClientCall): void {
    this.#legs.get(call.host.server)?.upstream?.cancel(call)
  }

  async mayRepeat(call: ClientCall): Promise<boolean> {
    return this.#legs.get(call.host.server)?.upstream?.mayRepeat?.(call) ?? false
  }

  close(): void {
    this.#isClosed = true
    this.#listening.stop()
    for (const { upstream } of this.#legs.values()) upstream?.close()
    this.#legs.clear()
  }

  async #answer(call: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope } = call.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    const kind = listKindOf(method)
    if (kind !== undefined) return this.#list(call, kind, body)
    if (method === 'tools/call') return this.#findTools(call, body)
    if (method === 'logging/setLevel') return this.#setLevel(call, body)
    if (method === 'ping') return call.answer(encode(toResult(call.id, {})), 'ok')
    throw new GatewayError('unknown_method')
  }

  async #list(call: ClientCall, kind: ListKind, body: Uint8Array): Promise<void> {
    const request = await this.#toRequest(call, kind, body)
    this.#succeed(call, await this.#options.catalog.list(kind, request))
  }

  /** The one tool of the catalog's own: calls of others were led to their servers. */
  async #findTools(call: ClientCall, body: Uint8Array): Promise<void> {
    const { params } = decode(body)
    const request = await this.#toRequest(call, 'tools', body)
    const args = isObject(params) ? params.arguments : undefined
    this.#succeed(call, await this.#options.catalog.lazy.find(request, args))
  }

  async #toRequest(call: ClientCall, kind: ListKind, body: Uint8Array): Promise<ListRequest> {
    const { params } = decode(body)
    const own = await this.#readOwnLists(kind)
    return {
      era: 'legacy',
      principal: this.#options.session.record.principal,
      capabilities: this.#capabilities,
      view: call.host.catalog ?? {},
      cursor: isObject(params) ? params.cursor : undefined,
      listening: this.#listening,
      ...(own.size > 0 && { own }),
    }
  }

  /** `result`: JSON. */
  #succeed(call: ClientCall, result: string): void {
    const id = JSON.stringify(call.id)
    call.answer(encoder.encode(`{"jsonrpc":"2.0","id":${id},"result":${result}}`), 'ok')
  }

  /** A server may offer this session something else than others, since it said that its list changed. */
  async #readOwnLists(kind: ListKind) {
    const changed = [...this.#legs.values()].filter(({ own }) => own.has(kind))
    await Promise.all(
      changed.map(async (leg) => {
        const { lists, server, upstream, generation } = leg
        if (lists[kind] !== undefined) return
        // Until it answers, what is known of the server serves.
        const read = await readPages(async (params) => {
          const result = await upstream?.ask?.(LISTS[kind].method, params, OWN_LISTS_MS)
          return readParsedPage(result, kind)
        }).catch(() => undefined)
        // One that is no list at all says nothing of what there is.
        if (read === undefined || (read.entries.length === 0 && read.notes.length > 0)) return
        const { entries } = read
        const shown = kind === 'tools' ? await this.#examine(server.name, entries) : entries
        // It may have changed while it was read: then the client was told, and lists again.
        if (leg.generation === generation) lists[kind] = shown
      }),
    )
    return new Map(changed.map(({ server, lists }) => [server.name, lists]))
  }

  /** Of the tools that the session's own process shows those that its client may see. */
  async #examine(server: string, tools: readonly Entry[]): Promise<Entry[]> {
    const { session, pins } = this.#options
    await pins.observe(server, tools, { viewer: viewerOf(session.record), isWhole: false })
    return tools.filter(({ name }) => !pins.isHidden(server, name))
  }

  /** Each server hears of it, those that are begun later with their first request. */
  async #setLevel(call: ClientCall, body: Uint8Array): Promise<void> {
    const { params } = decode(body)
    const level = isObject(params) ? params.level : undefined
    if (typeof level !== 'string') throw new GatewayError('invalid_params', { detail: 'level' })
    this.#options.session.noteInterest('logging/setLevel', body)
    for (const { upstream } of this.#legs.values()) upstream?.setLevel?.(level)
    call.answer(encode(toResult(call.id, {})), 'ok')
  }

  async #begin(server: string): Promise<CatalogLeg> {
    let beginning = this.#beginning.get(server)
    if (beginning === undefined) {
      beginning = this.#makeLeg(server).finally(() => this.#beginning.delete(server))
      this.#beginning.set(server, beginning)
    }
    return beginning
  }

  async #makeLeg(server: string): Promise<CatalogLeg> {
    const leg = await this.#options.begin(server)
    if (this.#isClosed) {
      leg.upstream?.close()
      throw new GatewayError('session_not_found')
    }
    if (this.#legs.get(server) === leg) return leg
    // What a former object asked of a process that is there no more.
    leg.failFormer(new GatewayError('server_exited'))
    this.#legs.set(server, leg)
    return leg
  }

  /** By what its processes have said so far. */
  get #audience(): Audience {
    const { record } = this.#options.session
    const changed = [...this.#legs.values()].filter(({ own }) => own.size > 0)
    const own = new Map(changed.map(({ server, lists }) => [server.name, lists]))
    return {
      principal: record.principal,
      capabilities: this.#capabilities,
      view: record.catalog ?? {},
      ...(own.size > 0 && { own }),
    }
  }

  #tell(methods: ReadonlySet<string>): void {
    for (const method of methods) {
      const payload = encode({ jsonrpc: '2.0', method })
      this.#options.session.fromServer(payload, { kind: 'notification', method })
    }
  }
}
