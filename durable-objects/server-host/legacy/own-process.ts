/**
 * The upstream of a session that has a legacy process to itself: frames pass as they are. The
 * process is replaced when it ends, and gets the client's `initialize` again.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { Envelope } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { REPEATABLE_METHODS } from '#protocol/mcp.ts'
import type { Channel } from '../link/channel.ts'
import { ClientCall } from '../calls/client-call.ts'
import { Connection, decode, type Exchange } from '../connection.ts'
import { startFailure } from '../servers/eras.ts'
import type { HostContext } from '../host-context.ts'
import { openProcess } from '../servers/open-process.ts'
import type { ServerFacts } from '../servers/servers.ts'
import { listTools } from '../servers/tools.ts'
import { INTEREST_METHODS, type LegacySession, type Upstream } from './session.ts'

export class OwnProcess implements Upstream {
  readonly #context: HostContext
  readonly #session: LegacySession
  #connection: Connection | undefined
  #starting: Promise<Connection> | undefined
  #closed = false

  constructor(context: HostContext, session: LegacySession) {
    this.#context = context
    this.#session = session
  }

  /** Goes on with the process that a former object had for this session. */
  adopt(channel: Channel): void {
    this.#connection = this.#connect(channel)
  }

  /**
   * The client's own `initialize`: passed on, not replayed. `onReady` runs before the answer leaves.
   * Resolves when the session has begun; when it has not, the process has to be closed.
   */
  async begin(
    call: ClientCall,
    body: Uint8Array,
    onReady: (result: Record<string, unknown>) => void,
  ): Promise<void> {
    this.#connection = await this.#open()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const exchange: Exchange = {
      id: call.id,
      deadline: Date.now() + this.#session.server.config.timeoutMs.start,
      onLost: (error) => reject(this.#startFailure(error)),
      onResponse: (payload, meta) => {
        if (meta.failed !== true) onReady(decode(payload).result as Record<string, unknown>)
        else call.reply.headers = {}
        call.onResponse(payload, meta)
        if (meta.failed === true) reject(new GatewayError('server_start_failed'))
        else resolve()
      },
    }
    this.#connection.request(exchange, body)
    return promise
  }

  async call(call: ClientCall, body: Uint8Array): Promise<void> {
    // The warm path has no await before the frame is sent.
    const connection = this.#live ?? (await this.#start())
    if (call.settled) return
    connection.request(this.#remembering(call, body), body)
  }

  async pass(body: Uint8Array, envelope: Envelope): Promise<void> {
    if (this.#live === undefined && envelope.kind === 'response') return
    if (envelope.kind === 'notification') {
      if (
        envelope.method === 'notifications/roots/list_changed' &&
        !this.#session.server.config.roots
      )
        return
      // A process that is replaced is told of it with its initialize.
      if (envelope.method === 'notifications/initialized' && this.#live === undefined) return
    }
    const connection = this.#live ?? (await this.#start())
    connection.send(body)
  }

  cancel(call: ClientCall): void {
    this.#connection?.cancel(call.id, 'cancelled by the client')
  }

  close(): void {
    this.#closed = true
    this.#connection?.close()
  }

  get #live(): Connection | undefined {
    return this.#connection?.over === false && this.#starting === undefined
      ? this.#connection
      : undefined
  }

  /** A process in the state where the last one was, as far as the protocol knows it. */
  async #start(): Promise<Connection> {
    this.#starting ??= this.#restart().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  async #restart(): Promise<Connection> {
    const { record, server } = this.#session
    const connection = await this.#open()
    const { start } = server.config.timeoutMs
    try {
      await connection.ask(
        'initialize',
        JSON.parse(record.initialize) as Record<string, unknown>,
        start,
      )
    } catch (error) {
      connection.close()
      throw this.#startFailure(error)
    }
    connection.tell('notifications/initialized')
    // What the server refuses now it accepted before: the session goes on without it.
    const { logLevel: level, subscriptions } = record
    if (level !== undefined)
      await connection.ask('logging/setLevel', { level }, start).catch(() => undefined)
    for (const uri of subscriptions) {
      await connection.ask('resources/subscribe', { uri }, start).catch(() => undefined)
    }
    this.#connection = connection
    return connection
  }

  async #open(): Promise<Connection> {
    const channel = await openProcess(
      this.#context,
      this.#owned,
      `session:${this.#session.record.id}`,
    )
    if (!this.#closed) return this.#connect(channel)
    channel.close()
    throw new GatewayError('session_not_found')
  }

  /** A personal server's process is that of the principal whose session this is. */
  get #owned(): Pick<ServerFacts, 'name' | 'principal'> {
    const { server, principal } = this.#session.record
    return { name: server, principal }
  }

  #startFailure(error: unknown): GatewayError {
    return startFailure(error, this.#context.servers.launchOf(this.#owned))
  }

  #connect(channel: Channel): Connection {
    return new Connection(channel, this.#context.ticker, {
      onServerMessage: (payload, meta, replayed) => {
        if (replayed && this.#session.hasPassedOn(payload)) return
        this.#session.fromServer(payload, meta)
      },
      onStrayResponse: (payload, meta) => {
        if (isOwnRequest(meta.id)) return this.#abandon(channel)
        this.#session.fromFormerObject(payload, meta)
      },
      onOver: (error, unanswered) => this.#lose(error, unanswered),
    })
  }

  /** A former object was lost while it brought this process up: how far it came is not known. */
  #abandon(channel: Channel): void {
    channel.close()
    this.#session.failFormer(new GatewayError('server_exited'))
  }

  /** Calls that may be repeated are, once, on the next process; the others fail. */
  #lose(error: GatewayError, unanswered: Exchange[]): void {
    this.#session.forgetAsks()
    this.#session.failFormer(error)
    const candidates: ClientCall[] = []
    for (const exchange of unanswered) {
      if (exchange instanceof ClientCall && this.#mayRepeat(exchange)) candidates.push(exchange)
      else exchange.onLost(error)
    }
    if (candidates.length > 0) {
      this.#repeat(candidates, error).catch((failure: unknown) => {
        for (const call of candidates) call.onLost(GatewayError.is(failure) ? failure : error)
      })
    }
  }

  #mayRepeat(call: ClientCall): boolean {
    const { envelope } = call.host
    if (this.#closed || call.repeated || call.body === undefined || envelope?.kind !== 'request')
      return false
    const { method } = envelope
    return call.undelivered || method === 'tools/call' || REPEATABLE_METHODS.has(method)
  }

  async #repeat(calls: ClientCall[], error: GatewayError): Promise<void> {
    const connection = await this.#start()
    const { start } = this.#session.server.config.timeoutMs
    const asksTools = calls.some((call) => isToolCall(call) && !call.undelivered)
    const tools = asksTools
      ? await listTools((params) => connection.ask('tools/list', params, start))
      : undefined
    for (const call of calls) {
      if (call.settled || call.body === undefined) continue
      call.repeated = true
      const repeatable = tools?.get(call.host.target ?? '')?.repeatable === true
      const safe = call.undelivered || !isToolCall(call) || repeatable
      call.undelivered = false
      if (safe) connection.request(this.#remembering(call, call.body), call.body)
      else call.onLost(error)
    }
  }

  /** Keeps in the session's record what a later process must be told again. */
  #remembering(call: ClientCall, body: Uint8Array): Exchange {
    const method = call.host.envelope?.kind === 'request' ? call.host.envelope.method : ''
    if (!INTEREST_METHODS.has(method)) return call
    return {
      id: call.id,
      deadline: call.deadline,
      onLost: (error) => call.onLost(error),
      onResponse: (payload, meta) => {
        if (meta.failed !== true && this.#session.noteInterest(method, body)) {
          this.#context.store.saveInterest(this.#session.record)
        }
        call.onResponse(payload, meta)
      },
    }
  }
}

function isToolCall({ host: { envelope } }: ClientCall): boolean {
  return envelope?.kind === 'request' && envelope.method === 'tools/call'
}

/** Ids of the gateway's own requests: `Connection.ask`. */
function isOwnRequest(id: MessageMeta['id']): boolean {
  return typeof id === 'string' && id.startsWith('hearth:')
}
