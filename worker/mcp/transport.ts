/** What makes one transport another: which requests it has, what they are, and how a refusal is told. */
import type { Context } from 'hono'
import type { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { AppEnv, IncomingCall, IncomingMessage } from '../context.ts'
import type { CallRecord } from '../telemetry/record.ts'

export interface Transport {
  /** Throws `method_not_allowed`. */
  requireMethod(request: Request): HostCall['http']
  /** Whether the body of a POST may be a JSON-RPC batch. */
  takesBatches: boolean
  /** Throws what refuses the message, and tells the record what it is. */
  classify(c: Context<AppEnv>, message: IncomingMessage, record: CallRecord): IncomingCall
  /** What is answered in the place of a refusal; where it is absent, the refusal. */
  answerRefused?(c: Context<AppEnv>, refused: Refused): Promise<Response>
}

export interface Refused {
  error: GatewayError
  /** What its client would be told. */
  response: Response
  record: CallRecord
}
