/** What modern clients ask of all servers as one: lists, what there is, and changes. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, toResult } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../call/client-call.ts'
import type { ListRequest } from '../catalog/list-request.ts'
import { haveSessions, knownFacts } from '../catalog/facts.ts'
import { listKindOf, type ListKind } from '../translate/list-kinds.ts'
import { addLazyInstructions } from '../catalog/search/lazy-tools.ts'
import { decode, encode } from '../processes/connection.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../processes/servers.ts'
import { toDiscoverResult } from '../translate/discover.ts'
import { CatalogListeners } from '../subscriptions/of-catalog.ts'
import type { ModernServing } from '../call/serving.ts'

const encoder = new TextEncoder()

export class CatalogServing implements ModernServing {
  readonly #context: HostContext
  readonly #listeners: CatalogListeners

  constructor(context: HostContext, serve: (server: Server) => Promise<ModernServing>) {
    this.#context = context
    this.#listeners = new CatalogListeners(context, serve)
  }

  async call(client: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope, catalog } = client.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    const kind = listKindOf(method)
    if (kind !== undefined) return this.#list(client, kind, body)
    if (method === 'tools/call') return this.#findTools(client, body)
    if (method === 'subscriptions/listen') return this.#listeners.add(client, body)
    if (method !== 'server/discover') throw new GatewayError('method_not_found')
    const { principal, isModernOnly } = client.host
    const names = catalog?.servers ?? []
    const facts = knownFacts(this.#context, names, principal)
    const told = addLazyInstructions(facts, catalog ?? {})
    const hasSessions = haveSessions(this.#context, names, principal)
    const era = hasSessions && isModernOnly !== true ? 'legacy' : 'modern'
    client.answer(encode(toResult(client.id, toDiscoverResult(told, era))), 'ok')
  }

  abandon(client: ClientCall): void {
    this.#listeners.delete(client)
    client.abandon()
  }

  close(): void {
    this.#listeners.close()
  }

  async #list(client: ClientCall, kind: ListKind, body: Uint8Array): Promise<void> {
    const { params } = decode(body)
    const cursor = isObject(params) ? params.cursor : undefined
    succeed(client, await this.#context.catalog.list(kind, toRequest(client, cursor)))
  }

  /** The one tool of the catalog's own: calls of others were led to their servers. */
  async #findTools(client: ClientCall, body: Uint8Array): Promise<void> {
    const { params } = decode(body)
    const args = isObject(params) ? params.arguments : undefined
    const request = toRequest(client, undefined)
    succeed(client, await this.#context.catalog.lazy.find(request, args))
  }
}

function toRequest({ host }: ClientCall, cursor: unknown): ListRequest {
  const { principal, capabilities = '{}', catalog: view = {} } = host
  return { era: 'modern', principal, capabilities, view, cursor }
}

/** `result`: JSON. */
function succeed(client: ClientCall, result: string): void {
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(client.id)},"result":${result}}`
  client.answer(encoder.encode(text), 'ok')
}
