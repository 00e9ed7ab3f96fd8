/**
 * One client of the HTTP+SSE transport (2024-11-05, basic/transports): a stream, and behind it a legacy
 * session that knows nothing of it. What is posted is handed to that session as if it had come over
 * Streamable HTTP, and what the session answers is told on the stream. It lives as long as its stream.
 */
import { ERRORS, GatewayError, toErrorObject } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { idKey, isObject, type RequestId } from '#protocol/json-rpc.ts'
import { toCallLog } from '../../call/to-call-log.ts'
import { callKeepAlive } from '../../call/event-stream.ts'
import { decode, encode } from '../../processes/connection.ts'
import type { HostContext } from '../../host-context.ts'
import { readMessages } from './messages.ts'
import { SSEStream } from './stream.ts'

/** Answers a request as a legacy session does: `Sessions.answer`. */
export type AnswerLegacy = (host: HostCall, body: Uint8Array | undefined) => Promise<Response>

export interface SSESessionOptions {
  id: string
  /** The GET that opened it. */
  host: HostCall
  context: Pick<HostContext, 'ticker' | 'unread' | 'keepAliveMs' | 'credentials' | 'store' | 'log'>
  answer: AnswerLegacy
  /** `params` of the `initialize` that its principal sent last, as JSON text. */
  lastHandshake: () => string | undefined
  /** The legacy session behind it exists from now on. */
  onBegun: (legacyId: string) => void
  /** Called once. The legacy session behind it, where there is one, exists until this returns. */
  onEnded: (legacyId: string | undefined) => void
}

/** Requests of one session without an answer that its client has taken. */
const MAX_UNANSWERED = 256
const RETRY_AFTER_MS = 1_000
/** A client that has not taken so much of what was said unasked is cut off: it is held in memory. */
const MAX_UNTAKEN_BYTES = 8 * 1024 * 1024
const OK = 200
/** No client sees it: the session is its only one then. */
const HANDSHAKE_ID = 'hearth:handshake'

export class SSESession {
  readonly host: HostCall
  readonly #options: SSESessionOptions
  readonly #stream: SSEStream
  readonly #letGo: () => void
  /** Oldest first. Of what its client cancelled nothing more is told. */
  readonly #unanswered = new Set<Unanswered>()
  /** The session behind it, as soon as it has a name. */
  #legacyId: string | undefined
  #hasBegun = false
  #beginning: Promise<Response> | undefined
  #resuming: Promise<string> | undefined
  #isOver = false

  /** Throws `unauthorized` when the credential has ended meanwhile. */
  constructor(options: SSESessionOptions) {
    this.#options = options
    this.host = options.host
    const { credentials, ticker, unread, keepAliveMs } = options.context
    this.#letGo = credentials.hold(options.host, () => this.end())
    this.#stream = new SSEStream({
      ...{ ticker, unread, principal: options.host.principal },
      keepAliveMs: () => (this.#unanswered.size > 0 ? callKeepAlive(keepAliveMs) : keepAliveMs),
      onGone: () => this.end(),
    })
    void this.#stream.send('endpoint', encoder.encode(toEndpoint(options)))
  }

  get response(): Response {
    return this.#stream.response
  }

  /** Its server is being started, and no call is in flight yet. */
  get isBeginning(): boolean {
    return this.#beginning !== undefined
  }

  /** 202 at once. Throws what has a status of its own and is known in this turn; that is told on the stream, too. */
  async post(host: HostCall, body: Uint8Array): Promise<Response> {
    const { envelope, sse, cancels } = host
    if (sse?.isAnswer === true) void this.#stream.send('message', body)
    else if (envelope?.kind === 'request') await this.#take(host, body, envelope.id)
    else {
      const isMeant = ({ id }: Unanswered): boolean => cancels !== undefined && isSame(id, cancels)
      const cancelled = [...this.#unanswered].findLast(isMeant)
      if (cancelled !== undefined) cancelled.isCancelled = true
      await this.#pass(host, body)
    }
    return new Response(null, { status: 202 })
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#letGo()
    this.#stream.end()
    this.#options.onEnded(this.#hasBegun ? this.#legacyId : undefined)
    if (this.#hasBegun) this.#delete()
  }

  async #take(host: HostCall, body: Uint8Array, id: RequestId): Promise<void> {
    if (this.#unanswered.size >= MAX_UNANSWERED) return this.#refuse(id, tooMany())
    const state = { id, isCancelled: false }
    this.#unanswered.add(state)
    const answer = this.#pass(host, body)
    const refusal = await Promise.race([answer.then(nothing, GatewayError.from), aTurn()])
    const isTold = refusal !== undefined && ERRORS[refusal.code].status !== OK
    void this.#deliver({ host, id, answer, state, isTold }).finally(() =>
      this.#unanswered.delete(state),
    )
    if (isTold) throw refusal
  }

  /** What the session behind this one says to a message. */
  async #pass(host: HostCall, body: Uint8Array): Promise<Response> {
    const { envelope } = host
    if (envelope?.kind === 'request' && envelope.method === 'initialize') {
      return this.#begin(host, body)
    }
    const id = this.#legacyId ?? (await this.#resume())
    return this.#options.answer(toLegacy(host, id), body)
  }

  async #begin(host: HostCall, body: Uint8Array): Promise<Response> {
    if (this.#legacyId !== undefined || this.#beginning !== undefined) {
      throw new GatewayError('invalid_message', { detail: 'this session has begun' })
    }
    this.#beginning = this.#options.answer(toLegacy(host), body)
    try {
      const response = await this.#beginning
      this.#legacyId = response.headers.get('mcp-session-id') ?? undefined
      return response
    } finally {
      this.#beginning = undefined
    }
  }

  /** Its `initialize` was answered, one way or the other. */
  #settle(): void {
    const id = this.#legacyId
    if (id === undefined || this.#hasBegun) return
    if (this.#options.context.store.sessions.get(id) === undefined) {
      this.#legacyId = undefined
      return
    }
    this.#hasBegun = true
    if (this.#isOver) return this.#delete()
    this.#options.onBegun(id)
    void this.#listen(id)
  }

  /**
   * Clients whose connection was cut make a new one by themselves, and go on as if they had begun
   * (the SDK's EventSource): the session begins with what their principal said last.
   */
  #resume(): Promise<string> {
    this.#resuming ??= this.#repeatHandshake().finally(() => {
      this.#resuming = undefined
    })
    return this.#resuming
  }

  async #repeatHandshake(): Promise<string> {
    const params = this.#options.lastHandshake()
    if (params === undefined) throw new GatewayError('session_not_found')
    const request = { jsonrpc: '2.0', id: HANDSHAKE_ID, method: 'initialize' }
    const envelope = { kind: 'request', id: HANDSHAKE_ID, method: 'initialize' } as const
    const host: HostCall = { ...this.host, http: 'POST', envelope }
    const message = encode({ ...request, params: JSON.parse(params) as unknown })
    for await (const payload of readMessages(await this.#begin(host, message))) {
      const { error } = decode(payload)
      if (isObject(error)) throw new GatewayError('session_not_found')
    }
    this.#settle()
    const id = this.#legacyId
    if (id === undefined) throw new GatewayError('session_not_found')
    const initialized = { kind: 'notification', method: 'notifications/initialized' } as const
    const told = { ...toLegacy(host, id), envelope: initialized }
    await this.#options.answer(told, encode({ jsonrpc: '2.0', method: initialized.method }))
    return id
  }

  /** `isTold`: the POST itself says it, and it is logged there. */
  async #deliver({ host, id, answer, state, isTold }: Delivery): Promise<void> {
    try {
      for await (const payload of readMessages(await answer)) {
        if (!state.isCancelled) await this.#stream.send('message', payload)
      }
    } catch (error) {
      const fault = GatewayError.from(error)
      if (!isTold) this.#log(host, fault)
      if (!state.isCancelled) this.#tell(id, fault)
    }
    if (host.envelope?.kind === 'request' && host.envelope.method === 'initialize') this.#settle()
  }

  #log(host: HostCall, fault: GatewayError): void {
    if (fault.code === 'internal') console.error('server host', fault.cause)
    this.#options.context.log?.write(toCallLog(host, fault.code))
  }

  /** What the session says unasked: what it would say on its GET stream. */
  async #listen(legacyId: string): Promise<void> {
    try {
      const stream = await this.#options.answer(toLegacy(this.host, legacyId), undefined)
      await this.#relay(stream)
    } catch {
      // Its reader was too far behind, so it would not see the end of the stream, either.
      this.#stream.cut()
    }
    this.end()
  }

  /** Reads on when the client does not, so that one that is too far behind is noticed. */
  async #relay(stream: Response): Promise<void> {
    let untaken = 0
    let taken = Promise.resolve()
    for await (const payload of readMessages(stream)) {
      if (untaken > MAX_UNTAKEN_BYTES) return this.#stream.cut()
      untaken += payload.length
      taken = this.#stream.send('message', payload).then(() => {
        untaken -= payload.length
      })
    }
    await taken
  }

  #refuse(id: RequestId, error: GatewayError): never {
    this.#tell(id, error)
    throw error
  }

  #tell(id: RequestId, error: GatewayError): void {
    const message = { jsonrpc: '2.0', id, error: toErrorObject(error, 'legacy') }
    void this.#stream.send('message', encode(message))
  }

  /** Its client cannot come back to it. */
  #delete(): void {
    const { envelope: _, ...rest } = toLegacy(this.host, this.#legacyId)
    // It may have been forgotten by now.
    this.#options.answer({ ...rest, http: 'DELETE' }, undefined).catch(() => undefined)
  }
}

interface Unanswered {
  id: RequestId
  isCancelled: boolean
}

interface Delivery {
  host: HostCall
  id: RequestId
  answer: Promise<Response>
  state: Unanswered
  isTold: boolean
}

const encoder = new TextEncoder()

/** As it would have come over Streamable HTTP. */
function toLegacy(host: HostCall, sessionId?: string): HostCall {
  const { sse: _, sessionId: __, ...call } = host
  return sessionId === undefined ? call : { ...call, sessionId }
}

function toEndpoint({ id, host: { sse } }: SSESessionOptions): string {
  const path = sse?.endpoint ?? ''
  return `${path}${path.includes('?') ? '&' : '?'}sessionId=${id}`
}

function tooMany(): GatewayError {
  return new GatewayError('too_many_calls', {
    detail: `at most ${MAX_UNANSWERED} requests of one stream`,
    retryAfterMs: RETRY_AFTER_MS,
  })
}

function isSame(one: RequestId, other: RequestId): boolean {
  return idKey(one) === idKey(other)
}

function nothing(): undefined {
  return undefined
}

/** What is refused without waiting for anybody is refused by then. */
function aTurn(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), 0))
}
