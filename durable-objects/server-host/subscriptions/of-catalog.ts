/**
 * The `subscriptions/listen` streams of modern clients of the catalog (2026-07-28,
 * basic/patterns/subscriptions.mdx): changes of lists from the catalog itself, and updates of resources
 * from a subscription on each server that has one of them.
 */
import { accessTo, allows } from '#protocol/access.ts'
import { GatewayError } from '#protocol/errors.ts'
import { isObject, toResult } from '#protocol/json-rpc.ts'
import { META } from '#protocol/mcp.ts'
import { findSpans, splice } from '#protocol/json-splice.ts'
import type { ClientCall } from '../call/client-call.ts'
import type { Listening } from '../catalog/list-request.ts'
import { catalogFacts } from '../catalog/facts.ts'
import { ask, type Asked } from '../catalog/internal-call.ts'
import { decode, encode } from '../processes/connection.ts'
import { oldestOfGreedier } from '../call/fair-share.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../processes/servers.ts'
import { mayTell, UPDATED } from '../translate/listen-access.ts'
import { filterAccepts, readListenFilter, type ListenFilter } from '../translate/listen-filter.ts'
import {
  ACKNOWLEDGED,
  tagNotification,
  toAcknowledgement,
  toListenResult,
} from '../translate/listen.ts'
import type { ModernServing } from '../call/serving.ts'

const MAX_LISTENERS = 1_024
/** A server that does not acknowledge in this time is left out. */
const ACKNOWLEDGE_MS = 10_000

interface Listener {
  filter: ListenFilter
  legs: Asked[]
  /** Once it is acknowledged. */
  listening: Listening | undefined
}

/** What of one server a client wants to hear of, by the server's own URI. */
type Wanted = Map<string, { exposed: string }>

export class CatalogListeners {
  readonly #context: HostContext
  readonly #serve: (server: Server) => Promise<ModernServing>
  readonly #listeners = new Map<ClientCall, Listener>()

  constructor(context: HostContext, serve: (server: Server) => Promise<ModernServing>) {
    this.#context = context
    this.#serve = serve
  }

  /** Throws `invalid_params` and `server_busy`. */
  async add(client: ClientCall, body: Uint8Array): Promise<void> {
    this.#requireRoom(client)
    const asked = readListenFilter(decode(body).params)
    if (!asked.ok) throw new GatewayError('invalid_params', { detail: asked.detail })
    const { resourceSubscriptions: uris = [], ...filter } = asked.filter
    const listener: Listener = { filter, legs: [], listening: undefined }
    this.#listeners.set(client, listener)
    const { catalog } = this.#context
    const { principal, capabilities = '{}', catalog: view = {} } = client.host
    const audience = { view, principal, capabilities }
    await catalog.watch(audience)
    const honoured = await this.#subscribe(client, listener, uris)
    if (honoured.length > 0) listener.filter = { ...filter, resourceSubscriptions: honoured }
    if (client.settled) return this.delete(client)
    const tell = (methods: ReadonlySet<string>): void => this.#publish(client, methods)
    listener.listening = catalog.listen({ audience, tell })
    client.event(encode(toAcknowledgement(client.id, listener.filter)))
  }

  /** Whoever has most gives way to who would have less; its client listens anew. Throws `server_busy`. */
  #requireRoom({ host }: ClientCall): void {
    if (this.#listeners.size < MAX_LISTENERS) return
    const ownerOf = (client: ClientCall): string => client.host.principal
    const greedier = oldestOfGreedier(this.#listeners.keys(), ownerOf, host.principal)
    if (greedier === undefined) throw new GatewayError('server_busy')
    this.#end(greedier)
  }

  delete(client: ClientCall): void {
    const listener = this.#listeners.get(client)
    this.#listeners.delete(client)
    for (const leg of listener?.legs ?? []) leg.abandon()
    listener?.listening?.stop()
  }

  close(): void {
    for (const client of this.#listeners.keys()) this.#end(client)
  }

  #publish(client: ClientCall, methods: ReadonlySet<string>): void {
    const { filter = {} } = this.#listeners.get(client) ?? {}
    for (const method of methods) {
      if (!filterAccepts(filter, method)) continue
      client.event(tagNotification(encode({ jsonrpc: '2.0', method }), client.id))
    }
  }

  /** Resolves with the URIs that a server acknowledged, as the client knows them. */
  async #subscribe(client: ClientCall, listener: Listener, uris: string[]): Promise<string[]> {
    const wanted = await this.#sort(client, uris)
    const honoured = [...wanted].map(async ([name, uris]): Promise<string[]> => {
      try {
        return await this.#subscribeTo(client, listener, name, uris)
      } catch {
        // What a server refuses, or cannot do now, is left out of the acknowledgement.
        return []
      }
    })
    return (await Promise.all(honoured)).flat()
  }

  /** By server; a URI that the principal may not read is left out. */
  async #sort({ host }: ClientCall, uris: string[]): Promise<Map<string, Wanted>> {
    const { servers = [], grants } = host.catalog ?? {}
    const wanted = new Map<string, Wanted>()
    for (const exposed of uris) {
      const target = await this.#context.catalog.find('resource', exposed, host.principal)
      if (target === undefined || !servers.includes(target.server)) continue
      const access = grants && accessTo(grants, target.server, 'resource')
      if (access !== undefined && !allows(access, target.name)) continue
      const known = wanted.get(target.server) ?? new Map()
      wanted.set(target.server, known.set(target.name, { exposed }))
    }
    return wanted
  }

  async #subscribeTo(
    client: ClientCall,
    listener: Listener,
    name: string,
    wanted: Wanted,
  ): Promise<string[]> {
    const { servers } = this.#context
    const { principal, client: caller, capabilities = '{}' } = client.host
    const server = await servers.get(name, servers.version, principal)
    const serving = await this.#serve(server)
    const acknowledged = Promise.withResolvers<unknown>()
    const leg = ask(serving, {
      server: name,
      principal,
      // In the process of its calls, which tells nobody else.
      client: caller,
      capabilities,
      method: 'subscriptions/listen',
      params: { notifications: { resourceSubscriptions: [...wanted.keys()] } },
      timeoutMs: Infinity,
      onEvent: (payload) => {
        const { method, params } = decode(payload)
        if (method === ACKNOWLEDGED) acknowledged.resolve(params)
        else if (method === UPDATED) this.#update(client, name, payload)
      },
    })
    listener.legs.push(leg)
    const timer = setTimeout(() => {
      acknowledged.reject(new GatewayError('list_timeout'))
      leg.abandon()
    }, ACKNOWLEDGE_MS)
    try {
      const params = await Promise.race([acknowledged.promise, leg.response.then(() => undefined)])
      const uris = readAcknowledged(params)
      // The process that held the subscriptions is gone: the client listens anew.
      leg.response.then(
        () => this.#end(client),
        () => this.#end(client),
      )
      return uris.flatMap((uri) => wanted.get(uri)?.exposed ?? [])
    } finally {
      clearTimeout(timer)
    }
  }

  #update(client: ClientCall, server: string, payload: Uint8Array): void {
    if (this.#listeners.get(client)?.listening === undefined) return
    const { params } = decode(payload)
    const { grants } = client.host.catalog ?? {}
    // A server may report a part of what was subscribed to.
    if (!mayTell(UPDATED, params, grants && accessTo(grants, server, 'resource'))) return
    const uri = isObject(params) && typeof params.uri === 'string' ? params.uri : ''
    const exposed = this.#context.catalog.exposeURI(server, uri, client.host.principal)
    const paths = [
      ['params', 'uri'],
      ['params', '_meta', META.subscriptionId],
    ]
    const [uriSpan, idSpan] = findSpans(payload, paths)
    const edits = [
      ...(uriSpan === undefined ? [] : [{ span: uriSpan, text: JSON.stringify(exposed) }]),
      ...(idSpan === undefined ? [] : [{ span: idSpan, text: JSON.stringify(client.id) }]),
    ]
    client.event(splice(payload, edits))
  }

  #end(client: ClientCall): void {
    if (!this.#listeners.has(client)) return
    this.delete(client)
    const result = toListenResult(client.id, catalogFacts([]).serverInfo)
    client.answer(encode(toResult(client.id, result)), 'ok')
  }
}

function readAcknowledged(params: unknown): string[] {
  const notifications = isObject(params) ? params.notifications : undefined
  const uris = isObject(notifications) ? notifications.resourceSubscriptions : undefined
  return Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : []
}
