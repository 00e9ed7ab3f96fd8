/**
 * Which resources a session's client is told of when they change. A server may tell of more than was
 * subscribed to: of parts of a resource, or of all that there are. Pure.
 */
import type { Access } from '#protocol/access.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { decode } from '../processes/connection.ts'
import type { SessionRecord, SessionStore } from '../store/session-store.ts'
import { mayTell, UPDATED } from '../translate/listen-access.ts'

/** Whether a call says what its principal may read: its `access`, or with none everything. */
function tellsAccess({ http, envelope }: HostCall): boolean {
  const method = envelope?.kind === 'request' ? envelope.method : ''
  return http === 'GET' || method === 'initialize' || method.startsWith('resources/')
}

/** `payload`: a `notifications/resources/updated`; not looked at where everything may be read. */
export function mayHear(payload: Uint8Array, access: Access | undefined): boolean {
  return access === undefined || mayTell(UPDATED, decode(payload).params, access)
}

/** Keeps what a call says that its principal may hear of. */
export function noteHost(
  record: SessionRecord,
  host: HostCall,
  store: Pick<SessionStore, 'saveView' | 'saveAccess'>,
): void {
  if (noteView(record, host)) store.saveView(record)
  else if (noteAccess(record, host)) store.saveAccess(record)
}

/** Takes over what a call says that its principal may read. False where it says nothing new. */
function noteAccess(record: SessionRecord, host: HostCall): boolean {
  if (record.catalog !== undefined || !tellsAccess(host)) return false
  if (JSON.stringify(host.access) === JSON.stringify(record.access)) return false
  record.access = host.access
  return true
}

/** The same for what it sees of the catalog. */
function noteView(record: SessionRecord, { catalog }: HostCall): boolean {
  if (catalog?.servers === undefined) return false
  if (JSON.stringify(catalog) === JSON.stringify(record.catalog)) return false
  record.catalog = catalog
  return true
}
