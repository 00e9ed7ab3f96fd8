/**
 * The requests of one session that have no answer yet, by name (`ClientCall.call`), oldest first: some
 * clients have several in flight under one id.
 */
import { idKey, type RequestId } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import type { ClientCall } from '../call/client-call.ts'
import { decode } from '../processes/connection.ts'

export class CallsInFlight extends Map<string, ClientCall> {
  /** Of those that a server has in hand, the one that came last. */
  newestOf(server: string): ClientCall | undefined {
    let newest: ClientCall | undefined
    for (const call of this.values()) if (call.host.server === server) newest = call
    return newest
  }

  /** Those that a server has in hand. */
  of(server: string): ClientCall[] {
    return [...this.values()].filter(({ host }) => host.server === server)
  }

  /** The one that a client means by its id: the newest. */
  newestUnder(id: RequestId): ClientCall | undefined {
    const key = idKey(id)
    let newest: ClientCall | undefined
    for (const call of this.values()) if (idKey(call.id) === key) newest = call
    return newest
  }

  /** A host program of before names does not tell whose progress it is. */
  ofProgress(payload: Uint8Array, { call }: MessageMeta): ClientCall | undefined {
    if (call !== undefined) return this.get(call)
    const { params } = decode(payload) as { params?: { progressToken?: RequestId } }
    const token = params?.progressToken
    for (const one of this.values()) if (one.host.progressToken === token) return one
    return undefined
  }
}
