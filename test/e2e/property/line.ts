/** What a caller does, whatever it speaks. */
import type { Caller } from './callers.ts'
import type { End } from './judge.ts'
import type { Step } from './plan.ts'
import type { Request } from './requests.ts'
import type { Updates } from './updates.ts'
import type { Message } from './wire.ts'

export interface Exchange {
  step: Step
  /** `Stamp.call` */
  call: number
  request: Request
  /** Asked at each message before the answer: whether the client gives the call up, or loses it. */
  onMessage?: (message: Message) => 'cancel' | 'leave' | undefined
}

/** One caller, connected. */
export interface Line {
  readonly caller: Caller
  /** Resource updates that came; all of them are of its one subscription. */
  readonly updates: Updates
  /** The request, until it has ended. Never rejects. */
  exchange(exchange: Exchange): Promise<End>
  /** Goes on with the response that the client left. */
  resume?(exchange: Exchange): Promise<End>
  /** Resolves when its streams are open, again where they broke. */
  ready(): Promise<void>
  close(): void
}
