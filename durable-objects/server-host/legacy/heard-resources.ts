/**
 * Which resources a session's client is told of when they change. A server may tell of more than was
 * subscribed to: of parts of a resource, or of all that there are. Pure.
 */
import type { Access } from '#protocol/access.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { decode } from '../connection.ts'
import { mayTell, UPDATED } from '../translate/listen-access.ts'

/** Whether a call says what its principal may read: its `access`, or with none everything. */
export function tellsAccess({ http, envelope }: HostCall): boolean {
  const method = envelope?.kind === 'request' ? envelope.method : ''
  return http === 'GET' || method === 'initialize' || method.startsWith('resources/')
}

/** `payload`: a `notifications/resources/updated`; not looked at where everything may be read. */
export function mayHear(payload: Uint8Array, access: Access | undefined): boolean {
  return access === undefined || mayTell(UPDATED, decode(payload).params, access)
}
