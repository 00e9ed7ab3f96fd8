/** A client of 2026-07-28: each request stands alone, and one listens. */
import { LATEST_MODERN, META, NAMED_PARAM } from '#protocol/mcp.ts'
import type { Caller } from './callers.ts'
import type { End } from './judge.ts'
import type { Ledger } from './ledger.ts'
import type { Exchange, Line } from './line.ts'
import { toAnswer } from './questions.ts'
import { subscriptionOf, uriOf, type Request } from './requests.ts'
import { StandingStream } from './standing-stream.ts'
import { Updates } from './updates.ts'
import { serversOf, type World } from './world.ts'
import { parse, send, type Message, type Received, type Reply } from './wire.ts'

interface InputRequired {
  inputRequests?: Record<string, { params: Record<string, unknown> }>
  requestState?: string
}

/** A call may be asked what others of its client caused, too. */
const MAX_ROUNDS = 8
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

export class ModernLine implements Line {
  readonly caller: Caller
  readonly updates = new Updates()
  readonly #world: World
  readonly #ledger: Ledger
  readonly #stream: StandingStream
  readonly #acknowledged = Promise.withResolvers<void>()

  static async connect(caller: Caller, world: World, ledger: Ledger): Promise<ModernLine> {
    const line = new ModernLine(caller, world, ledger)
    await line.ready()
    await line.#acknowledged.promise
    return line
  }

  private constructor(caller: Caller, world: World, ledger: Ledger) {
    this.caller = caller
    this.#world = world
    this.#ledger = ledger
    const stamp = subscriptionOf(caller)
    const uris = serversOf(caller).map((server) => uriOf(caller, server, stamp))
    const notifications = { toolsListChanged: true, resourceSubscriptions: uris }
    const listen = { method: 'subscriptions/listen', params: { notifications, _meta: {} } }
    this.#stream = new StandingStream(
      () => this.#send(listen, 1),
      (received) => this.#heard(received),
    )
  }

  async exchange(exchange: Exchange): Promise<End> {
    let end = await this.#once(exchange, exchange.request)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const result = end.answers[0]?.result
      if (result?.resultType !== 'input_required') break
      end = await this.#once(exchange, toRetry(exchange.request, result))
    }
    return end
  }

  ready(): Promise<void> {
    return this.#stream.ready()
  }

  close(): void {
    this.#stream.close()
  }

  async #once({ step, call, onMessage }: Exchange, request: Request): Promise<End> {
    const end: End = { answers: [] }
    try {
      const reply = await this.#send(request, step.id)
      for await (const received of reply.received) {
        const message = this.#heard(received, { step, call })
        if (message === undefined) continue
        if (message.method === undefined) end.answers.push(message)
        // Who leaves, cancels.
        else if (onMessage?.(message) !== undefined) {
          reply.leave()
          return { ...end, left: true }
        }
      }
    } catch (error) {
      end.broken = String(error)
    }
    return end
  }

  #heard(received: Received, on?: Pick<Exchange, 'step' | 'call'>): Message | undefined {
    const message = parse(received)
    if (message === undefined) return undefined
    if (message.method === ACKNOWLEDGED) this.#acknowledged.resolve()
    this.#ledger.saw(received.text, message, { viewer: this.caller, call: on?.call }, on?.step)
    if (message.method === 'notifications/resources/updated') this.updates.came()
    return message
  }

  #send({ method, params }: Request, id: string | number): Promise<Reply> {
    const meta = {
      [META.protocolVersion]: LATEST_MODERN,
      [META.clientCapabilities]: { elicitation: {} },
      [META.clientInfo]: { name: `client-${this.caller.client}`, version: '1' },
      [META.logLevel]: 'info',
    }
    const name = params[NAMED_PARAM[method] ?? '']
    return send({
      ...this.#world.target(this.caller),
      headers: {
        'mcp-protocol-version': LATEST_MODERN,
        'mcp-method': method,
        ...(typeof name === 'string' && { 'mcp-name': name }),
      },
      body: {
        jsonrpc: '2.0',
        id,
        method,
        params: { ...params, _meta: { ...params._meta, ...meta } },
      },
    })
  }
}

function toRetry(request: Request, { inputRequests = {}, requestState }: InputRequired): Request {
  const answers = Object.entries(inputRequests).map(([key, { params }]) => [key, toAnswer(params)])
  const params = {
    ...request.params,
    ...(requestState !== undefined && { requestState }),
    inputResponses: Object.fromEntries(answers) as object,
  }
  return { ...request, params }
}
