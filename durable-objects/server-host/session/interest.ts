/** What a session asked for that a process which is replaced must be told again. */
import { isObject } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../call/client-call.ts'
import { decode, type Exchange } from '../processes/connection.ts'
import type { SessionRecord } from '../store/session-store.ts'
import type { UpstreamSession } from './upstream/upstream.ts'

export const INTEREST_METHODS: ReadonlySet<string> = new Set([
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
])
const MAX_SUBSCRIPTIONS = 512
/** Longer ones are passed on, but a process that is replaced is not told of them. */
const MAX_INTEREST_CHARS = 1_024

/**
 * Changes the record by a request that succeeded. False where it is the same. `prefix`: tells the
 * subscriptions of one server of several from the others'.
 */
export function noteInterest(
  record: Pick<SessionRecord, 'logLevel' | 'subscriptions'>,
  method: string,
  body: Uint8Array,
  prefix: string,
): boolean {
  if (!INTEREST_METHODS.has(method)) return false
  const { params } = decode(body)
  const { uri, level } = isObject(params) ? params : {}
  if (method === 'logging/setLevel') {
    if (typeof level !== 'string' || level.length > MAX_INTEREST_CHARS) return false
    record.logLevel = level
    return true
  }
  if (typeof uri !== 'string' || uri.length > MAX_INTEREST_CHARS) return false
  const wanted = prefix + uri
  const others = record.subscriptions.filter((known) => known !== wanted)
  const subscribes = method === 'resources/subscribe'
  record.subscriptions = subscribes ? [...others, wanted].slice(-MAX_SUBSCRIPTIONS) : others
  return true
}

/** The call, but that the session keeps what it asked for when it has succeeded. */
export function remembering(
  session: UpstreamSession,
  call: ClientCall,
  body: Uint8Array,
): Exchange {
  const method = call.host.envelope?.kind === 'request' ? call.host.envelope.method : ''
  if (!INTEREST_METHODS.has(method)) return call
  return {
    ...{ id: call.id, call: call.call },
    get deadline() {
      return call.deadline
    },
    onLost: (error) => call.onLost(error),
    onResponse: (payload, meta) => {
      if (meta.failed !== true) session.noteInterest(method, body)
      call.onResponse(payload, meta)
    },
  }
}
