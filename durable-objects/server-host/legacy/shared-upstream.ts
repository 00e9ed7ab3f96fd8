/**
 * The upstream of a session on a server that all sessions of the tenant share (`"sharing": "shared"`).
 * The process is initialised by the gateway with no client capabilities: whom a server's request
 * would be for cannot be told.
 */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, toResult } from '#protocol/json-rpc.ts'
import { LATEST_LEGACY, REPEATABLE_METHODS } from '#protocol/mcp.ts'
import { findSpans, setValue, splice } from '#protocol/json-splice.ts'
import type { ClientCall } from '../calls/client-call.ts'
import { decode, encode, type Connection } from '../connection.ts'
import { startFailure } from '../servers/eras.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../servers/servers.ts'
import { SharedProcess } from '../servers/shared-process.ts'
import { listTools } from '../servers/tools.ts'
import type { LegacySession, Upstream } from './session.ts'

/** One for each shared server: the process and the sessions on it. */
export class SharedServer {
  readonly process: SharedProcess
  readonly #context: HostContext
  readonly #server: Server
  readonly #sessions = new Set<LegacySession>()
  readonly #running = new Map<ClientCall, LegacySession>()

  constructor(context: HostContext, server: Server) {
    this.#context = context
    this.#server = server
    this.process = new SharedProcess(context, server, {
      handshake: (connection) => this.#handshake(connection),
      onNotification: (payload, method) => this.#publish(payload, method),
    })
  }

  join(session: LegacySession): void {
    this.#sessions.add(session)
  }

  leave(session: LegacySession): void {
    this.#sessions.delete(session)
  }

  begin(call: ClientCall, session: LegacySession): void {
    this.#running.set(call, session)
  }

  end(call: ClientCall): void {
    this.#running.delete(call)
  }

  /** Whether a call that may have run can run once more; asks the server for its tools. */
  async mayRepeat(call: ClientCall, method: string): Promise<boolean> {
    if (call.undelivered) return true
    if (method !== 'tools/call') return REPEATABLE_METHODS.has(method)
    const tools = await listTools((params) => this.process.ask('tools/list', params))
    return tools.get(call.host.target ?? '')?.repeatable === true
  }

  /** Whether a session beside this one is subscribed to a resource. */
  isWanted(uri: string, by: LegacySession): boolean {
    return [...this.#sessions].some(
      (session) => session !== by && session.record.subscriptions.includes(uri),
    )
  }

  /** A new process learns what its sessions were told by the former one. */
  async #handshake(connection: Connection): Promise<void> {
    const { start } = this.#server.config.timeoutMs
    const clientInfo = { name: 'hearth', version: '0.1.0' }
    const params = { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo }
    try {
      await connection.ask('initialize', params, start)
    } catch (error) {
      throw startFailure(error, this.#context.servers.launchOf(this.#server))
    }
    connection.tell('notifications/initialized')
    const uris = new Set([...this.#sessions].flatMap(({ record }) => record.subscriptions))
    for (const uri of uris) {
      await connection.ask('resources/subscribe', { uri }, start).catch(() => undefined)
    }
  }

  #publish(payload: Uint8Array, method: string): void {
    const meta = { kind: 'notification', method } as const
    if (method === 'notifications/message') {
      // With more than one call in flight a log line may be another principal's.
      const [[call, session] = []] = this.#running
      if (call !== undefined && session !== undefined && this.#running.size === 1) {
        session.fromServer(payload, meta)
      }
      return
    }
    const { params } = decode(payload)
    const uri = isObject(params) ? params.uri : undefined
    for (const session of this.#sessions) {
      const concerned = typeof uri !== 'string' || session.record.subscriptions.includes(uri)
      if (concerned) session.fromServer(payload, meta)
    }
  }
}

export class SharedUpstream implements Upstream {
  readonly #context: HostContext
  readonly #session: LegacySession
  readonly #shared: SharedServer
  readonly #ids = new Map<ClientCall, number>()

  constructor(context: HostContext, session: LegacySession, shared: SharedServer) {
    this.#context = context
    this.#session = session
    this.#shared = shared
    shared.join(session)
  }

  async call(call: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope, progressToken } = call.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    if (method === 'resources/unsubscribe' && this.#staysSubscribed(body)) {
      return call.answer(encode(toResult(call.id, {})), 'ok')
    }
    const id = await this.#shared.process.request(
      {
        deadline: call.deadline,
        onResponse: (payload, meta) => {
          this.#forget(call)
          if (meta.failed !== true && this.#session.noteInterest(method, body)) {
            this.#context.store.saveInterest(this.#session.record)
          }
          call.onResponse(setValue(payload, ['id'], JSON.stringify(call.id)), meta)
        },
        onEvent: (payload) => {
          const token = JSON.stringify(progressToken)
          call.reply.event(setValue(payload, ['params', 'progressToken'], token))
        },
        onLost: (error, undelivered = false) => {
          this.#forget(call)
          call.undelivered = undelivered
          this.#lose(call, method, body, error)
        },
      },
      (own) => {
        const paths = [['id'], ...(progressToken === undefined ? [] : [TOKEN_PATH])]
        const text = JSON.stringify(own)
        const spans = findSpans(body, paths)
        return splice(
          body,
          spans.flatMap((span) => (span === undefined ? [] : [{ span, text }])),
        )
      },
    )
    if (call.settled) return this.#shared.process.cancel(id, 'cancelled by the client')
    this.#ids.set(call, id)
    this.#shared.begin(call, this.#session)
  }

  /** What one client notifies is not for a server of many. */
  async pass(): Promise<void> {}

  cancel(call: ClientCall): void {
    const id = this.#ids.get(call)
    this.#forget(call)
    if (id !== undefined) this.#shared.process.cancel(id, 'cancelled by the client')
  }

  close(): void {
    for (const call of this.#ids.keys()) this.cancel(call)
    this.#shared.leave(this.#session)
  }

  #forget(call: ClientCall): void {
    this.#ids.delete(call)
    this.#shared.end(call)
  }

  #lose(call: ClientCall, method: string, body: Uint8Array, error: GatewayError): void {
    if (error.code !== 'server_exited' || call.repeated) return call.onLost(error)
    const repeat = async (): Promise<void> => {
      if (!(await this.#shared.mayRepeat(call, method))) return call.onLost(error)
      call.repeated = true
      await this.call(call, body)
    }
    repeat().catch((failure: unknown) => call.onLost(GatewayError.is(failure) ? failure : error))
  }

  #staysSubscribed(body: Uint8Array): boolean {
    const { params } = decode(body)
    const uri = isObject(params) ? params.uri : undefined
    if (typeof uri !== 'string' || !this.#shared.isWanted(uri, this.#session)) return false
    this.#session.noteInterest('resources/unsubscribe', body)
    this.#context.store.saveInterest(this.#session.record)
    return true
  }
}

const TOKEN_PATH = ['params', '_meta', 'progressToken']
