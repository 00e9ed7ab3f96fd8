/**
 * A live connection to one process: which requests wait for its answer, and until when.
 * It matches responses by the name that it gave their requests, not by their ids, which clients choose; by
 * ids where the host program is of before names. What any other message means is its owner's matter.
 */
import { GatewayError, toErrorObject } from '#protocol/errors.ts'
import { idKey, type RequestId } from '#protocol/json-rpc.ts'
import { PROBE_ID, type MessageMeta, type SentMeta } from '#protocol/link.ts'
import { OWN_ID } from './asked-ids.ts'
import type { Channel } from './link/channel.ts'
import { toFault } from './link/why.ts'
import type { Ticker, Ticking } from './ticker.ts'

/** A request whose response is awaited. Exactly one of the two ends it. */
export interface Exchange {
  readonly id: RequestId
  /** Its name (`SentMeta`); given to it when it is sent, where it has none. */
  call?: string | undefined
  /** `SentMeta.shared` */
  readonly shared?: true
  /** `Date.now()` at which it fails with `call_timeout`. */
  readonly deadline: number
  /** Set when the process has not seen the request, so that it may be sent to the next one. */
  undelivered?: boolean
  /** The frame that carried the request; set when it is sent. */
  frame?: number | undefined
  onResponse: (payload: Uint8Array, meta: MessageMeta) => void
  onLost: (error: GatewayError) => void
}

export interface ConnectionOwner {
  /** A request or a notification from the server. `replayed`: a former object may have passed it on. */
  onServerMessage: (payload: Uint8Array, meta: MessageMeta, replayed: boolean) => void
  /** A response that nobody waits for: late, doubled, or a former object's. */
  onStrayResponse: (payload: Uint8Array, meta: MessageMeta) => void
  /** The process is gone; these exchanges had no answer. The owner settles each. */
  onOver: (error: GatewayError, unanswered: Exchange[]) => void
}

/** More requests than this in flight on one process are refused as `server_busy`. */
const MAX_EXCHANGES = 1_000

/** Of names: what tells this connection's from those of a former object's. */
const LIFE_CHARS = 8

/** How long an answer is waited for. */
interface Silence {
  silenceMs: number
  /** Also of a process that does not come up. */
  longestMs: number
  isUp: () => boolean
}

/** A request of the gateway's own. */
interface Question {
  method: string
  params: Record<string, unknown>
  prefix: string
  /** `Date.now()`; it may move. */
  deadline: () => number
}

/** What is told of a request. */
interface About {
  id?: MessageMeta['id']
  call?: string | undefined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class Connection implements Ticking {
  readonly channel: Channel
  readonly #owner: ConnectionOwner
  readonly #ticker: Ticker
  /** By name, in the order in which they were sent. */
  readonly #exchanges = new Map<string, Exchange>()
  readonly #life = crypto.randomUUID().slice(0, LIFE_CHARS)
  #asked = 0
  #onRetired: (() => void) | undefined

  constructor(channel: Channel, ticker: Ticker, owner: ConnectionOwner) {
    this.channel = channel
    this.#ticker = ticker
    this.#owner = owner
    channel.listen({
      onMessage: (payload, meta, replayed) => this.#receive(payload, meta, replayed),
      onOversize: ({ maxBytes, ...about }) => this.#failOversize(about, maxBytes),
      onUndelivered: (about) => {
        const exchange = this.#find(about)
        if (exchange !== undefined) exchange.undelivered = true
      },
      onFailed: (about, error) => this.#failOne(about, error),
      onOver: (error, received) => this.#end(error, received),
    })
  }

  get inFlight(): number {
    return this.#exchanges.size
  }

  get over(): boolean {
    return this.channel.over
  }

  /** The request that came last and still waits: where an unaddressed message belongs. */
  get newest(): Exchange | undefined {
    let newest: Exchange | undefined
    for (const exchange of this.#exchanges.values()) newest = exchange
    return newest
  }

  /** Throws `server_busy`, and `server_exited` when the process is gone. */
  request(exchange: Exchange, payload: Uint8Array): void {
    if (this.channel.over) throw new GatewayError('server_exited')
    if (this.#exchanges.size >= MAX_EXCHANGES) throw new GatewayError('server_busy')
    if (this.#exchanges.size === 0) this.#ticker.add(this)
    const call = (exchange.call ||= `${this.#life}.${++this.#asked}`)
    this.#exchanges.set(call, exchange)
    const meta: SentMeta = exchange.shared ? { call, shared: true } : { call }
    exchange.frame = this.channel.send(payload, meta)
  }

  /** Asks without being of use to anyone: see `PROBE_ID`. Otherwise as `ask`. */
  probe(
    method: string,
    params: Record<string, unknown>,
    timeoutMs: number,
  ): Promise<Record<string, unknown>> {
    return this.ask(method, params, timeoutMs, PROBE_ID)
  }

  /** A request of the gateway's own. Rejects with what the server answered, too. */
  ask(
    method: string,
    params: Record<string, unknown>,
    timeoutMs: number,
    prefix = OWN_ID,
  ): Promise<Record<string, unknown>> {
    const deadline = Date.now() + timeoutMs
    return this.#ask({ method, params, prefix, deadline: () => deadline })
  }

  /** The same, where silence counts only from when the process is up. */
  askWhenUp(
    method: string,
    params: Record<string, unknown>,
    { silenceMs, longestMs, isUp }: Silence,
  ): Promise<Record<string, unknown>> {
    const latest = Date.now() + longestMs
    let deadline = Date.now() + silenceMs
    return this.#ask({
      ...{ method, params, prefix: OWN_ID },
      deadline: () => {
        if (!isUp()) deadline = Math.min(latest, Date.now() + silenceMs)
        return deadline
      },
    })
  }

  async #ask({ method, params, prefix, deadline }: Question): Promise<Record<string, unknown>> {
    const id = `${prefix}${++this.#asked}`
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>()
    const exchange: Exchange = {
      id,
      get deadline() {
        return deadline()
      },
      onResponse: (payload) => {
        const answer = JSON.parse(decoder.decode(payload)) as {
          result?: Record<string, unknown>
          error?: { code: number; message: string; data?: unknown }
        }
        if (answer.result !== undefined) resolve(answer.result)
        else reject(new ServerError(answer.error ?? { code: -32603, message: 'no result' }))
      },
      onLost: reject,
    }
    this.request(exchange, encode({ jsonrpc: '2.0', id, method, params }))
    return promise
  }

  tell(method: string, params?: Record<string, unknown>): void {
    this.channel.send(encode({ jsonrpc: '2.0', method, ...(params && { params }) }))
  }

  send(payload: Uint8Array): void {
    this.channel.send(payload)
  }

  /** Gives a request up: the server is told, and a late answer is a stray. */
  cancel({ id, call }: Pick<Exchange, 'id' | 'call'>, reason: string): void {
    if (call === undefined || this.#take({ call }) === undefined) return
    const params = { requestId: id, reason }
    this.channel.send(encode({ jsonrpc: '2.0', method: 'notifications/cancelled', params }), {
      call,
    })
  }

  /** Ends the process. What is in flight fails with `server_exited`; the owner hears nothing. */
  close(): void {
    this.channel.close()
    for (const exchange of this.#takeAll()) {
      const detail = 'the process was ended'
      exchange.onLost(new GatewayError('server_exited', { detail, isBlameless: true }))
    }
  }

  /** Ends the process as if it had ended by itself. */
  abandon(error: GatewayError): void {
    this.channel.close()
    this.#end(error)
  }

  /**
   * Ends the process with the last answer that it owes, now if it owes none. `onRetired` is called
   * once, when the process has ended, whatever way.
   */
  retire(onRetired: () => void): void {
    this.#onRetired = onRetired
    if (this.#exchanges.size === 0 || this.over) this.#endRetired()
  }

  #endRetired(): void {
    const onRetired = this.#onRetired
    if (onRetired === undefined) return
    this.#onRetired = undefined
    this.channel.close()
    onRetired()
  }

  tick(now: number): void {
    // Only here, so that calls one after the other enter and leave no list of the ticker's.
    if (this.#exchanges.size === 0) return this.#ticker.delete(this)
    for (const exchange of this.#exchanges.values()) {
      if (exchange.deadline > now) continue
      this.cancel(exchange, 'timeout')
      exchange.onLost(toFault('call_timeout', this.channel.printed ?? {}))
    }
  }

  #receive(payload: Uint8Array, meta: MessageMeta, replayed: boolean): void {
    if (meta.kind !== 'response') return this.#owner.onServerMessage(payload, meta, replayed)
    const exchange = this.#take(meta)
    if (exchange === undefined) return this.#owner.onStrayResponse(payload, meta)
    try {
      exchange.onResponse(payload, meta)
    } catch (error) {
      exchange.onLost(new GatewayError('internal', { cause: error }))
    }
  }

  /** The discarded line's request is known by its name or id; to a host program of before by being the only one. */
  #failOversize(about: About, maxBytes: number): void {
    const isKnown = about.call !== undefined || about.id !== undefined
    const lone = !isKnown && this.#exchanges.size === 1 ? this.newest : undefined
    const exchange = this.#take(lone === undefined ? about : { call: lone.call })
    exchange?.onLost(new GatewayError('message_too_large', { data: { maxBytes } }))
  }

  /** What a former object asked for waits for a response in its stream: it gets the error as one. */
  #failOne(about: About & { id: RequestId }, error: GatewayError): void {
    const exchange = this.#take(about)
    if (exchange !== undefined) return exchange.onLost(error)
    const { id, call } = about
    const answer = encode({ jsonrpc: '2.0', id, error: toErrorObject(error, 'legacy') })
    this.#owner.onStrayResponse(answer, {
      ...{ kind: 'response', id, failed: true },
      ...(call !== undefined && { call }),
    })
  }

  /** A host program of before names tells only ids: of several, the oldest is meant. */
  #find({ call, id }: About): Exchange | undefined {
    if (call !== undefined) return this.#exchanges.get(call)
    if (id == null) return undefined
    const key = idKey(id)
    for (const exchange of this.#exchanges.values()) if (idKey(exchange.id) === key) return exchange
    return undefined
  }

  #take(about: About): Exchange | undefined {
    const exchange = this.#find(about)
    if (exchange?.call === undefined) return undefined
    this.#exchanges.delete(exchange.call)
    if (this.#exchanges.size === 0) this.#endRetired()
    return exchange
  }

  /** What the host program got only after the exit was sent, no process has seen. */
  #end(error: GatewayError, received = Infinity): void {
    const unanswered = this.#takeAll()
    for (const exchange of unanswered) {
      if ((exchange.frame ?? 0) > received) exchange.undelivered = true
    }
    this.#owner.onOver(error, unanswered)
  }

  #takeAll(): Exchange[] {
    const unanswered = [...this.#exchanges.values()]
    this.#exchanges.clear()
    this.#ticker.delete(this)
    this.#endRetired()
    return unanswered
  }
}

/** What a server itself answered to a request of the gateway's own. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly rpc: { code: number; message: string; data?: unknown }

  constructor(rpc: { code: number; message: string; data?: unknown }) {
    super(rpc.message)
    this.rpc = rpc
  }
}

export function encode(message: object): Uint8Array {
  return encoder.encode(JSON.stringify(message))
}

/** A message that the host program has told to be one; `T` is what its envelope says. */
export function decode<T = Record<string, unknown>>(payload: Uint8Array): T {
  return JSON.parse(decoder.decode(payload)) as T
}
