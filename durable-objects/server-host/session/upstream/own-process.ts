/**
 * The upstream of a session that has a legacy process to itself: frames pass as they are. The
 * process is replaced when it ends, and gets the client's `initialize` again.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { Envelope } from '#protocol/json-rpc.ts'
import { setValue } from '#protocol/json-splice.ts'
import { isProbeId } from '#protocol/link.ts'
import type { Channel } from '../../processes/link/channel.ts'
import { ClientCall } from '../../call/client-call.ts'
import { isOwnId } from '../../processes/asked-ids.ts'
import { Connection, decode, type Exchange } from '../../processes/connection.ts'
import { repeatOnce } from '../../guard/repeat-once.ts'
import { startFailure } from '../../processes/start-failure.ts'
import type { HostContext } from '../../host-context.ts'
import { tell } from '../../processes/handshake.ts'
import { openProcess } from '../../processes/open-process.ts'
import type { ServerFacts } from '../../processes/servers.ts'
import { listTools, type ToolFacts } from '../../processes/tools.ts'
import type { RetiringUpstream, Successor } from './renewable.ts'
import { isCandidate, isRepeatable, isSafe } from '../repetition.ts'
import { initializeFor, settleInitialize } from '../initialize.ts'
import { remembering } from '../interest.ts'
import type { UpstreamSession } from './upstream.ts'

export class OwnProcess implements RetiringUpstream {
  readonly #context: HostContext
  readonly #session: UpstreamSession
  #connection: Connection | undefined
  #starting: Promise<Connection> | undefined
  #closed = false
  #successor: Successor | undefined

  constructor(context: HostContext, session: UpstreamSession) {
    this.#context = context
    this.#session = session
  }

  /** Goes on with the process that a former object had for this session. */
  adopt(channel: Channel): void {
    this.#connection = this.#connect(channel)
    this.#watch()
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
    // Of a try before this one.
    this.#connection?.close()
    this.#connection = await this.#open()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const exchange: Exchange = {
      ...{ id: call.id, call: call.call },
      deadline: Date.now() + this.#session.server.config.timeoutMs.start,
      onLost: (error) => reject(startFailure(this.#context.servers, this.#owned, error)),
      onResponse: (payload, meta) => {
        if (meta.failed === true) {
          call.onResponse(payload, meta)
          return reject(new GatewayError('server_start_failed'))
        }
        const { result } = decode(payload)
        const settled = settleInitialize(result, this.#session.record)
        if (GatewayError.is(settled)) return reject(settled)
        const launch = this.#context.servers.launchOf(this.#owned)
        if (launch !== undefined) this.#context.servers.reasons.end(launch)
        onReady(settled)
        const isSame = settled === result
        const told = isSame ? payload : setValue(payload, ['result'], JSON.stringify(settled))
        call.onResponse(told, meta)
        this.#watch()
        resolve()
      },
    }
    this.#connection.request(exchange, body)
    // The server was configured anew while this process was opened.
    if (this.#successor !== undefined) this.#connection.retire(() => undefined)
    return promise
  }

  /** The warm path has no wait before the frame is sent. */
  call(call: ClientCall, body: Uint8Array): Promise<void> | undefined {
    return this.#live === undefined
      ? this.#callNext(call, body)
      : this.#send(this.#live, call, body)
  }

  async #callNext(call: ClientCall, body: Uint8Array): Promise<void> {
    await this.#send(await this.#startUnlessRetired(), call, body)
  }

  /** What waited for a process of the former configuration is the successor's. */
  #send(
    connection: Connection | undefined,
    call: ClientCall,
    body: Uint8Array,
  ): Promise<void> | undefined {
    if (call.settled) return undefined
    if (this.#successor !== undefined) return this.#successor.call(call, body)
    connection?.request(remembering(this.#session, call, body), body)
    return undefined
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

  async mayRepeat(call: ClientCall): Promise<boolean> {
    if (this.#closed) return false
    return isRepeatable(call, async () => this.#listTools(this.#live ?? (await this.#start())))
  }

  cancel(call: ClientCall): void {
    this.#connection?.cancel(call, 'cancelled by the client')
  }

  async ask(
    method: string,
    params: Record<string, unknown>,
    timeoutMs: number,
  ): Promise<Record<string, unknown>> {
    const connection = this.#live ?? (await this.#start())
    return connection.ask(method, params, timeoutMs)
  }

  setLevel(level: string): void {
    const { start } = this.#session.server.config.timeoutMs
    this.#live?.ask('logging/setLevel', { level }, start).catch(() => undefined)
  }

  close(): void {
    this.#closed = true
    this.#connection?.close()
  }

  retire(successor: Successor): void {
    this.#successor = successor
    if (this.#starting !== undefined) {
      const end = (connection?: Connection): void => {
        connection?.close()
        successor.onOver()
      }
      this.#starting.then(end, () => end())
    } else if (this.#connection === undefined) successor.onOver()
    else this.#connection.retire(successor.onOver)
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

  async #startUnlessRetired(): Promise<Connection | undefined> {
    try {
      return await this.#start()
    } catch (error) {
      if (this.#successor === undefined) throw error
      return undefined
    }
  }

  async #restart(): Promise<Connection> {
    const { record, server } = this.#session
    const connection = await this.#open()
    const { start } = server.config.timeoutMs
    const initialize = initializeFor(record, server)
    try {
      await tell(this.#context, this.#owned, connection, { ...record, initialize }, start)
    } catch (error) {
      connection.close()
      throw error
    }
    this.#connection = connection
    this.#watch()
    return connection
  }

  #watch(): void {
    if (this.#connection !== undefined) this.#context.guards.watch(this.#owned, this.#connection)
  }

  async #open(): Promise<Connection> {
    const { id, principal } = this.#session.record
    const wanted = { key: `session:${id}`, owner: principal }
    const channel = await openProcess(this.#context, this.#owned, wanted)
    if (!this.#closed) return this.#connect(channel)
    channel.close()
    throw new GatewayError('session_not_found')
  }

  /** A personal server's process is that of the principal whose session this is. */
  get #owned(): Pick<ServerFacts, 'name' | 'principal'> {
    const { server, principal } = this.#session.record
    return { name: server, principal }
  }

  #connect(channel: Channel): Connection {
    return new Connection(channel, this.#context.ticker, {
      onServerMessage: (payload, meta, replayed) => {
        if (replayed && this.#session.hasPassedOn(payload, meta)) return
        if (meta.kind === 'request') this.#session.ask(payload, meta, this)
        else this.#session.fromServer(payload, meta)
      },
      onStrayResponse: (payload, meta) => {
        if (isProbeId(meta.id)) return
        if (isOwnId(meta.id)) return this.#abandon()
        this.#session.fromFormerObject(payload, meta)
      },
      onOver: (error, unanswered) => this.#lose(error, unanswered),
    })
  }

  /** A former object was lost while it brought this process up: how far it came is not known. */
  #abandon(): void {
    this.#connection?.abandon(new GatewayError('server_exited', { isBlameless: true }))
  }

  /** Calls that may be repeated are, once, on the next process; the others fail. */
  #lose(error: GatewayError, unanswered: Exchange[]): void {
    this.#session.questions.closeOf(this)
    this.#session.failFormer(error)
    let listing: Promise<Map<string, ToolFacts>> | undefined
    const list = (connection: Connection) => (listing ??= this.#listTools(connection))
    for (const call of unanswered) {
      const mayRepeat = !this.#closed && call instanceof ClientCall && isCandidate(call)
      if (mayRepeat) this.#repeat(call, error, list)
      else call.onLost(error)
    }
  }

  #repeat(
    call: ClientCall,
    error: GatewayError,
    list: (connection: Connection) => Promise<Map<string, ToolFacts>>,
  ): void {
    repeatOnce(call, error, {
      mayRepeat: async () => {
        // Which of its tools may be repeated is not known of the next one.
        if (this.#successor !== undefined) return isSafe(call, undefined)
        const connection = await this.#start()
        return isSafe(call, undefined) || isSafe(call, await list(connection))
      },
      again: () => {
        call.undelivered = false
        return call.body && (this.#successor ?? this).call(call, call.body)
      },
    })
  }

  #listTools(connection: Connection): Promise<Map<string, ToolFacts>> {
    const { start } = this.#session.server.config.timeoutMs
    return listTools((params) => connection.ask('tools/list', params, start))
  }
}
