/** One JSON-RPC request of a client, from its arrival to its one outcome and its one log line. */
import { ERRORS, GatewayError, toErrorObject } from '#protocol/errors.ts'
import type { CallLog } from '#protocol/call-log.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import type { Exchange } from '../processes/connection.ts'
import type { CallTransform, Freshness } from './call-transform.ts'
import type { LineLog } from './line-log.ts'
import type { CallReply } from './reply.ts'
import { CallTime } from './call-time.ts'
import { toCallLog } from './to-call-log.ts'
import { isList, keepVisible, type ListFilter } from './visible-list.ts'

/** A request over this is not kept for a repetition after a crash. */
const MAX_KEPT_BYTES = 256 * 1024

/** What a call goes through on its way to its server: resilience/guards.ts. */
export interface CallGuard {
  /** Whether a call that failed is tried again, and not over. */
  takesOver: (error: GatewayError) => boolean
  takeRepetition: () => boolean
  /** It was started, and no process has it yet. */
  readonly awaitsProcess: boolean
  onSettled: (outcome: CallLog['outcome'], processMs: number | undefined) => void
  /** Fails it when its time has passed. */
  expire: (now: number) => void
}

export interface ClientCallOptions {
  host: HostCall
  id: RequestId
  body: Uint8Array
  reply: CallReply
  /** Longest without a sign of life. */
  timeoutMs: number
  /** Longest in all. Absent: nothing extends `timeoutMs`. */
  totalMs?: number | undefined
  /** Absent: nothing is written of it. */
  log: Pick<LineLog, 'write'> | undefined
  /** What its server's transformers do to what it is answered. */
  transform?: CallTransform | undefined
  /** The request before they changed it; absent where there are none. */
  original?: Uint8Array | undefined
  /** Writes an answer's URIs as the catalog has them; of a call that came in there. */
  expose?: ((payload: Uint8Array) => Uint8Array) | undefined
  /** Looks at a server's answer before anything else does: catalog/pins/pins.ts. */
  screen?: ((payload: Uint8Array) => Promise<Uint8Array>) | undefined
  /** The call is over, whatever way. Called once, before its reply is told. */
  onSettled: (outcome: CallLog['outcome'], processMs: number | undefined) => void
}

/** A call whose answer is an HTTP response. */
export interface AnsweredCall {
  call: ClientCall
  response: Promise<Response>
}

export class ClientCall implements Exchange {
  readonly id: RequestId
  /** A request of a client has one of its own. */
  readonly call: string
  readonly time: CallTime
  readonly host: HostCall
  /** The request as it came, kept for a repetition; absent when it is too large for that. */
  readonly body: Uint8Array | undefined
  /** See `ClientCallOptions`; a leg of the catalog sets its own. */
  expose: ClientCallOptions['expose']
  readonly transform: CallTransform | undefined
  readonly original: Uint8Array | undefined
  /** What a modern server says of its answer; only where that is kept. */
  freshness: Freshness | undefined
  /** Its process is gone, and it was sent to the next one: once at most. */
  repeated = false
  guard: CallGuard | undefined
  /** Of a stream that listens. */
  onHeard: ((method: string) => void) | undefined
  undelivered = false
  frame: number | undefined
  readonly #options: ClientCallOptions
  #screen: ClientCallOptions['screen']
  #settled = false
  /** Why its server did not answer, where something else was answered. */
  #coveredFor: GatewayError | undefined

  constructor(options: ClientCallOptions) {
    this.#options = options
    this.id = options.id
    this.call = options.host.requestId
    this.host = options.host
    this.transform = options.transform
    this.original = options.original
    this.expose = options.expose
    this.#screen = options.screen
    const { timeoutMs, totalMs = timeoutMs } = options
    this.time = new CallTime({ now: Date.now(), timeoutMs, totalMs })
    this.body = options.body.length <= MAX_KEPT_BYTES ? options.body : undefined
  }

  get deadline(): number {
    return this.time.deadline
  }

  get settled(): boolean {
    return this.#settled
  }

  onResponse(payload: Uint8Array, meta: MessageMeta): void {
    this.answer(payload, meta.failed === true ? 'rpc_error' : 'ok', meta.ms)
  }

  /** What comes before the answer is transformed; where that fails, so does the call. */
  event(payload: Uint8Array): void {
    const shown =
      this.transform === undefined ? payload : this.#try((through) => through.onEvent(payload))
    if (shown !== undefined) this.#options.reply.event(shown)
  }

  /** A notification of its server's about it, or on its stream. */
  hear(method: string | undefined): void {
    if (method !== undefined) this.onHeard?.(method)
    if (method === 'notifications/progress') this.time.renew(Date.now())
  }

  /** It failed, but where its guard has it tried again. */
  onLost(error: GatewayError): void {
    if (this.#settled || this.guard?.takesOver(error) === true) return
    this.lose(error)
  }

  /** It failed for good. */
  lose(error: GatewayError): void {
    if (this.#settled) return
    const kept = this.transform?.onLost(error)
    if (kept === undefined) return this.#fail(error)
    this.#coveredFor = error
    this.answer(kept, 'ok')
  }

  #fail(error: GatewayError): void {
    if (this.#settle(error.code)) this.#options.reply.fail(error)
  }

  /**
   * Whether a call that a process has seen may be sent to the next one: those that are repeated are
   * bounded, over all calls of the server.
   */
  takeRepetition(): boolean {
    return this.undelivered || (this.guard?.takeRepetition() ?? true)
  }

  answer(payload: Uint8Array, outcome: CallLog['outcome'], processMs?: number, status = 200): void {
    if (this.#settled) return
    const screen = this.#screen
    if (screen !== undefined) {
      this.#screen = undefined
      screen(payload).then(
        (screened) => this.answer(screened, outcome, processMs, status),
        (error: unknown) => this.lose(GatewayError.from(error)),
      )
      return
    }
    const shown =
      this.transform === undefined
        ? payload
        : this.#try((through) => through.onAnswer(payload, outcome))
    if (shown === undefined) return
    const filter = filterOf(this.host)
    const visible = filter === undefined ? shown : keepVisible(shown, filter)
    const exposed = this.expose?.(visible) ?? visible
    this.#settle(outcome, processMs)
    this.#options.reply.answer(exposed, outcome, status)
  }

  /** The client gave up: cancelled, or gone. It gets nothing more. */
  abandon(): void {
    if (this.#settle('cancelled')) this.#options.reply.abandon()
  }

  #try(act: (transform: CallTransform) => Uint8Array): Uint8Array | undefined {
    try {
      return this.transform && act(this.transform)
    } catch (error) {
      this.#fail(GatewayError.from(error))
      return undefined
    }
  }

  #settle(outcome: CallLog['outcome'], processMs?: number): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.host.onOver?.()
    const { log } = this.#options
    log?.write(toCallLog(this.host, outcome, processMs, this.transform?.cache))
    this.#options.onSettled(outcome, processMs)
    this.transform?.onSettled(outcome, this.freshness)
    this.guard?.onSettled(this.#coveredFor?.code ?? outcome, processMs)
    return true
  }
}

/** By what the answer to a call is filtered, where it is. */
export function filterOf({ envelope, era, access }: HostCall): ListFilter | undefined {
  if (access === undefined || envelope?.kind !== 'request') return undefined
  const { method } = envelope
  return isList(method) ? { method, era, access } : undefined
}

export function toResponse(error: GatewayError, id: RequestId | null): Response {
  const { status } = ERRORS[error.code]
  const headers: Record<string, string> = { 'content-type': 'application/json', ...error.headers }
  if (error.retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.ceil(error.retryAfterMs / 1000))
  }
  const body = { jsonrpc: '2.0', id, error: toErrorObject(error) }
  return new Response(JSON.stringify(body), { status, headers })
}
