/**
 * One process for many callers: requests go out under ids of its own, and what comes back finds its
 * caller by id, progress token or subscription id. Replaced when it ends, at the next request.
 */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, toError, type RequestId } from '#protocol/json-rpc.ts'
import { URGENCY, type MessageMeta, type Urgency } from '#protocol/link.ts'
import { META } from '#protocol/mcp.ts'
import type { Owner } from '#protocol/yielding.ts'
import { isBeginId } from './asked-ids.ts'
import { Connection, decode, encode, type Exchange } from './connection.ts'
import type { ProcessContext } from './context.ts'
import type { Channel } from './link/channel.ts'
import { formerKey } from './link/former-processes.ts'
import type { Known } from './handshake.ts'
import { openProcess } from './open-process.ts'
import { OpeningUrgency } from './opening-urgency.ts'
import type { Ready } from './ready-processes.ts'
import type { Probe } from './probe.ts'
import type { Server } from './servers.ts'

/** A request on a shared process. Payloads carry the process's ids; the caller puts its own back. */
export interface SharedCall {
  readonly deadline: number
  /** Whose call it is, where what the server says meanwhile may be about it: see `onLog`. */
  readonly caller?: string | undefined
  onResponse: (payload: Uint8Array, meta: MessageMeta) => void
  /** Progress of this call, or a notification of its subscription. */
  onEvent: (payload: Uint8Array, method: string) => void
  /**
   * A log message, which names no call. Absent: the call takes none. A process that served another
   * caller before may still log what it did for that one, so nobody is told from then on.
   */
  onLog?: ((payload: Uint8Array) => void) | undefined
  /** `undelivered`: the process has not seen the request. */
  onLost: (error: GatewayError, undelivered?: boolean) => void
}

export interface SharedProcessOptions {
  /** Whose the process is from its first call on: until then it only lists for Hearth itself. */
  owner: Owner
  /** By which a later object finds the process again: see `formerKey`. Absent: it ends with this object. */
  name?: string
  /** One that was spoken to as `handshake` would, if there is any. */
  takeReady?: () => Ready | undefined
  /** Brings a process to where it takes requests. `known`: of one of `takeReady`, or of a former object. */
  handshake: (connection: Connection, known: Known | undefined) => Promise<void>
  /** Its callers are several: an answer that names none of their requests is nobody's. */
  isForAll?: true
  /** How to ask whether it answers; `ping` if nothing else is said. */
  probe?: Probe
  /** A notification that names no call. `only`: whose calls the process has served, and nobody else's. */
  onNotification: (payload: Uint8Array, method: string, only?: string) => void
  /** A request of the server's. Absent: it is told that nobody can be asked. */
  onRequest?: (payload: Uint8Array, connection: Connection) => void
  /** The process is gone; called after its calls were told. */
  onOver?: (error: GatewayError) => void
}

/** In the place of a caller: there were several. */
const MIXED = ''

interface Sent {
  call: SharedCall
  exchange: Exchange
  connection: Connection
}

export class SharedProcess {
  readonly #context: ProcessContext
  readonly #server: Server
  readonly #options: SharedProcessOptions
  readonly #calls = new Map<RequestId, Sent>()
  /** Whose calls a process has served. */
  readonly #callers = new WeakMap<Connection, string>()
  #connection: Connection | undefined
  /** They end with their last call. */
  readonly #retired = new Set<Connection>()
  #starting: Promise<Connection> | undefined
  /** Of the newest start. */
  #urgency: OpeningUrgency | undefined
  #isRetired = false
  #isClosed = false
  #lastId = 0

  constructor(context: ProcessContext, server: Server, options: SharedProcessOptions) {
    this.#context = context
    this.#server = server
    this.#options = options
  }

  /** `make` writes the request with the id that it gets. Resolves with that id once it is sent. */
  async request(call: SharedCall, make: (id: number) => Uint8Array): Promise<number> {
    const urgency = call.caller === undefined ? URGENCY.list : URGENCY.call
    const connection = this.#live ?? (await this.start(urgency))
    if (urgency === URGENCY.call) this.#noteUse()
    const id = ++this.#lastId
    const exchange: Exchange = {
      id,
      ...(this.#options.isForAll && { shared: true }),
      get deadline() {
        return call.deadline
      },
      onResponse: (payload, meta) => {
        this.#forget(id)
        call.onResponse(payload, meta)
      },
      onLost: (error) => {
        this.#forget(id)
        call.onLost(error, exchange.undelivered === true)
      },
    }
    const payload = make(id)
    connection.request(exchange, payload)
    this.#calls.set(id, { call, exchange, connection })
    this.#noteCaller(connection, call.caller)
    return id
  }

  /** Whether a request is sent at once. */
  get isReady(): boolean {
    return this.#live !== undefined
  }

  /** Whether it is there, or on its way. */
  get isUp(): boolean {
    return this.#starting !== undefined || this.#connection?.over === false
  }

  /** A request of the gateway's own. */
  async ask(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    const connection = this.#live ?? (await this.start())
    const asked = connection.ask(method, params, this.#server.config.timeoutMs.start)
    return asked.finally(() => this.#endRetired(connection))
  }

  /** Gives a request up; nothing more is heard of it. */
  cancel(id: RequestId, reason: string): void {
    const sent = this.#calls.get(id)
    sent?.connection.cancel(sent.exchange, reason)
    this.#forget(id)
  }

  notify(payload: Uint8Array): void {
    this.#live?.send(payload)
  }

  /**
   * The process takes no more requests: running calls go on, and what still comes starts another one,
   * which ends with it.
   * What waits without a deadline, a subscription, would never end: it is lost.
   */
  retire(): void {
    this.#isRetired = true
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined || connection.over) return
    this.#retired.add(connection)
    for (const [id, { call, connection: its }] of [...this.#calls]) {
      if (its !== connection || call.deadline !== Infinity) continue
      this.cancel(id, 'the configuration has changed')
      const detail = 'its configuration has changed'
      call.onLost(new GatewayError('server_exited', { detail, isBlameless: true }))
    }
    this.#endRetired(connection)
  }

  /** Ends the process now: its calls are lost. */
  close(): void {
    this.#isRetired = true
    this.#isClosed = true
    for (const connection of this.#retired) connection.close()
    this.#retired.clear()
    this.#connection?.close()
  }

  async start(urgency: Urgency = URGENCY.call): Promise<Connection> {
    this.#starting ??= this.#start(urgency).finally(() => {
      this.#starting = undefined
    })
    this.#urgency?.raise(urgency)
    return this.#starting
  }

  /** A process that was started to be listed is used from now on. */
  #noteUse(): void {
    if (this.#urgency?.value === URGENCY.call) return
    this.#urgency?.raise(URGENCY.call)
    this.#context.store.uses.note(this.#server.launch.digest, Date.now())
  }

  #forget(id: RequestId): void {
    const connection = this.#calls.get(id)?.connection
    this.#calls.delete(id)
    if (connection !== undefined) this.#endRetired(connection)
  }

  #endRetired(connection: Connection): void {
    if (connection.inFlight > 0 || !this.#retired.delete(connection)) return
    connection.close()
  }

  get #live(): Connection | undefined {
    const ready = this.#connection?.over === false && this.#starting === undefined
    return ready ? this.#connection : undefined
  }

  /** The process, and how far it was told already. */
  async #open(urgency: Urgency): Promise<{ channel: Channel; known?: Known | undefined }> {
    const { owner, name } = this.#options
    const ready = this.#options.takeReady?.()
    this.#urgency = ready?.urgency ?? new OpeningUrgency(urgency, owner)
    if (ready !== undefined) {
      ready.urgency.belongTo(owner)
      return { channel: ready.channel, known: 'initialize' }
    }
    const { digest } = this.#server.launch
    const key = name === undefined ? `shared:${crypto.randomUUID()}` : await formerKey(digest, name)
    const channel = await openProcess(this.#context, this.#server, { key }, this.#urgency)
    return { channel, ...(channel.former !== undefined && { known: 'initialized' }) }
  }

  async #start(urgency: Urgency): Promise<Connection> {
    const { channel, known } = await this.#open(urgency)
    const connection = new Connection(channel, this.#context.ticker, {
      onServerMessage: (payload, meta) => this.#receive(connection, payload, meta),
      onStrayResponse: (_payload, { id }) => {
        // A former object was lost before it could say that the process may begin.
        if (isBeginId(id)) connection.abandon(new GatewayError('server_exited', BLAMELESS))
      },
      onOver: (error, unanswered) => {
        // Whose call ended the process is not known: it closes the server to none of them.
        const isAll = this.#hasSeveralCallers(connection)
        const told = isAll ? GatewayError.amend(error, BLAMELESS) : error
        for (const exchange of unanswered) exchange.onLost(told)
        if (connection === this.#connection) this.#options.onOver?.(error)
      },
    })
    try {
      await this.#options.handshake(connection, known)
    } catch (error) {
      connection.close()
      throw error
    }
    if (this.#isClosed) {
      connection.close()
      throw new GatewayError('server_exited', { isBlameless: true })
    }
    if (this.#isRetired) this.#retired.add(connection)
    else this.#connection = connection
    this.#context.guards.watch(this.#server, connection, this.#options.probe)
    return connection
  }

  #receive(connection: Connection, payload: Uint8Array, meta: MessageMeta): void {
    const { kind, id, method } = meta
    if (kind === 'request') {
      const { onRequest } = this.#options
      if (onRequest !== undefined) return onRequest(payload, connection)
      // Who of all the callers is meant cannot be told (2026-07-28 forbids such requests).
      const refusal = method === 'ping' ? { result: {} } : undefined
      const answer = refusal
        ? { jsonrpc: '2.0', id, ...refusal }
        : toError(id ?? null, -32601, 'A shared server cannot ask its clients')
      return connection.send(encode(answer))
    }
    if (method === 'notifications/message') return this.#log(connection, payload)
    const known = this.#calls.get(id ?? addressee(payload) ?? '')
    if (known?.connection === connection) known.call.onEvent(payload, method ?? '')
    // Progress of a call that is over is nobody's.
    else if (method !== PROGRESS) {
      const served = this.#callers.get(connection)
      this.#options.onNotification(payload, method ?? '', served === MIXED ? undefined : served)
    }
  }

  #noteCaller(connection: Connection, caller: string | undefined): void {
    const known = this.#callers.get(connection)
    if (caller === undefined || caller === known) return
    this.#callers.set(connection, known === undefined ? caller : MIXED)
  }

  /** Whether calls of several wait for the process. */
  #hasSeveralCallers(connection: Connection): boolean {
    const callers = new Set<string>()
    for (const { call, connection: its } of this.#calls.values()) {
      if (its === connection && call.caller !== undefined) callers.add(call.caller)
    }
    return callers.size > 1
  }

  #log(connection: Connection, payload: Uint8Array): void {
    if (this.#callers.get(connection) === MIXED) return
    const calls = [...this.#calls.values()].filter((known) => {
      return known.connection === connection && known.call.onLog !== undefined
    })
    calls.at(-1)?.call.onLog?.(payload)
  }
}

const BLAMELESS = { isBlameless: true }
const PROGRESS = 'notifications/progress'

/** A host program of before names does not tell which request a notification is about. */
function addressee(payload: Uint8Array): RequestId | undefined {
  const { params } = decode(payload)
  if (!isObject(params)) return undefined
  const token = params.progressToken
  if (typeof token === 'number' || typeof token === 'string') return token
  const id = isObject(params._meta) ? params._meta[META.subscriptionId] : undefined
  return typeof id === 'number' || typeof id === 'string' ? id : undefined
}
