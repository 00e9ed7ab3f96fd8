import type { ClientCall } from './client-call.ts'

/** Modern clients' calls on one server, whichever era it speaks. */
export interface ModernServing {
  /** Throws before anything was sent, or takes the call over and settles it. */
  call: (client: ClientCall, body: Uint8Array) => Promise<void>
  /** The client is gone, which is how modern clients cancel. */
  abandon: (client: ClientCall) => void
  /** Whether a call that a process has seen may run once more; may ask the server. Absent: it may not. */
  mayRepeat?: (client: ClientCall) => Promise<boolean>
  close: () => void
}

/** One whose `subscriptions/listen` streams can go on with another one. */
export interface ListenServing extends ModernServing {
  /** Absent: it is what its server calls for, as long as that is started in the same way. */
  readonly isCurrent?: boolean
  /** Gives a stream up without ending it. */
  release: (client: ClientCall) => void
  /** Takes over a stream that another one acknowledged. Resolves when its server would have done so. */
  join: (client: ClientCall, body: Uint8Array) => Promise<void>
  /** A notification that the server itself does not send, on a stream that may have asked for its kind. */
  tell: (client: ClientCall, method: string) => void
}

export function isListenServing(serving: ModernServing): serving is ListenServing {
  return 'join' in serving
}
