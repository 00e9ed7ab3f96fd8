/** A call that runs, and the equal ones that wait for its answer in the place of running, too. */
import type { GatewayError } from '#protocol/errors.ts'
import { setValue } from '#protocol/json-splice.ts'
import type { ClientCall } from '../../call/client-call.ts'
import type { CallLog } from '#protocol/call-log.ts'

/** Further ones run themselves. */
const MAX_FOLLOWERS = 1_000

export interface Follower {
  call: ClientCall
  principal: string
  /** Makes it run, and lead those that are left. */
  run: (others: Follower[]) => void
}

export interface Landing {
  /** The answer as the server gave it; absent when there was none. */
  response?: { payload: Uint8Array; outcome: CallLog['outcome'] }
  /** Why there was none; absent where that says nothing of the server: its client gave up. */
  error?: GatewayError
  /** Whether calls of this principal may have the answer. */
  mayShare: (principal: string) => boolean
}

export class Flight {
  #followers: Follower[]

  constructor(followers: Follower[] = []) {
    this.#followers = followers
  }

  get isFull(): boolean {
    return this.#followers.length >= MAX_FOLLOWERS
  }

  join(follower: Follower): void {
    this.#followers.push(follower)
  }

  /** Called once: every follower is answered, fails, or runs. */
  land({ response, error, mayShare }: Landing): void {
    const left: Follower[] = []
    for (const follower of this.#followers) {
      const { call, principal } = follower
      if (call.settled) continue
      if (response !== undefined && mayShare(principal)) {
        const own = setValue(response.payload, ['id'], JSON.stringify(call.id))
        call.answer(own, response.outcome)
      } else if (response === undefined && error !== undefined) call.lose(error)
      else left.push(follower)
    }
    this.#followers = []
    const [next, ...others] = left
    next?.run(others)
  }
}
