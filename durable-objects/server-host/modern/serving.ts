import type { ClientCall } from '../calls/client-call.ts'

/** Modern clients' calls on one server, whichever era it speaks. */
export interface ModernServing {
  /** Throws before anything was sent, or takes the call over and settles it. */
  call: (client: ClientCall, body: Uint8Array) => Promise<void>
  /** The client is gone, which is how modern clients cancel. */
  abandon: (client: ClientCall) => void
  close: () => void
}
