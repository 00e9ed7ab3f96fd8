/** Ids of the requests that the gateway itself makes of a process; see also `PROBE_ID`. */
import type { MessageMeta } from '#protocol/link.ts'

export const OWN_ID = 'hearth:'
/** Of the `initialize` by which a process is brought up. */
export const BEGIN_ID = `${OWN_ID}begin:`

export function isOwnId(id: MessageMeta['id']): boolean {
  return typeof id === 'string' && id.startsWith(OWN_ID)
}

export function isBeginId(id: MessageMeta['id']): boolean {
  return typeof id === 'string' && id.startsWith(BEGIN_ID)
}
