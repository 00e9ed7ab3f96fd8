/**
 * One modern call on a legacy process, over all its rounds: when the server asks its client
 * something, the request ends with `input_required`, the call waits here, and the retry goes on with it
 * (2026-07-28, basic/patterns/mrtr.mdx).
 */
import { GatewayError, specOf } from '#protocol/errors.ts'
import type { JSONRPCError, JSONRPCRequest } from '#protocol/json-rpc.ts'
import { isObject, toError, toResult } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { INPUT_METHODS } from '#protocol/mcp.ts'
import type { ClientCall } from '../call/client-call.ts'
import { withOwnIds } from '../call/own-ids.ts'
import { decode, encode, type Connection } from '../processes/connection.ts'
import type { SharedCall, SharedProcess } from '../processes/shared-process.ts'
import {
  answerAsks,
  requiredCapabilities,
  toAsk,
  toInputRequired,
  type Ask,
  type WaitingAsk,
} from '../translate/to-modern-input-request.ts'
import { toModernError } from '../translate/to-modern-error.ts'
import { toModernResult } from '../translate/to-modern-result.ts'
import { logsAt } from './log-level.ts'

/** Asks that come within this time go into one `input_required`. */
const GATHER_MS = 5
/** How long a parked call waits for its retry. */
export const PARK_MS = 600_000
const MAX_ASKS = 64

export interface TranslatedCallOptions {
  /** Its name in `requestState`. */
  key: string
  client: ClientCall
  method: string
  /** See `SharedCall.client`. */
  caller: string | undefined
  process: SharedProcess
  roots: boolean
  serverInfo: Record<string, unknown> | undefined
  seal: (call: TranslatedCall) => Promise<string>
  onParked: (call: TranslatedCall) => void
  /** Its process did not answer it. Whether it runs once more, on another one. */
  onLost: (call: TranslatedCall, error: GatewayError, undelivered: boolean) => boolean
  /** A question that this call took, and is over before its client was asked: it may be another's. */
  onUnasked: (question: Uint8Array, connection: Connection) => void
  /** The call is over. `isClean`: nothing of it goes on in the process. Called once. */
  onDone: (call: TranslatedCall, isClean: boolean) => void
}

export class TranslatedCall implements SharedCall {
  readonly key: string
  readonly method: string
  /** What it calls, gets or reads: `tools/call echo`. */
  readonly target: string
  readonly capabilities: Record<string, unknown>
  readonly principal: string
  readonly caller: string | undefined
  /** It takes log messages where its client asked for some. */
  readonly onLog: ((payload: Uint8Array) => void) | undefined
  readonly #options: TranslatedCallOptions
  /** In the process; set when it is sent. */
  #id: number | undefined
  /** Where its questions came from. */
  #asker: Connection | undefined
  #client: ClientCall | undefined
  /** While there is no client. */
  #parkedUntil = 0
  #asks: WaitingAsk[] = []
  /** As they came. */
  readonly #questions = new WeakMap<WaitingAsk, Uint8Array>()
  #asked = 0
  #gathering = false
  #done = false
  /** What came while no client was there to take it. */
  #held: ((client: ClientCall) => void) | undefined

  constructor(options: TranslatedCallOptions) {
    this.#options = options
    this.#client = options.client
    this.caller = options.caller
    this.onLog = options.client.host.logLevel === undefined ? undefined : (line) => this.#log(line)
    this.key = options.key
    this.method = options.method
    this.target = `${options.method} ${options.client.host.target ?? ''}`
    this.principal = options.client.host.principal
    this.capabilities = JSON.parse(options.client.host.capabilities ?? '{}') as Record<
      string,
      unknown
    >
  }

  get deadline(): number {
    return this.#client?.deadline ?? this.#parkedUntil
  }

  /** Absent while it is parked. */
  get client(): ClientCall | undefined {
    return this.#client
  }

  /** Whether the server may ask its client something. */
  get isAskable(): boolean {
    return INPUT_METHODS.has(this.method)
  }

  /** A question of its own waits for the client. */
  get isAsked(): boolean {
    return this.#asks.length > 0
  }

  onResponse(payload: Uint8Array, meta: MessageMeta): void {
    this.#finish(true, (client) => {
      if (meta.failed === true) return this.#answerError(client, payload, meta)
      const { method, serverInfo } = this.#options
      const options = { id: client.id, method, ...(serverInfo && { serverInfo }) }
      client.answer(toModernResult(payload, options), 'ok', meta.ms)
    })
  }

  onLost(error: GatewayError, undelivered = false): void {
    const goesOn = !this.#done && this.#options.onLost(this, error, undelivered)
    this.#finish(specOf(error.code)?.seen === 'answered', (client) => {
      if (!goesOn) client.onLost(error)
    })
  }

  /** Sends it as the process gets it. Throws what a start can fail with. */
  async send(write: (id: number) => Uint8Array): Promise<void> {
    const id = await this.#options.process.request(this, (own) => write((this.#id = own)))
    // Its client left while the process was started.
    if (this.#done) this.#options.process.cancel(id, 'the client is gone')
  }

  /** The client is gone: the server is told (2026-07-28, patterns/cancellation.mdx). */
  abandon(reason: string): void {
    if (this.#done) return
    this.#cancel(reason)
    this.#finish(false, (client) => client.abandon())
  }

  /** A request of the server's in the middle of the call. */
  ask(payload: Uint8Array, connection: Connection): void {
    const request = decode<JSONRPCRequest>(payload)
    const { roots } = this.#options
    this.#asker = connection
    if (request.method === 'ping') return connection.send(encode(toResult(request.id, {})))
    const refused = request.method === 'roots/list' && !roots
    const mayAsk = this.isAskable && this.#asks.length < MAX_ASKS && !refused
    const ask = mayAsk ? toAsk(request, this.#asked + 1) : undefined
    if (ask === undefined) {
      return connection.send(encode(toError(request.id, -32601, 'The client cannot be asked this')))
    }
    const missing = requiredCapabilities([ask], this.capabilities)
    if (missing !== undefined) return this.#refuse(request, connection, missing)
    this.#asked++
    this.#asks.push(ask)
    this.#questions.set(ask, payload)
    this.#gather()
  }

  /** Its progress. */
  onEvent(payload: Uint8Array, event: string): void {
    const client = this.#client
    if (client?.host.progressToken === undefined) return
    client.hear(event)
    client.event(withOwnIds(payload, event, client))
  }

  /** Takes the call over with the retry. Throws `invalid_params`. */
  resume(client: ClientCall, inputResponses: unknown): void {
    const answers = answerAsks(this.#asks, inputResponses)
    if (!answers.ok) throw new GatewayError('invalid_params', { detail: answers.detail })
    this.#client = client
    this.#asks = answers.unanswered
    // Where the process that asked is gone, nobody gets them.
    for (const response of answers.responses) this.#asker?.send(encode(response))
    if (this.#held !== undefined) {
      this.#held(client)
      return this.#returnQuestions()
    }
    if (this.#asks.length > 0) this.#gather()
  }

  #refuse(
    request: JSONRPCRequest,
    connection: Connection,
    requiredCapabilities: Record<string, unknown>,
  ): void {
    connection.send(encode(toError(request.id, -32601, 'The client did not declare this')))
    this.#cancel('capability missing')
    this.onLost(new GatewayError('capability_required', { data: { requiredCapabilities } }))
  }

  #cancel(reason: string): void {
    if (this.#id !== undefined) this.#options.process.cancel(this.#id, reason)
  }

  #log(line: Uint8Array): void {
    const level = this.#client?.host.logLevel
    if (level !== undefined && logsAt(line, level)) this.#client?.event(line)
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
    this.#parkedUntil = Date.now() + PARK_MS
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
      // A retry may still bring the answers of one that is parked.
      if (this.#client !== undefined || !isClean) this.#returnQuestions()
    }
  }

  #returnQuestions(): void {
    for (const ask of this.#asks.splice(0)) {
      const question = this.#questions.get(ask)
      if (question === undefined || this.#asker === undefined) continue
      this.#options.onUnasked(question, this.#asker)
    }
  }
}

/** Reads what a retry adds to its request. */
export function readRetry(body: Uint8Array): { requestState?: unknown; inputResponses?: unknown } {
  const { params } = decode(body)
  return isObject(params) ? params : {}
}
