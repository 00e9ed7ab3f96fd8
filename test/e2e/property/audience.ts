/** Who may read what: the property itself. Pure. */
import {
  callerOf,
  isSamePrincipal,
  principalName,
  type Caller,
  type ServerName,
} from './callers.ts'
import { readOwners, readStamps, type Stamp } from './stamps.ts'
import type { Message } from './wire.ts'

/** The call on whose response a message came, where it came on one. */
export interface Place {
  viewer: Caller
  call?: number | undefined
  /** The call may have been answered from the cache. */
  isCached?: boolean
}

/** What is wrong with the viewer's having read this; `undefined` when it may. */
export function findLeak(text: string, message: Message, place: Place): string | undefined {
  const isStrange = readStamps(text).some((stamp) => !mayRead(stamp, message, place))
  if (isStrange) return `was told of another's call: ${message.method ?? 'an answer'}`
  const own = principalName(place.viewer)
  const owner = readOwners(text).find((name) => name !== own)
  return owner === undefined ? undefined : "was told by another principal's process"
}

function mayRead(stamp: Stamp, message: Message, { viewer, call, isCached }: Place): boolean {
  const author = callerOf(stamp.caller)
  if (author === undefined) return false
  // A cached answer is its principal's, whichever of its clients asked first.
  if (isCached === true && message.method === undefined) return isSamePrincipal(author, viewer)
  switch (message.result?.resultType === 'input_required' ? 'elicitation/create' : message.method) {
    // An answer and progress name their call.
    case undefined:
    case 'notifications/progress':
      return author === viewer && (call === undefined || stamp.call === call)
    // These do not: they may come on the stream of another call of the same client.
    case 'notifications/message':
    case 'elicitation/create':
    case 'notifications/resources/updated':
      return clientOf(author) === clientOf(viewer)
    // That a list has changed is no secret within the tenant.
    default:
      return author.tenant === viewer.tenant
  }
}

/** Whose a process is: nobody else is ever served by it. */
export function ownerOfProcess(server: ServerName, caller: Caller): string {
  const isForAll = server === 'shared' || server === 'modern' || isPooled(server, caller)
  return isForAll ? caller.tenant : clientOf(caller)
}

/** Whether the caller takes any process that is free; else it always comes back to the same. */
export function isPooled(server: ServerName, { road }: Caller): boolean {
  return server === 'pool' && road === 'modern'
}

/**
 * A legacy client is its session. The modern era has none: there a client is its principal, and what it
 * calls itself.
 */
function clientOf({ tenant, name, client, road, endpoint }: Caller): string {
  return [tenant, name, client, road, ...(road === 'modern' ? [] : [endpoint])].join('-')
}
