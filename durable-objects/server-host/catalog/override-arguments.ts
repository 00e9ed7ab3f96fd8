/** Arguments that the configuration fixes, or gives a default, for tools of the catalog. Pure. */
import { setArguments } from '#protocol/arguments.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { ServerFacts } from '../processes/servers.ts'

/** The request of a call that came in at the catalog, as its server gets it. */
export function overrideArguments(
  { envelope, target = '' }: Pick<HostCall, 'envelope' | 'target'>,
  body: Uint8Array,
  server: Pick<ServerFacts, 'config'> | undefined,
): Uint8Array {
  if (envelope?.kind !== 'request' || envelope.method !== 'tools/call') return body
  const overrides = server?.config.catalog.tools?.overrides ?? {}
  const rules = Object.hasOwn(overrides, target) ? overrides[target]?.arguments : undefined
  return rules === undefined ? body : setArguments(body, rules)
}
