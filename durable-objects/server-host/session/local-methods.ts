/** Legacy methods that have no modern counterpart: the gateway answers them for a modern server. */
import { toResult } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../call/client-call.ts'
import { encode } from '../processes/connection.ts'
import type { UpstreamSession } from './upstream/upstream.ts'

const LOCAL: ReadonlySet<string> = new Set([
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
])

export class LocalMethods {
  readonly #session: UpstreamSession

  constructor(session: UpstreamSession) {
    this.#session = session
  }

  /** Whether the method was one of these; then it is answered, and the record says what it asked. */
  answer(call: ClientCall, method: string, body: Uint8Array): boolean {
    if (!LOCAL.has(method)) return false
    this.#session.noteInterest(method, body)
    call.answer(encode(toResult(call.id, {})), 'ok')
    return true
  }
}
