/** What a call's client is told of the start that it waits for, where it asked for progress. */
import type { LaunchMeta } from '#protocol/link.ts'
import type { ClientCall } from './client-call.ts'
import { encode } from '../processes/connection.ts'

/** The server's own progress begins with 0 or more, and comes after this: progress must increase. */
const FIRST = -1
const STEP = 0.001

export class StartProgress {
  /** What each call was told last. */
  readonly #told = new WeakMap<ClientCall, { message: string; steps: number }>()

  tell(call: ClientCall, meta: LaunchMeta): void {
    const { progressToken, server } = call.host
    const message = describeStart(server, meta)
    if (progressToken === undefined || message === undefined) return
    const told = this.#told.get(call)
    if (told?.message === message) return
    const steps = (told?.steps ?? -1) + 1
    if (FIRST + steps * STEP >= 0) return
    this.#told.set(call, { message, steps })
    const params = { progressToken, progress: FIRST + steps * STEP, message }
    call.event(encode({ jsonrpc: '2.0', method: 'notifications/progress', params }))
  }
}

/** `undefined`: nothing is under way. */
export function describeStart(server: string, meta: LaunchMeta): string | undefined {
  switch (meta.state) {
    case 'queued':
      return `${server} waits for its turn to start`
    case 'installing':
      return `installing ${meta.package ?? server}`
    case 'starting':
      return `starting ${server}`
    default:
      return undefined
  }
}
