/**
 * The one process of a server with `"sharing": "shared"`, whoever calls: sessions, clients without one,
 * the catalog. It is initialised by the gateway with no client capabilities: whom a server's request
 * would be for cannot be told.
 */
import type { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { LATEST_LEGACY, REPEATABLE_METHODS } from '#protocol/mcp.ts'
import { IMPLEMENTATION } from '#protocol/version.ts'
import { EVERYONE } from '#protocol/yielding.ts'
import { changedKinds } from '../translate/list-kinds.ts'
import { decode, encode, type Connection } from './connection.ts'
import type { ProcessContext } from './context.ts'
import { UPDATED } from '../translate/listen-access.ts'
import { tell, type Known } from './handshake.ts'
import type { Server } from './servers.ts'
import { SharedProcess } from './shared-process.ts'
import type { KnownTools } from './tools.ts'

interface Context extends ProcessContext {
  tools: KnownTools
}

/** A session, or all clients that have none. */
export interface SharedUser {
  /** See `SharedCall.caller`; absent where it is many. */
  readonly caller?: string
  /** URIs of resources that it wants to hear of. */
  readonly subscriptions: readonly string[]
  /** What the process says to nobody in particular. */
  hear: (payload: Uint8Array, method: string) => void
  /** The process is gone, and its calls were told. */
  lose?: (error: GatewayError) => void
}

const INITIALIZE = {
  protocolVersion: LATEST_LEGACY,
  capabilities: {},
  clientInfo: IMPLEMENTATION,
}

/** A call whose process is gone. */
interface Repeated {
  readonly undelivered: boolean
  readonly host: { target?: string | undefined }
}

export class SharedServer {
  readonly process: SharedProcess
  readonly #context: Context
  readonly #server: Server
  readonly #users = new Set<SharedUser>()

  constructor(context: Context, server: Server) {
    this.#context = context
    this.#server = server
    this.process = new SharedProcess(context, server, {
      owner: server.principal ?? EVERYONE,
      isForAll: true,
      name: JSON.stringify(INITIALIZE),
      handshake: (connection, known) => this.#handshake(connection, known),
      onNotification: (payload, method, only) => {
        const forAll = toAll(payload, method)
        for (const user of this.#users) {
          if (forAll !== undefined) user.hear(forAll, method)
          else if (only !== undefined && user.caller === only) user.hear(payload, method)
        }
      },
      onOver: (error) => {
        for (const user of this.#users) user.lose?.(error)
      },
    })
  }

  join(user: SharedUser): void {
    this.#users.add(user)
  }

  leave(user: SharedUser): void {
    this.#users.delete(user)
  }

  /** Whether a call that may have run can run once more; may ask the server for its tools. */
  async mayRepeat(call: Repeated, method: string): Promise<boolean> {
    if (call.undelivered) return true
    if (method !== 'tools/call') return REPEATABLE_METHODS.has(method)
    return this.#context.tools.isRepeatable(this.#server, call.host.target, (params) =>
      this.process.ask('tools/list', params),
    )
  }

  /** Whether somebody beside this one is subscribed to a resource. */
  isWanted(uri: string, by: SharedUser): boolean {
    return [...this.#users].some((user) => user !== by && user.subscriptions.includes(uri))
  }

  /** A new process learns what its users were told by the former one. */
  async #handshake(connection: Connection, known: Known | undefined): Promise<void> {
    const { start } = this.#server.config.timeoutMs
    const subscriptions = new Set([...this.#users].flatMap((user) => user.subscriptions))
    const told = { initialize: INITIALIZE, subscriptions, ...(known && { known }) }
    await tell(this.#context, this.#server, connection, told, start)
  }
}

/**
 * Whose call a notification is about cannot be told, so everyone is told what everyone may know: that a
 * list changed, or which resource did. `undefined`: nothing.
 */
function toAll(payload: Uint8Array, method: string): Uint8Array | undefined {
  if (changedKinds(method).length > 0) return encode({ jsonrpc: '2.0', method })
  if (method !== UPDATED) return undefined
  const { params } = decode(payload)
  const uri = isObject(params) ? params.uri : undefined
  return typeof uri === 'string' ? encode({ jsonrpc: '2.0', method, params: { uri } }) : undefined
}

/** Of a tenant. */
export class SharedServers {
  /** By server and digest: a changed configuration is another one. */
  readonly #known = new Map<string, { shared: SharedServer; server: Server; digest: string }>()

  of(context: Context, server: Server): SharedServer {
    const { name, digest } = server.launch
    const key = `${name} ${digest}`
    const known = this.#known.get(key)
    if (known !== undefined) return known.shared
    const shared = new SharedServer(context, server)
    this.#known.set(key, { shared, server, digest })
    return shared
  }

  /** Those that are configured no more, or shared no more, end with their last calls. */
  prune({ servers }: Pick<ProcessContext, 'servers'>): void {
    for (const [key, { shared, server, digest }] of this.#known) {
      const isSame = servers.launchOf(server)?.digest === digest
      if (isSame && server.config.sharing === 'shared') continue
      this.#known.delete(key)
      shared.process.retire()
    }
  }
}
