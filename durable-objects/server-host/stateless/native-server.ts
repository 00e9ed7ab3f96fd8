/** Modern clients of a modern server: one process, frames as they are but for ids and tokens. */
import { GatewayError } from '#protocol/errors.ts'
import { OWN_CLIENT, type HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { LATEST_MODERN, META, REPEATABLE_METHODS } from '#protocol/mcp.ts'
import { findSpans, setValue, splice } from '#protocol/json-splice.ts'
import { IMPLEMENTATION } from '#protocol/version.ts'
import { EVERYONE } from '#protocol/yielding.ts'
import type { ClientCall } from '../call/client-call.ts'
import { withOwnIds } from '../call/own-ids.ts'
import { decode, encode } from '../processes/connection.ts'
import { readFreshness } from '../call/call-transform.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../processes/servers.ts'
import { repeatOnce } from '../guard/repeat-once.ts'
import { SharedProcess, type SharedCall } from '../processes/shared-process.ts'
import type { KnownTools } from '../processes/tools.ts'
import { dropForbiddenURIs, mayTell } from '../translate/listen-access.ts'
import { ACKNOWLEDGED, tagNotification } from '../translate/listen.ts'
import { filterAccepts, readListenFilter, type ListenFilter } from '../translate/listen-filter.ts'
import { findState, keepState, releaseState } from './owned-state.ts'
import { callerOf } from './lease.ts'
import type { ListenServing } from '../call/serving.ts'
import { checkParamHeaders } from './param-headers.ts'

/** HTTP statuses that the transport prescribes for a server's own errors (2026-07-28). */
const STATUS: Readonly<Record<number, number>> = {
  [-32601]: 404,
  [-32020]: 400,
  [-32021]: 400,
  [-32022]: 400,
}

export class NativeServer implements ListenServing {
  readonly process: SharedProcess
  readonly #server: Server
  readonly #running = new Map<ClientCall, number>()
  readonly #tools: KnownTools
  /** Streams that another one has acknowledged to their clients: what is called when this one's process has. */
  readonly #joining = new WeakMap<ClientCall, () => void>()
  /** What is heard on a stream, once that is acknowledged. */
  readonly #filters = new WeakMap<ClientCall, ListenFilter>()
  readonly #key: () => Promise<CryptoKey>
  readonly #listTools = (params: Record<string, unknown>) =>
    this.process.ask('tools/list', { ...params, _meta: OWN_META })

  /** `key`: of the object's own, for what clients bring back. */
  constructor(context: HostContext, server: Server, key: () => Promise<CryptoKey>) {
    this.#server = server
    this.#key = key
    this.#tools = context.tools
    this.process = new SharedProcess(context, server, {
      owner: server.principal ?? EVERYONE,
      isForAll: true,
      takeReady: () => context.eras.ready.take(server),
      handshake: () => Promise.resolve(),
      probe: { method: 'server/discover', params: { _meta: OWN_META } },
      onNotification: (_payload, method) => context.transforms.hear(server.name, method),
    })
  }

  async call(client: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope, progressToken } = client.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    const listens = method === 'subscriptions/listen'
    if (method === 'tools/call') {
      const given = client.original ?? body
      const asked = { tools: this.#tools, owner: this.#server, ask: this.#listTools }
      await checkParamHeaders(client.host, given, asked)
    }
    const { access } = client.host
    const own = listens && access !== undefined ? dropForbiddenURIs(body, access) : body
    const isRetry = client.host.retries === true
    const request = isRetry ? await releaseState(own, method, client.host, this.#key) : own
    if (client.settled) return
    const capabilities = this.#server.config.roots ? undefined : withoutRoots(client.host)
    const id = await this.process.request(
      {
        get deadline() {
          return client.deadline
        },
        ...logsOf(client),
        onResponse: (payload, meta) => {
          this.#running.delete(client)
          const answer = setValue(payload, ['id'], JSON.stringify(client.id))
          if (meta.failed === true) client.answer(answer, 'rpc_error', meta.ms, statusOf(answer))
          else this.#succeed(client, method, answer, meta.ms)
        },
        onEvent: (payload, event) => {
          if (event === ACKNOWLEDGED) {
            const isKnown = this.#filters.has(client)
            this.#filters.set(client, readAcknowledged(payload))
            const joined = this.#joining.get(client)
            joined?.()
            // Its client was told once, whichever process of whichever configuration serves it now.
            if (joined !== undefined || isKnown) return
          }
          if (listens && !mayTell(event, decode(payload).params, access)) return
          client.hear(event)
          client.event(withOwnIds(payload, event, client))
        },
        onLost: (error, undelivered = false) => {
          client.undelivered = undelivered
          this.#lose(client, method, body, error)
        },
      },
      (id) => rewrite(request, id, progressToken !== undefined, capabilities),
    )
    if (client.settled) this.process.cancel(id, 'the client is gone')
    else this.#running.set(client, id)
  }

  #succeed(client: ClientCall, method: string, answer: Uint8Array, ms: number | undefined): void {
    if (client.transform !== undefined) client.freshness = readFreshness(answer)
    const state = findState(answer, method)
    if (state === undefined) {
      return client.answer(restoreSubscription(answer, method, client), 'ok', ms)
    }
    keepState(answer, state, client.host, this.#key).then(
      (kept) => client.answer(kept, 'ok', ms),
      (error: unknown) => client.onLost(GatewayError.from(error)),
    )
  }

  abandon(client: ClientCall): void {
    const id = this.#running.get(client)
    this.#running.delete(client)
    if (id !== undefined) this.process.cancel(id, 'the client is gone')
    client.abandon()
  }

  release(client: ClientCall): void {
    const id = this.#running.get(client)
    this.#running.delete(client)
    if (id !== undefined) this.process.cancel(id, 'the configuration has changed')
  }

  async join(client: ClientCall, body: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#joining.set(client, resolve)
    await this.call(client, body)
    await promise
  }

  tell(client: ClientCall, method: string): void {
    if (!filterAccepts(this.#filters.get(client) ?? {}, method)) return
    client.event(tagNotification(encode({ jsonrpc: '2.0', method }), client.id))
  }

  /** Calls that run go on; subscriptions do not. */
  close(): void {
    this.process.retire()
  }

  #lose(client: ClientCall, method: string, body: Uint8Array, error: GatewayError): void {
    this.#running.delete(client)
    if (error.code !== 'server_exited' || client.repeated) return client.onLost(error)
    repeatOnce(client, error, {
      mayRepeat: () => this.isRepeatable(client, method),
      again: () => this.call(client, body),
    })
  }

  async mayRepeat(client: ClientCall): Promise<boolean> {
    const { envelope } = client.host
    return envelope?.kind === 'request' && (await this.isRepeatable(client, envelope.method))
  }

  /** Whether a call that may have run can run once more; asks the server for its tools. */
  async isRepeatable(client: ClientCall, method: string): Promise<boolean> {
    if (client.undelivered) return true
    if (method !== 'tools/call') return REPEATABLE_METHODS.has(method)
    return this.#tools.isRepeatable(this.#server, client.host.target, this.#listTools)
  }
}

/** A server may log for a request that did not ask for it, so every client counts. */
function logsOf(client: ClientCall): Pick<SharedCall, 'caller' | 'onLog'> {
  const { host } = client
  const caller = host.client === OWN_CLIENT ? undefined : callerOf(host).key
  if (host.logLevel === undefined) return { caller }
  return { caller, onLog: (line) => client.event(line) }
}

const OWN_META = {
  [META.protocolVersion]: LATEST_MODERN,
  [META.clientInfo]: IMPLEMENTATION,
  [META.clientCapabilities]: {},
}

/** `capabilities`: as JSON, in the place of the client's. */
function rewrite(
  body: Uint8Array,
  id: number,
  hasToken: boolean,
  capabilities: string | undefined,
): Uint8Array {
  const paths = [
    ['id'],
    ...(hasToken ? [['params', '_meta', 'progressToken']] : []),
    ...(capabilities === undefined ? [] : [CAPABILITIES]),
  ]
  const edits = findSpans(body, paths).flatMap((span, at) => {
    const text = paths[at] === CAPABILITIES ? (capabilities ?? '{}') : JSON.stringify(id)
    return span === undefined ? [] : [{ span, text }]
  })
  return splice(body, edits)
}

const CAPABILITIES = ['params', '_meta', META.clientCapabilities]

/** A client's capabilities as JSON, where roots are among them. */
function withoutRoots({ capabilities = '' }: HostCall): string | undefined {
  if (!capabilities.includes('"roots"')) return undefined
  const { roots, ...others } = JSON.parse(capabilities) as Record<string, unknown>
  return roots === undefined ? undefined : JSON.stringify(others)
}

function readAcknowledged(payload: Uint8Array): ListenFilter {
  const read = readListenFilter(decode(payload).params)
  return read.ok ? read.filter : {}
}

function restoreSubscription(payload: Uint8Array, method: string, { id }: ClientCall): Uint8Array {
  if (method !== 'subscriptions/listen') return payload
  return setValue(payload, ['result', '_meta', META.subscriptionId], JSON.stringify(id))
}

function statusOf(answer: Uint8Array): number {
  const { error } = decode(answer)
  const code = isObject(error) ? error.code : undefined
  return (typeof code === 'number' ? STATUS[code] : undefined) ?? 200
}
