/** How the calls of one client go to a server, as a session makes them or what serves modern clients. */
import type { HostCall } from '#protocol/host-call.ts'
import type { AnsweredCall, ClientCall } from './client-call.ts'
import type { CallShape } from './open-call.ts'

export interface Dispatcher {
  /** The protocol revision that the client speaks. */
  readonly protocol: string
  /** `clientInfo` as the client told it. */
  clientInfo: () => unknown
  /** Longest that a call may take. Milliseconds. */
  timeoutOf: (host: HostCall) => number
  /** Throws `too_many_calls`, `unauthorized`. */
  createCall: (host: HostCall, request: Uint8Array, shape?: CallShape) => AnsweredCall
  /** Sends it, under its server's guard. */
  run: (call: ClientCall, request: Uint8Array) => void
  /** Whether a call that a process has seen may run once more; may ask the server. */
  mayRepeat: (call: ClientCall) => Promise<boolean>
  /** The client is gone. */
  abandon: (call: ClientCall) => void
}
