/**
 * One modern call on a legacy process, over all its rounds: when the server asks its client
 * something, the request ends with `input_required`, the call waits here, and the retry goes on with it
 * (2026-07-28, basic/patterns/mrtr.mdx).
 */
import { GatewayError } from '#protocol/errors.ts'
import type { JSONRPCError, JSONRPCRequest } from '#protocol/json-rpc.ts'
import { isObject, toError, toResult } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { INPUT_METHODS } from '#protocol/mcp.ts'
import { setValue } from '#protocol/json-splice.ts'
import type { ClientCall } from '../calls/client-call.ts'
import { decode, encode, type Connection, type Exchange } from '../connection.ts'
import {
  answerAsks,
  requiredCapabilities,
  toAsk,
  toInputRequired,
  type Ask,
  type WaitingAsk,
} from '../translate/input-required.ts'
import { toModernError } from '../translate/to-modern-error.ts'
import { toModernResult } from '../translate/to-modern-result.ts'

/** Asks that come within this time go into one `input_required`. */
const GATHER_MS = 5
/** How long a parked call waits for its retry. */
export const PARK_MS = 600_000
const MAX_ASKS = 64

export interface TranslatedCallOptions {
  id: number
  /** Its name in `requestState`. */
  key: string
  client: ClientCall
  method: string
  connection: Connection
  roots: boolean
  serverInfo: Record<string, unknown> | undefined
  seal: (call: TranslatedCall) => Promise<string>
  onParked: (call: TranslatedCall) => void
  /** The call is over. `isClean`: nothing of it goes on in the process. Called once. */
  onDone: (call: TranslatedCall, isClean: boolean) => void
}

export class TranslatedCall implements Exchange {
  readonly id: number
  readonly key: string
  readonly method: string
  readonly capabilities: Record<string, unknown>
  readonly principal: string
  deadline: number
  undelivered = false
  frame: number | undefined
  readonly #options: TranslatedCallOptions
  #client: ClientCall | undefined
  #asks: WaitingAsk[] = []
  #asked = 0
  #gathering = false
  #done = false
  /** What came while no client was there to take it. */
  #held: ((client: ClientCall) => void) | undefined

  constructor(options: TranslatedCallOptions) {
    this.#options = options
    this.#client = options.client
    this.id = options.id
    this.key = options.key
    this.method = options.method
    this.deadline = options.client.deadline
    this.principal = options.client.host.principal
    this.capabilities = JSON.parse(options.client.host.capabilities ?? '{}') as Record<
      string,
      unknown
    >
  }

  get client(): ClientCall | undefined {
    return this.#client
  }

  onResponse(payload: Uint8Array, meta: MessageMeta): void {
    this.#finish(true, (client) => {
      if (meta.failed === true) return this.#answerError(client, payload, meta)
      const { method, serverInfo } = this.#options
      const options = { id: client.id, method, ...(serverInfo && { serverInfo }) }
      client.answer(toModernResult(payload, options), 'ok', meta.ms)
    })
  }

  onLost(error: GatewayError): void {
    this.#finish(error.code === 'message_too_large', (client) => client.onLost(error))
  }

  /** The client is gone: the server is told (2026-07-28, patterns/cancellation.mdx). */
  abandon(reason: string): void {
    if (this.#done) return
    this.#options.connection.cancel(this.id, reason)
    this.#finish(false, (client) => client.abandon())
  }

  /** A request of the server's in the middle of the call. */
  ask(payload: Uint8Array): void {
    const request = decode<JSONRPCRequest>(payload)
    const { connection, roots } = this.#options
    if (request.method === 'ping') return connection.send(encode(toResult(request.id, {})))
    const refused = request.method === 'roots/list' && !roots
    const mayAsk = INPUT_METHODS.has(this.method) && this.#asks.length < MAX_ASKS && !refused
    const ask = mayAsk ? toAsk(request, this.#asked + 1) : undefined
    if (ask === undefined) {
      return connection.send(encode(toError(request.id, -32601, 'The client cannot be asked this')))
    }
    const missing = requiredCapabilities([ask], this.capabilities)
    if (missing !== undefined) return this.#refuse(request, missing)
    this.#asked++
    this.#asks.push(ask)
    this.#gather()
  }

  progress(payload: Uint8Array): void {
    const token = this.#client?.host.progressToken
    if (token === undefined) return
    this.#client?.reply.event(setValue(payload, ['params', 'progressToken'], JSON.stringify(token)))
  }

  /** Takes the call over with the retry. Throws `invalid_params`. */
  resume(client: ClientCall, inputResponses: unknown): void {
    const answers = answerAsks(this.#asks, inputResponses)
    if (!answers.ok) throw new GatewayError('invalid_params', { detail: answers.detail })
    this.#client = client
    this.deadline = client.deadline
    this.#asks = answers.unanswered
    for (const response of answers.responses) this.#options.connection.send(encode(response))
    if (this.#held !== undefined) return this.#held(client)
    if (this.#asks.length > 0) this.#gather()
  }

  #refuse(request: JSONRPCRequest, requiredCapabilities: Record<string, unknown>): void {
    const { connection } = this.#options
    connection.send(encode(toError(request.id, -32601, 'The client did not declare this')))
    connection.cancel(this.id, 'capability missing')
    this.onLost(new GatewayError('capability_required', { data: { requiredCapabilities } }))
  }

  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    setTimeout(() => {
      this.#gathering = false
      const client = this.#client
      if (client === undefined || this.#done || this.#asks.length === 0) return
      this.#park(client).catch((error: unknown) => client.onLost(GatewayError.from(error)))
    }, GATHER_MS)
  }

  async #park(client: ClientCall): Promise<void> {
    this.#client = undefined
    this.deadline = Date.now() + PARK_MS
    this.#options.onParked(this)
    this.#answerAsks(client, this.#asks, await this.#options.seal(this))
  }

  #answerAsks(client: ClientCall, asks: readonly Ask[], state: string): void {
    const result = toInputRequired(asks, state, this.#options.serverInfo)
    client.answer(encode(toResult(client.id, result)), 'ok')
  }

  #answerError(client: ClientCall, payload: Uint8Array, meta: MessageMeta): void {
    const { error } = decode<JSONRPCError>(payload)
    const uri = client.host.target
    const ordinal = this.#asked + 1
    const request = { method: this.method, ordinal, ...(uri !== undefined && { uri }) }
    const translated = toModernError(error, request)
    if (translated.kind === 'error') {
      const answer = encode({ jsonrpc: '2.0', id: client.id, error: translated.error })
      return client.answer(answer, 'rpc_error', meta.ms, translated.status)
    }
    this.#options.seal(this).then(
      (state) => this.#answerAsks(client, translated.asks, state),
      (failure: unknown) => client.onLost(GatewayError.from(failure)),
    )
  }

  #finish(isClean: boolean, settle: (client: ClientCall) => void): void {
    if (this.#done) return
    this.#done = true
    try {
      if (this.#client === undefined) this.#held = settle
      else settle(this.#client)
    } catch (error) {
      this.#client?.onLost(new GatewayError('internal', { cause: error }))
    } finally {
      this.#options.onDone(this, isClean && this.#asks.length === 0)
    }
  }
}

/** Reads what a retry adds to its request. */
export function readRetry(body: Uint8Array): { requestState?: unknown; inputResponses?: unknown } {
  const { params } = decode(body)
  return isObject(params) ? params : {}
}
