/** A session over Streamable HTTP, with its GET stream. */
import { LATEST_LEGACY } from '#protocol/mcp.ts'
import type { Caller } from './callers.ts'
import type { End } from './judge.ts'
import type { Ledger } from './ledger.ts'
import type { Exchange, Line } from './line.ts'
import { Questions } from './questions.ts'
import { subscriptionOf, uriOf } from './requests.ts'
import { StandingStream } from './standing-stream.ts'
import { Updates } from './updates.ts'
import { serversOf, type World } from './world.ts'
import {
  parse,
  post,
  send,
  type Message,
  type Outgoing,
  type Received,
  type Reply,
} from './wire.ts'

export class LegacyLine implements Line {
  readonly caller: Caller
  readonly updates = new Updates()
  readonly #world: World
  readonly #ledger: Ledger
  readonly #questions: Questions
  #sessionId = ''
  #stream: StandingStream | undefined
  readonly #left = new Map<number, string>()

  static async connect(caller: Caller, world: World, ledger: Ledger): Promise<LegacyLine> {
    const line = new LegacyLine(caller, world, ledger)
    await line.#begin()
    return line
  }

  private constructor(caller: Caller, world: World, ledger: Ledger) {
    this.caller = caller
    this.#world = world
    this.#ledger = ledger
    this.#questions = new Questions((body) => post(this.#outgoing({ body })))
  }

  async exchange(exchange: Exchange): Promise<End> {
    const { step, request } = exchange
    const body = { jsonrpc: '2.0', id: step.id, ...request }
    return this.#read(exchange, send(this.#outgoing({ body })))
  }

  async resume(exchange: Exchange): Promise<End> {
    const lastEventId = this.#left.get(exchange.step.number)
    this.#left.delete(exchange.step.number)
    const headers = { 'last-event-id': lastEventId }
    return this.#read(exchange, send(this.#outgoing({ method: 'GET', headers })))
  }

  async ready(): Promise<void> {
    await this.#stream?.ready()
  }

  close(): void {
    this.#stream?.close()
  }

  async #begin(): Promise<void> {
    const params = {
      protocolVersion: LATEST_LEGACY,
      capabilities: { elicitation: {} },
      clientInfo: { name: `client-${this.caller.client}`, version: '1' },
    }
    const opened = await this.#ask('initialize', params)
    this.#sessionId = opened.header('mcp-session-id') ?? ''
    if (this.#sessionId === '')
      throw new Error(`${this.caller.key} got no session: ${opened.status}`)
    await post(this.#outgoing({ body: { jsonrpc: '2.0', method: 'notifications/initialized' } }))
    this.#stream = new StandingStream(
      (lastEventId) => {
        return send(this.#outgoing({ method: 'GET', headers: { 'last-event-id': lastEventId } }))
      },
      (received) => this.#heard(received),
    )
    await this.#stream.ready()
    for (const server of serversOf(this.caller)) {
      const uri = uriOf(this.caller, server, subscriptionOf(this.caller))
      await this.#ask('resources/subscribe', { uri })
    }
  }

  async #ask(method: string, params: object): Promise<Reply> {
    const reply = await send(this.#outgoing({ body: { jsonrpc: '2.0', id: 1, method, params } }))
    for await (const received of reply.received) {
      const message = parse(received)
      if (message?.error !== undefined) throw new Error(`${this.caller.key}: ${received.text}`)
    }
    return reply
  }

  async #read(exchange: Exchange, sent: Promise<Reply>): Promise<End> {
    const { step, call } = exchange
    const end: End = { answers: [] }
    try {
      const reply = await sent
      for await (const received of reply.received) {
        if (received.eventId !== undefined) this.#left.set(step.number, received.eventId)
        const message = this.#heard(received, { step, call })
        if (message === undefined) continue
        if (message.method === undefined) {
          end.answers.push(message)
          continue
        }
        const choice = exchange.onMessage?.(message)
        if (choice === 'cancel') await this.#cancel(step.id)
        if (choice !== 'leave') continue
        reply.leave()
        return { ...end, left: true }
      }
    } catch (error) {
      end.broken = String(error)
    }
    this.#left.delete(step.number)
    return end
  }

  async #cancel(requestId: string | number): Promise<void> {
    const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }
    await post(this.#outgoing({ body }))
  }

  #heard(received: Received, on?: Pick<Exchange, 'step' | 'call'>): Message | undefined {
    const message = parse(received)
    if (message === undefined) return undefined
    this.#ledger.saw(received.text, message, { viewer: this.caller, call: on?.call }, on?.step)
    if (message.method === 'notifications/resources/updated') this.updates.came()
    if (message.method === 'elicitation/create') this.#questions.answer(message)
    return message
  }

  #outgoing(more: Pick<Outgoing, 'method' | 'headers' | 'body'>): Outgoing {
    const session = this.#sessionId === '' ? {} : { 'mcp-session-id': this.#sessionId }
    const version = { 'mcp-protocol-version': LATEST_LEGACY }
    const headers = { ...session, ...version, ...more.headers }
    return { ...this.#world.target(this.caller), ...more, headers }
  }
}
