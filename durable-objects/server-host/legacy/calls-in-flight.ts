/**
 * The requests of one session that have no answer yet, by name (`ClientCall.call`), oldest first: some
 * clients have several in flight under one id.
 */
import { idKey, type RequestId } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../calls/client-call.ts'

export class CallsInFlight extends Map<string, ClientCall> {
  /** Of those that a server has in hand, the one that came last. */
  newestOf(server: string): ClientCall | undefined {
    let newest: ClientCall | undefined
    for (const call of this.values()) if (call.host.server === server) newest = call
    return newest
  }

  /** The one that a client means by its id: the newest. */
  newestUnder(id: RequestId): ClientCall | undefined {
    const key = idKey(id)
    let newest: ClientCall | undefined
    for (const call of this.values()) if (idKey(call.id) === key) newest = call
    return newest
  }

  byProgressToken(token: RequestId | undefined): ClientCall | undefined {
    for (const call of this.values()) if (call.host.progressToken === token) return call
    return undefined
  }
}
