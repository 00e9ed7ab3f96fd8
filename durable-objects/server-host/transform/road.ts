/** How a call of one client goes to its server, as the face that it came in by makes it. */
import type { HostCall } from '#protocol/host-call.ts'
import type { AnsweredCall, ClientCall } from '../calls/client-call.ts'
import type { CallTransform } from './call-transform.ts'

export interface Road {
  /** The protocol revision that the client speaks. */
  protocol: string
  /** Longest that the call may take. Milliseconds. */
  timeoutMs: number
  /** `clientInfo` as the client told it. */
  clientInfo: () => unknown
  /** Throws `too_many_calls`. */
  createCall: (host: HostCall, request: Uint8Array, transform?: CallTransform) => AnsweredCall
  /** Sends it, under its server's guard. */
  run: (call: ClientCall, request: Uint8Array) => void
}
