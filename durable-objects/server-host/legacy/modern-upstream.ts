/**
 * The upstream of a legacy session on a server that speaks the modern era only: requests gain what
 * makes them stand alone, `input_required` becomes requests on the client's stream.
 */
import { GatewayError } from '#protocol/errors.ts'
import { idKey, isObject, type Envelope, type RequestId } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { setValue } from '#protocol/json-splice.ts'
import type { ClientCall } from '../client-call.ts'
import { decode, encode } from '../connection.ts'
import type { HostContext } from '../host-context.ts'
import type { ModernServer } from '../modern/modern-server.ts'
import { requiredCapabilities } from '../translate/input-required.ts'
import {
  MAX_INPUT_ROUNDS,
  readInputRound,
  toLegacyAsk,
  toRetry,
  toRoundFailure,
} from '../translate/input-round.ts'
import { ACKNOWLEDGED, toListenRequest, untagNotification } from '../translate/listen.ts'
import { resultTypeOf, toLegacyResult } from '../translate/to-legacy-result.ts'
import {
  toModernCapabilities,
  toModernRequest,
  type ClientFacts,
} from '../translate/to-modern-request.ts'
import { LocalMethods } from './local-methods.ts'
import type { LegacySession, Upstream } from './session.ts'

interface Round {
  call: ClientCall
  /** The modern request as it was first sent. */
  frame: Uint8Array
  number: number
  requestState: string | undefined
  /** Keys of `inputRequests` by the id of the request that the client was sent. */
  waiting: Map<string, string>
  answers: Record<string, unknown>
}

export class ModernUpstream implements Upstream {
  readonly #session: LegacySession
  readonly #server: ModernServer
  readonly #capabilities: Record<string, unknown>
  readonly #local: LocalMethods
  readonly #ids = new Map<ClientCall, number>()
  readonly #rounds = new Map<string, Round>()
  #listening: number | undefined
  #closed = false

  constructor(
    context: HostContext,
    session: LegacySession,
    server: ModernServer,
    capabilities: Record<string, unknown>,
  ) {
    this.#session = session
    this.#server = server
    this.#capabilities = capabilities
    this.#local = new LocalMethods(context, session)
  }

  async call(call: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope, progressToken } = call.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    if (this.#local.answer(call, method, body)) {
      if (method.startsWith('resources/')) await this.#listen()
      return
    }
    await this.#send(call, method, 1, (id) => {
      const frame = toModernRequest(body, { id, ...this.#client })
      if (progressToken === undefined) return frame
      return setValue(frame, ['params', '_meta', 'progressToken'], JSON.stringify(id))
    })
  }

  async pass(body: Uint8Array, envelope: Envelope): Promise<void> {
    if (envelope.kind === 'response') return this.#takeAnswer(envelope.id, body)
    if (envelope.kind === 'notification' && envelope.method === 'notifications/initialized') {
      await this.#listen()
    }
  }

  cancel(call: ClientCall): void {
    const id = this.#ids.get(call)
    this.#ids.delete(call)
    if (id !== undefined) this.#server.process.cancel(id, 'cancelled by the client')
  }

  close(): void {
    this.#closed = true
    for (const call of this.#ids.keys()) this.cancel(call)
    if (this.#listening !== undefined) this.#server.process.cancel(this.#listening, 'session ended')
  }

  get #client(): ClientFacts {
    const { clientInfo, capabilities } = JSON.parse(this.#session.record.initialize) as Record<
      string,
      unknown
    >
    const { logLevel } = this.#session.record
    return {
      capabilities: toModernCapabilities(
        isObject(capabilities) ? capabilities : {},
        this.#session.server.config.roots,
      ),
      ...(isObject(clientInfo) && { clientInfo }),
      ...(logLevel !== undefined && { logLevel }),
    }
  }

  async #send(
    call: ClientCall,
    method: string,
    round: number,
    make: (id: number) => Uint8Array,
  ): Promise<void> {
    let frame: Uint8Array = new Uint8Array()
    const id = await this.#server.process.request(
      {
        deadline: Date.now() + this.#session.server.config.timeoutMs.call,
        onResponse: (payload, meta) => {
          this.#ids.delete(call)
          this.#server.untrack(call)
          this.#answer(call, method, round, frame, payload, meta)
        },
        onEvent: (payload) => {
          const token = JSON.stringify(call.host.progressToken)
          call.reply.event(setValue(payload, ['params', 'progressToken'], token))
        },
        onLost: (error) => {
          this.#ids.delete(call)
          this.#server.untrack(call)
          this.#lose(call, method, error, () => this.#send(call, method, round, make))
        },
      },
      (own) => (frame = make(own)),
    )
    if (call.settled) return this.#server.process.cancel(id, 'cancelled by the client')
    this.#ids.set(call, id)
    this.#server.track(call, id, this.#session.record.logLevel !== undefined)
  }

  /** A call that may be repeated runs once more, on the next process. */
  #lose(call: ClientCall, method: string, error: GatewayError, repeat: () => Promise<void>): void {
    if (error.code !== 'server_exited' || call.repeated || this.#closed) return call.onLost(error)
    const decide = async (): Promise<void> => {
      if (!(await this.#server.mayRepeat(call, method))) return call.onLost(error)
      call.repeated = true
      await repeat()
    }
    decide().catch((failure: unknown) => call.onLost(GatewayError.from(failure)))
  }

  #answer(
    call: ClientCall,
    method: string,
    number: number,
    frame: Uint8Array,
    payload: Uint8Array,
    meta: MessageMeta,
  ): void {
    const type = meta.failed === true ? 'complete' : resultTypeOf(payload)
    if (type === 'complete') {
      return call.onResponse(toLegacyResult(payload, { id: call.id, method }), meta)
    }
    const input = type === 'input_required' ? readInputRound(decode(payload).result) : undefined
    const missing = input && requiredCapabilities(input.asks, this.#client.capabilities)
    if (input === undefined || missing !== undefined || number >= MAX_INPUT_ROUNDS) {
      const why = missing
        ? `The server asks for a capability that the client does not have: ${Object.keys(missing).join(', ')}`
        : 'The server answered what a client of this era cannot take'
      return call.answer(encode(toRoundFailure(call.id, method, why)), 'rpc_error', meta.ms)
    }
    const { requestState } = input
    const round: Round = { call, frame, number, requestState, waiting: new Map(), answers: {} }
    for (const ask of input.asks) {
      const id = `hearth:${crypto.randomUUID()}`
      round.waiting.set(idKey(id), ask.key)
      this.#rounds.set(idKey(id), round)
      this.#session.askClient(call, encode(toLegacyAsk(ask, id, crypto.randomUUID())), id)
    }
    if (round.waiting.size === 0) this.#retry(round, method)
  }

  /** A client's response: an error ends the call, the last missing result begins the next round. */
  #takeAnswer(id: RequestId | null, body: Uint8Array): void {
    const key = id === null ? '' : idKey(id)
    const round = this.#rounds.get(key)
    const name = round?.waiting.get(key)
    if (round === undefined || name === undefined) return
    this.#rounds.delete(key)
    round.waiting.delete(key)
    const { envelope } = round.call.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    const { result, error } = decode(body)
    if (error !== undefined) {
      const text = isObject(error) ? String(error.message) : 'The client refused'
      return round.call.answer(encode(toRoundFailure(round.call.id, method, text)), 'rpc_error')
    }
    round.answers[name] = result
    if (round.waiting.size === 0) this.#retry(round, method)
  }

  #retry(round: Round, method: string): void {
    const { call, frame, number, requestState, answers: inputResponses } = round
    const state = requestState === undefined ? {} : { requestState }
    this.#send(call, method, number + 1, (id) =>
      toRetry(frame, { id, inputResponses, ...state }),
    ).catch((error: unknown) => call.onLost(GatewayError.from(error)))
  }

  /** Opens the subscription that brings list changes and resource updates, or opens it anew. */
  async #listen(): Promise<void> {
    const former = this.#listening
    const { subscriptions } = this.#session.record
    const client = this.#client
    if (toListenRequest(0, this.#capabilities, subscriptions, client) === undefined) return
    this.#listening = await this.#server.process.request(
      {
        deadline: Infinity,
        onResponse: () => (this.#listening = undefined),
        onLost: () => (this.#listening = undefined),
        onEvent: (payload, method) => {
          if (this.#closed || method === ACKNOWLEDGED) return
          this.#session.fromServer(untagNotification(payload), { kind: 'notification', method })
        },
      },
      (id) => encode(toListenRequest(id, this.#capabilities, subscriptions, client) ?? {}),
    )
    if (former !== undefined) this.#server.process.cancel(former, 'replaced')
  }
}
