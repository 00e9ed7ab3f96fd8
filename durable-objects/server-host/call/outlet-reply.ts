/** The answer to a request whose client is told elsewhere than in the response to it. */
import { toErrorObject, type GatewayError } from '#protocol/errors.ts'
import type { CallLog } from '#protocol/call-log.ts'
import type { HostCall, Outlet } from '#protocol/host-call.ts'
import { encode } from '../processes/connection.ts'
import type { AnsweringReply, ReplyOptions } from './reply.ts'

export interface OutletReplyOptions extends Pick<ReplyOptions, 'id' | 'headers'> {
  outlet: Outlet
}

export class OutletReply implements AnsweringReply {
  readonly #options: OutletReplyOptions
  readonly #response = Promise.withResolvers<Response>()
  #done = false

  constructor(options: OutletReplyOptions) {
    this.#options = options
  }

  /** Resolves once the last message was written; its headers are there if that is no error. */
  get response(): Promise<Response> {
    return this.#response.promise
  }

  answer(payload: Uint8Array, outcome: CallLog['outcome']): void {
    this.event(payload)
    this.#end(outcome === 'ok' ? this.#options.headers : undefined)
  }

  fail(error: GatewayError): void {
    const { id } = this.#options
    this.event(encode({ jsonrpc: '2.0', id, error: toErrorObject(error) }))
    this.#end()
  }

  event(payload: Uint8Array): void {
    if (!this.#done) this.#options.outlet.tell(payload)
  }

  abandon(): void {
    this.#end()
  }

  #end(headers?: Record<string, string>): void {
    this.#done = true
    this.#response.resolve(accepted(headers))
  }
}

/** The response to what is answered at once, without a call. */
export function answerAtOnce({ outlet }: HostCall, payload: Uint8Array): Response {
  if (outlet === undefined) {
    return new Response(payload, { headers: { 'content-type': 'application/json' } })
  }
  outlet.tell(payload)
  return accepted()
}

function accepted(headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 202, headers })
}
