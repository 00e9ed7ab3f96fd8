/**
 * One client of the HTTP+SSE transport (2024-11-05, basic/transports): a legacy session whose answers all
 * go to one stream, and that lives as long as that does.
 */
import { ERRORS, GatewayError, toErrorObject } from '#protocol/errors.ts'
import type { HostCall, Outlet } from '#protocol/host-call.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import { toCallLog } from '../../call/to-call-log.ts'
import { callKeepAlive } from '../../call/event-stream.ts'
import { encode } from '../../processes/connection.ts'
import type { HostContext } from '../../host-context.ts'
import { StreamOutlet } from './outlet.ts'
import { SSEStream } from './stream.ts'

/** Answers a request as a legacy session does: `Sessions.answer`. */
export type AnswerLegacy = (host: HostCall, body: Uint8Array | undefined) => Promise<Response>

export interface SSESessionOptions {
  id: string
  /** The GET that opened it. */
  host: HostCall
  context: Pick<HostContext, 'ticker' | 'unread' | 'keepAliveMs' | 'credentials' | 'log'>
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
const OK = 200
/** No client sees it: the session is its only one then. */
const HANDSHAKE_ID = 'hearth:handshake'

export class SSESession {
  readonly host: HostCall
  readonly #options: SSESessionOptions
  readonly #stream: SSEStream
  readonly #letGo: () => void
  #unanswered = 0
  /** The session behind it, once that has begun. */
  #legacyId: string | undefined
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
      keepAliveMs: () => (this.#unanswered > 0 ? callKeepAlive(keepAliveMs) : keepAliveMs),
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
    const { envelope, sse } = host
    if (sse?.isAnswer === true) void this.#stream.send('message', body)
    else if (envelope?.kind === 'request') await this.#ask(host, body, envelope.id)
    else await this.#pass(host, body)
    return new Response(null, { status: 202 })
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#letGo()
    this.#stream.end()
    this.#options.onEnded(this.#legacyId)
    if (this.#legacyId !== undefined) this.#delete(this.#legacyId)
  }

  async #ask(host: HostCall, body: Uint8Array, id: RequestId): Promise<void> {
    if (this.#unanswered >= MAX_UNANSWERED) {
      this.#tell(id, tooMany())
      throw tooMany()
    }
    this.#unanswered += 1
    const outlet = new StreamOutlet(this.#stream, () => this.end())
    const refused = this.#pass({ ...host, outlet }, body).then(nothing, GatewayError.from)
    const refusal = await Promise.race([refused, aTurn()])
    const hasStatus = refusal !== undefined && ERRORS[refusal.code].status !== OK
    void refused.then(async (fault) => {
      if (fault !== undefined) this.#tell(id, fault)
      if (fault !== undefined && !hasStatus) this.#log(host, fault)
      await outlet.taken
      this.#unanswered -= 1
    })
    if (hasStatus) throw refusal
  }

  /** Resolves when the session has no more to say to it. */
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
      const id = response.headers.get('mcp-session-id')
      if (id !== null) this.#use(id)
      return response
    } finally {
      this.#beginning = undefined
    }
  }

  #use(legacyId: string): void {
    if (this.#isOver) return this.#delete(legacyId)
    this.#legacyId = legacyId
    this.#options.onBegun(legacyId)
    this.#listen(legacyId)
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
    const host: HostCall = { ...this.host, http: 'POST', envelope, outlet: NOBODY }
    await this.#begin(host, encode({ ...request, params: JSON.parse(params) as unknown }))
    const id = this.#legacyId
    if (id === undefined) throw new GatewayError('session_not_found')
    const initialized = { kind: 'notification', method: 'notifications/initialized' } as const
    const told = { ...toLegacy(host, id), envelope: initialized }
    await this.#options.answer(told, encode({ jsonrpc: '2.0', method: initialized.method }))
    return id
  }

  #log(host: HostCall, fault: GatewayError): void {
    if (fault.code === 'internal') console.error('server host', fault.cause)
    this.#options.context.log?.write(toCallLog(host, fault.code))
  }

  /** What the session says unasked: what it would say on its GET stream. */
  #listen(legacyId: string): void {
    const outlet = new StreamOutlet(this.#stream, () => this.end())
    this.#options
      .answer({ ...toLegacy(this.host, legacyId), outlet }, undefined)
      .catch(() => this.end())
  }

  #tell(id: RequestId, error: GatewayError): void {
    const message = { jsonrpc: '2.0', id, error: toErrorObject(error, 'legacy') }
    void this.#stream.send('message', encode(message))
  }

  /** Its client cannot come back to it. */
  #delete(legacyId: string): void {
    const { envelope: _, ...rest } = toLegacy(this.host, legacyId)
    // It may have been forgotten by now.
    this.#options.answer({ ...rest, http: 'DELETE' }, undefined).catch(() => undefined)
  }
}

const NOBODY: Outlet = { tell: () => undefined, close: () => undefined }
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

function nothing(): undefined {
  return undefined
}

/** What is refused without waiting for anybody is refused by then. */
function aTurn(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), 0))
}
