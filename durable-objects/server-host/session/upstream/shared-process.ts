/** The upstream of a session on a server that all of the tenant share (`"sharing": "shared"`). */
import type { GatewayError } from '#protocol/errors.ts'
import { isObject, toResult } from '#protocol/json-rpc.ts'
import { findSpans, setValue, splice } from '#protocol/json-splice.ts'
import type { ClientCall } from '../../call/client-call.ts'
import { withOwnIds } from '../../call/own-ids.ts'
import { decode, encode } from '../../processes/connection.ts'
import { repeatOnce } from '../../guard/repeat-once.ts'
import type { SharedServer, SharedUser } from '../../processes/shared-server.ts'
import type { RetiringUpstream, Successor } from './renewable.ts'
import type { UpstreamSession } from './upstream.ts'

export class SharedUpstream implements RetiringUpstream, SharedUser {
  readonly #session: UpstreamSession
  readonly #shared: SharedServer
  /** Without an id: it waits for the process. */
  readonly #ids = new Map<ClientCall, number | undefined>()
  #successor: Successor | undefined

  constructor(session: UpstreamSession, shared: SharedServer) {
    this.#session = session
    this.#shared = shared
    shared.join(this)
  }

  get caller(): string {
    return this.#session.record.id
  }

  get subscriptions(): readonly string[] {
    return this.#session.record.subscriptions
  }

  hear(payload: Uint8Array, method: string): void {
    const { params } = decode(payload)
    const uri = isObject(params) ? params.uri : undefined
    if (typeof uri === 'string' && !this.subscriptions.includes(uri)) return
    this.#session.fromServer(payload, { kind: 'notification', method })
  }

  async call(call: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope } = call.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    if (method === 'resources/unsubscribe' && this.#staysSubscribed(body)) {
      return call.answer(encode(toResult(call.id, {})), 'ok')
    }
    this.#ids.set(call, undefined)
    const id = await this.#request(call, method, body).catch((error: unknown) => {
      this.#forget(call)
      throw error
    })
    if (call.settled) {
      this.#forget(call)
      return this.#shared.process.cancel(id, 'cancelled by the client')
    }
    this.#ids.set(call, id)
  }

  #request(call: ClientCall, method: string, body: Uint8Array): Promise<number> {
    const { progressToken } = call.host
    return this.#shared.process.request(
      {
        get deadline() {
          return call.deadline
        },
        caller: this.caller,
        onLog: (line) => this.#session.fromServer(line, LOG),
        onResponse: (payload, meta) => {
          this.#forget(call)
          if (meta.failed !== true) this.#session.noteInterest(method, body)
          call.onResponse(setValue(payload, ['id'], JSON.stringify(call.id)), meta)
        },
        onEvent: (payload, event) => {
          call.hear(event)
          call.event(withOwnIds(payload, event, call))
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
  }

  async mayRepeat(call: ClientCall): Promise<boolean> {
    const { envelope } = call.host
    return envelope?.kind === 'request' && (await this.#shared.mayRepeat(call, envelope.method))
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
    this.#shared.leave(this)
  }

  /** The process is the shared server's to end. */
  retire(successor: Successor): void {
    this.#successor = successor
    this.#shared.leave(this)
    if (this.#ids.size === 0) successor.onOver()
  }

  #forget(call: ClientCall): void {
    const wasKnown = this.#ids.delete(call)
    if (wasKnown && this.#ids.size === 0) this.#successor?.onOver()
  }

  #lose(call: ClientCall, method: string, body: Uint8Array, error: GatewayError): void {
    // A process that nobody else has is not started to be asked for its tools.
    if (this.#successor !== undefined && !call.undelivered) return call.onLost(error)
    if (error.code !== 'server_exited' || call.repeated) return call.onLost(error)
    repeatOnce(call, error, {
      mayRepeat: () => this.#shared.mayRepeat(call, method),
      again: () => (this.#successor ?? this).call(call, body),
    })
  }

  #staysSubscribed(body: Uint8Array): boolean {
    const { params } = decode(body)
    const uri = isObject(params) ? params.uri : undefined
    if (typeof uri !== 'string' || !this.#shared.isWanted(uri, this)) return false
    this.#session.noteInterest('resources/unsubscribe', body)
    return true
  }
}

const LOG = { kind: 'notification', method: 'notifications/message' } as const
const TOKEN_PATH = ['params', '_meta', 'progressToken']
