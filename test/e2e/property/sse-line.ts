/** A session over HTTP+SSE: everything comes on one stream, and ids are all that it has to tell answers apart. */
import type { Caller } from './callers.ts'
import type { End } from './judge.ts'
import type { Ledger } from './ledger.ts'
import type { Exchange, Line } from './line.ts'
import type { Kind } from './plan.ts'
import { Questions } from './questions.ts'
import { subscriptionOf, uriOf } from './requests.ts'
import { StandingStream } from './standing-stream.ts'
import { readStamps } from './stamps.ts'
import { Updates } from './updates.ts'
import { serversOf, type World } from './world.ts'
import { parse, send, type Message, type Received } from './wire.ts'

interface Pending {
  id: string | number
  exchange?: Exchange
  settle: (end: End) => void
}

const LISTS: readonly Kind[] = ['list']
const CACHES: readonly Kind[] = ['cached']
const ABANDONED: readonly Kind[] = ['cancel', 'timeout']

export class SSELine implements Line {
  readonly caller: Caller
  readonly updates = new Updates()
  readonly #world: World
  readonly #ledger: Ledger
  readonly #stream: StandingStream
  readonly #questions: Questions
  readonly #pending = new Set<Pending>()
  #errors: Message[] = []
  /** Calls that were given up: their answers may have crossed that. */
  readonly #left = new Set<number>()
  /** Where to post, once the session has begun. */
  #session = Promise.withResolvers<string>()
  #hasBegun = false

  static async connect(caller: Caller, world: World, ledger: Ledger): Promise<SSELine> {
    const line = new SSELine(caller, world, ledger)
    await line.ready()
    return line
  }

  private constructor(caller: Caller, world: World, ledger: Ledger) {
    this.caller = caller
    this.#world = world
    this.#ledger = ledger
    this.#questions = new Questions(async (body) => this.#post(await this.#session.promise, body))
    this.#stream = new StandingStream(
      () => {
        this.#lose('the stream broke')
        return send({ ...world.target(caller), method: 'GET' })
      },
      (received) => this.#received(received),
    )
  }

  async exchange(exchange: Exchange): Promise<End> {
    const { id } = exchange.step
    const body = { jsonrpc: '2.0', id, ...exchange.request }
    return this.#begin(await this.#session.promise, body, { id, exchange })
  }

  async ready(): Promise<void> {
    await this.#session.promise
  }

  close(): void {
    this.#stream.close()
  }

  /** Resolves when it is answered, or can no longer be. */
  async #begin(
    endpoint: string,
    body: object,
    what: Pick<Pending, 'id' | 'exchange'>,
  ): Promise<End> {
    const { promise, resolve } = Promise.withResolvers<End>()
    const pending: Pending = {
      ...what,
      settle: (end) => {
        this.#pending.delete(pending)
        resolve(end)
      },
    }
    this.#pending.add(pending)
    this.#post(endpoint, body).catch((error: unknown) => {
      pending.settle({ answers: [], broken: String(error) })
    })
    return promise
  }

  /** A new stream is a new session. */
  async #open(endpoint: string): Promise<void> {
    const url = new URL(endpoint, this.#world.target(this.caller).url).href
    const ask = async (method: string, params: object): Promise<void> => {
      const body = { jsonrpc: '2.0', id: 0, method, params }
      const { answers, broken } = await this.#begin(url, body, { id: 0 })
      const error = answers[0]?.error ?? broken
      if (error !== undefined) throw new Error(`${this.caller.key}: ${JSON.stringify(error)}`)
    }
    await ask('initialize', {
      protocolVersion: '2024-11-05',
      capabilities: { elicitation: {} },
      clientInfo: { name: `client-${this.caller.client}`, version: '1' },
    })
    await this.#post(url, { jsonrpc: '2.0', method: 'notifications/initialized' })
    for (const server of serversOf(this.caller)) {
      await ask('resources/subscribe', {
        uri: uriOf(this.caller, server, subscriptionOf(this.caller)),
      })
    }
    this.#hasBegun = true
    this.#session.resolve(url)
  }

  #lose(broken: string): void {
    if (this.#hasBegun) this.#session = Promise.withResolvers()
    this.#hasBegun = false
    this.#questions.forget()
    this.#errors = []
    for (const pending of this.#pending) pending.settle({ answers: [], broken })
  }

  #received(received: Received): void {
    if (received.event === 'endpoint') {
      // It begins again with the next stream.
      return void this.#open(received.text).catch(() => undefined)
    }
    const message = parse(received)
    if (message === undefined) return
    const pending = message.method === undefined ? this.#find(received.text, message) : undefined
    const { exchange } = pending ?? {}
    const place = { viewer: this.caller, call: exchange?.call }
    this.#ledger.saw(received.text, message, place, exchange?.step)
    if (message.method === undefined) {
      if (message.error !== undefined && this.#isAmbiguous(message, pending)) return
      if (pending !== undefined) {
        pending.settle({ answers: [message] })
        return this.#placeErrors()
      }
      if (!this.#isExpected(received.text, message)) {
        this.#ledger.blame('got an answer too many', this.caller, undefined, received.text)
      }
      return
    }
    if (message.method === 'notifications/resources/updated') this.updates.came()
    if (message.method === 'elicitation/create') this.#questions.answer(message)
    this.#tellOf(received.text, message)
  }

  /**
   * Of several requests with one id it is the one whose stamp the answer bears; where that is no help,
   * the one that an answer of this form can only be for.
   */
  #find(text: string, { id, error }: Message): Pending | undefined {
    const waiting = [...this.#pending].filter((pending) => pending.id === id)
    const stamps = readStamps(text)
    const isOf = (exchange: Exchange | undefined): boolean =>
      stamps.some(({ caller, call }) => caller === this.caller.key && call === exchange?.call)
    const kinds = error === undefined ? (stamps.length === 0 ? LISTS : CACHES) : ABANDONED
    const isKind = (kind: Kind | undefined): boolean => kind !== undefined && kinds.includes(kind)
    return (
      waiting.find(({ exchange }) => isOf(exchange)) ??
      waiting.find(({ exchange }) => isKind(exchange?.step.kind)) ??
      waiting[0]
    )
  }

  /** An error of which of several calls with one id? That is known once the others are answered. */
  #isAmbiguous(message: Message, pending: Pending | undefined): boolean {
    const { id } = message
    const kind = pending?.exchange?.step.kind
    const isOnly = [...this.#pending].filter((other) => other.id === id).length < 2
    if (isOnly || (kind !== undefined && ABANDONED.includes(kind))) return false
    this.#errors.push(message)
    this.#placeErrors()
    return true
  }

  #placeErrors(): void {
    for (const id of new Set(this.#errors.map((error) => error.id))) {
      const waiting = [...this.#pending].filter((pending) => pending.id === id)
      const errors = this.#errors.filter((error) => error.id === id)
      if (waiting.length > errors.length) continue
      this.#errors = this.#errors.filter((error) => error.id !== id)
      for (const [n, pending] of waiting.entries()) {
        pending.settle({ answers: errors.slice(n, n + 1) })
      }
    }
  }

  /** The late answer to a call that was given up; a refusal, which the POST has told, too. */
  #isExpected(text: string, { error }: Message): boolean {
    const isLate = readStamps(text).some(({ caller, call }) => {
      return caller === this.caller.key && this.#left.has(call)
    })
    return error !== undefined || isLate
  }

  #tellOf(text: string, message: Message): void {
    for (const pending of this.#pending) {
      const { id, exchange } = pending
      if (!readStamps(text).some(({ call }) => call === exchange?.call)) continue
      if (exchange?.onMessage?.(message) !== 'cancel') continue
      this.#left.add(exchange.call)
      const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }
      const cancelled = this.#session.promise.then((url) => this.#post(url, body))
      // No answer is owed to who gave up.
      cancelled.finally(() => pending.settle({ answers: [], left: true })).catch(() => undefined)
    }
  }

  async #post(url: string, body: object): Promise<void> {
    const { token } = this.#world.target(this.caller)
    const reply = await send({ url, token, body })
    let text = ''
    for await (const received of reply.received) text += received.text
    if (reply.status !== 202) throw new Error(`status ${reply.status}: ${text}`)
  }
}
