/**
 * The upstream of a legacy session on a server that speaks the modern era only: requests gain what
 * makes them stand alone, `input_required` becomes requests on the client's stream.
 */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, type Envelope } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { setValue } from '#protocol/json-splice.ts'
import type { ClientCall } from '../../call/client-call.ts'
import { withOwnIds } from '../../call/own-ids.ts'
import { decode, encode } from '../../processes/connection.ts'
import type { HostContext } from '../../host-context.ts'
import type { NativeServer } from '../../stateless/native-server.ts'
import type { Ticker, Ticking } from '../../processes/ticker.ts'
import { readFreshness } from '../../call/call-transform.ts'
import {
  MAX_INPUT_ROUNDS,
  readInputRound,
  toLegacyAsk,
  toRetry,
  toRoundFailure,
  whyNotAsked,
} from '../../translate/to-legacy-input-request.ts'
import type { Ask } from '../../translate/to-modern-input-request.ts'
import { toListenRequest } from '../../translate/listen.ts'
import { resultTypeOf, toLegacyResult } from '../../translate/to-legacy-result.ts'
import {
  toModernCapabilities,
  toModernRequest,
  type ClientFacts,
} from '../../translate/to-modern-request.ts'
import { LocalMethods } from '../local-methods.ts'
import { TranslatedListening } from './translated-listening.ts'
import { repeatOnce } from '../../guard/repeat-once.ts'
import type { RetiringUpstream, Successor } from './renewable.ts'
import type { UpstreamSession } from './upstream.ts'

const ODD = 'The server answered what a client of this era cannot take'

/** One of the requests that a client's call becomes: the first, or a retry with its input. */
interface Sent {
  call: ClientCall
  method: string
  number: number
  frame: Uint8Array
}

/** A request that was answered with `input_required`. */
interface Round extends Sent {
  requestState: string | undefined
  /** The numbers of the requests that the client was sent and has not answered. */
  waiting: Set<number>
  answers: Record<string, unknown>
}

export class TranslatedUpstream implements RetiringUpstream, Ticking {
  readonly #ticker: Ticker
  readonly #session: UpstreamSession
  readonly #server: NativeServer
  readonly #local: LocalMethods
  /** Without an id: it waits for the process. */
  readonly #ids = new Map<ClientCall, number | undefined>()
  readonly #rounds = new Set<Round>()
  readonly #listening: TranslatedListening
  #closed = false
  #successor: Successor | undefined

  constructor(
    context: HostContext,
    session: UpstreamSession,
    server: NativeServer,
    capabilities: Record<string, unknown>,
  ) {
    this.#ticker = context.ticker
    this.#session = session
    this.#server = server
    this.#local = new LocalMethods(session)
    this.#listening = new TranslatedListening({
      process: server.process,
      caller: session.record.id,
      toRequest: (id) =>
        toListenRequest(id, capabilities, session.record.subscriptions, this.#client),
      onNotification: (payload, method) =>
        session.fromServer(payload, { kind: 'notification', method }),
    })
  }

  async call(call: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope, progressToken } = call.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    if (this.#local.answer(call, method, body)) {
      if (!method.startsWith('resources/')) return
      return this.#listening.renew()
    }
    // One that went with its process, or with a former object. If it fails, so does the call.
    this.#listening.ensure().catch(() => undefined)
    await this.#send(call, method, 1, (id) => {
      const frame = toModernRequest(body, { id, ...this.#client })
      if (progressToken === undefined) return frame
      return setValue(frame, ['params', '_meta', 'progressToken'], JSON.stringify(id))
    })
  }

  async pass(body: Uint8Array, envelope: Envelope): Promise<void> {
    if (envelope.kind === 'notification' && envelope.method === 'notifications/initialized') {
      await this.#listening.ensure()
    }
  }

  cancel(call: ClientCall): void {
    const id = this.#ids.get(call)
    this.#ids.delete(call)
    this.#forgetRounds((round) => round.call === call)
    this.#endIfOver()
    if (id !== undefined) this.#server.process.cancel(id, 'cancelled by the client')
  }

  close(): void {
    this.#closed = true
    for (const call of this.#ids.keys()) this.cancel(call)
    this.#forgetRounds(() => true)
    this.#listening.close()
  }

  /** The process is the modern server's to end. */
  retire(successor: Successor): void {
    this.#successor = successor
    this.#listening.close()
    this.#endIfOver()
  }

  #endIfOver(): void {
    if (this.#ids.size > 0 || this.#rounds.size > 0) return
    const successor = this.#successor
    this.#successor = undefined
    successor?.onOver()
  }

  tick(now: number): void {
    const late = [...this.#rounds].filter(({ call }) => call.deadline <= now)
    this.#forgetRounds((round) => late.includes(round))
    this.#endIfOver()
    for (const { call } of late) call.onLost(new GatewayError('call_timeout'))
  }

  #forgetRounds(isOver: (round: Round) => boolean): void {
    for (const round of this.#rounds) {
      if (!isOver(round)) continue
      this.#rounds.delete(round)
      for (const number of round.waiting) this.#session.questions.close(number)
    }
    if (this.#rounds.size === 0) this.#ticker.delete(this)
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
    const { id: caller, logLevel } = this.#session.record
    this.#ids.set(call, undefined)
    const sending = this.#server.process.request(
      {
        get deadline() {
          return call.deadline
        },
        caller,
        ...(logLevel !== undefined && { onLog: (line) => call.event(line) }),
        onResponse: (payload, meta) => {
          this.#ids.delete(call)
          this.#answer({ call, method, number: round, frame }, payload, meta)
          this.#endIfOver()
        },
        onEvent: (payload, event) => {
          call.hear(event)
          call.event(withOwnIds(payload, event, call))
        },
        onLost: (error, undelivered = false) => {
          this.#ids.delete(call)
          call.undelivered = undelivered
          this.#lose(call, method, error, () => this.#send(call, method, round, make))
          this.#endIfOver()
        },
      },
      (own) => (frame = make(own)),
    )
    const id = await sending.catch((error: unknown) => {
      this.#ids.delete(call)
      this.#endIfOver()
      throw error
    })
    if (call.settled) {
      this.#ids.delete(call)
      this.#endIfOver()
      return this.#server.process.cancel(id, 'cancelled by the client')
    }
    this.#ids.set(call, id)
  }

  /** A call that may be repeated runs once more, on the next process. */
  #lose(call: ClientCall, method: string, error: GatewayError, again: () => Promise<void>): void {
    if (error.code !== 'server_exited' || call.repeated || this.#closed) return call.onLost(error)
    repeatOnce(call, error, { mayRepeat: () => this.#server.isRepeatable(call, method), again })
  }

  #answer(sent: Sent, payload: Uint8Array, meta: MessageMeta): void {
    const { call, method } = sent
    const type = meta.failed === true ? 'complete' : resultTypeOf(payload)
    if (type === 'complete') {
      if (call.transform !== undefined) call.freshness = readFreshness(payload)
      return call.onResponse(toLegacyResult(payload, { id: call.id, method }), meta)
    }
    const input = type === 'input_required' ? readInputRound(decode(payload).result) : undefined
    const isOdd = input === undefined || sent.number >= MAX_INPUT_ROUNDS
    const { takes } = call.host
    const why = isOdd ? ODD : whyNotAsked(input.asks, { ...this.#client, takes })
    if (input === undefined || why !== undefined) {
      return call.answer(encode(toRoundFailure(call.id, method, why ?? ODD)), 'rpc_error', meta.ms)
    }
    const { requestState } = input
    const round: Round = { ...sent, requestState, waiting: new Set(), answers: {} }
    if (input.asks.length === 0) return this.#retry(round)
    this.#rounds.add(round)
    this.#ticker.add(this)
    for (const ask of input.asks) this.#ask(round, ask)
  }

  #ask(round: Round, ask: Ask): void {
    const { call } = round
    const id = this.#session.questions.add({
      server: call.host.server,
      asker: { pass: async (body) => this.#takeAnswer(round, { id, key: ask.key }, body) },
      calls: [call],
    })
    round.waiting.add(id)
    call.event(encode(toLegacyAsk(ask, id, crypto.randomUUID())))
  }

  /** A client's response: an error ends the call, the last missing result begins the next round. */
  #takeAnswer(round: Round, { id, key }: { id: number; key: string }, body: Uint8Array): void {
    const { method, call, waiting, answers } = round
    waiting.delete(id)
    const { result, error } = decode(body)
    if (error !== undefined) {
      this.#forgetRounds((other) => other === round)
      const text = isObject(error) ? String(error.message) : 'The client refused'
      call.answer(encode(toRoundFailure(call.id, method, text)), 'rpc_error')
      return this.#endIfOver()
    }
    answers[key] = result
    if (waiting.size > 0) return
    this.#rounds.delete(round)
    this.#retry(round)
  }

  #retry(round: Round): void {
    const { call, method, frame, number, requestState, answers: inputResponses } = round
    const state = requestState === undefined ? {} : { requestState }
    this.#send(call, method, number + 1, (id) =>
      toRetry(frame, { id, inputResponses, ...state }),
    ).catch((error: unknown) => call.onLost(GatewayError.from(error)))
  }
}
