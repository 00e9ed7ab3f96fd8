/** One JSON-RPC request of a client, from its arrival to its one outcome and its one log line. */
import { ERRORS, toErrorObject, type GatewayError } from '#protocol/errors.ts'
import { writeCallLog, type CallLog } from '#protocol/call-log.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import type { Exchange } from '../connection.ts'
import type { Reply } from './reply.ts'
import { isList, keepVisible, type ListFilter } from './visible-list.ts'

/** A request over this is not kept for a repetition after a crash. */
const MAX_KEPT_BYTES = 256 * 1024

export interface ClientCallOptions {
  host: HostCall
  id: RequestId
  body: Uint8Array
  reply: Reply
  timeoutMs: number
  logs: boolean
  /** The call is over, whatever way. Called once. */
  onSettled: (call: ClientCall) => void
}

export class ClientCall implements Exchange {
  readonly id: RequestId
  readonly deadline: number
  readonly host: HostCall
  readonly reply: Reply
  /** The request as it came, kept for a repetition; absent when it is too large for that. */
  readonly body: Uint8Array | undefined
  /** A call is repeated once at most. */
  repeated = false
  undelivered = false
  frame: number | undefined
  readonly #options: ClientCallOptions
  #settled = false

  constructor(options: ClientCallOptions) {
    this.#options = options
    this.id = options.id
    this.host = options.host
    this.reply = options.reply
    this.deadline = Date.now() + options.timeoutMs
    this.body = options.body.length <= MAX_KEPT_BYTES ? options.body : undefined
  }

  get settled(): boolean {
    return this.#settled
  }

  onResponse(payload: Uint8Array, meta: MessageMeta): void {
    this.answer(payload, meta.failed === true ? 'rpc_error' : 'ok', meta.ms)
  }

  onLost(error: GatewayError): void {
    if (!this.#settle(error.code)) return
    this.reply.fail(error)
  }

  answer(payload: Uint8Array, outcome: CallLog['outcome'], processMs?: number, status = 200): void {
    if (this.#settled) return
    const filter = filterOf(this.host)
    const visible = filter === undefined ? payload : keepVisible(payload, filter)
    this.#settle(outcome, processMs)
    this.reply.answer(visible, status)
  }

  /** The client gave up: cancelled, or gone. It gets nothing more. */
  abandon(): void {
    if (this.#settle('cancelled')) this.reply.abandon()
  }

  #settle(outcome: CallLog['outcome'], processMs?: number): boolean {
    if (this.#settled) return false
    this.#settled = true
    if (this.#options.logs) logCall(this.host, outcome, processMs)
    this.#options.onSettled(this)
    return true
  }
}

/** By what the answer to a call is filtered, where it is. */
export function filterOf({ envelope, era, access }: HostCall): ListFilter | undefined {
  if (access === undefined || envelope?.kind !== 'request') return undefined
  const { method } = envelope
  return isList(method) ? { method, era, access } : undefined
}

export function logCall(host: HostCall, outcome: CallLog['outcome'], processMs?: number): void {
  const now = Date.now()
  const { requestId, tenant, principal, server, era, target, envelope, http } = host
  const method = envelope !== undefined && 'method' in envelope ? envelope.method : http
  writeCallLog({
    time: new Date(now).toISOString(),
    event: 'call',
    requestId,
    tenant,
    principal,
    server,
    method,
    ...(target === undefined ? {} : { target }),
    era,
    outcome,
    gatewayMs: round(Math.max(0, now - host.receivedAt - (processMs ?? 0))),
    ...(processMs === undefined ? {} : { processMs: round(processMs) }),
  })
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

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
