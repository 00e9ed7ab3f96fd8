/** Which server hosts a tenant has. Each costs a container, so the operator alone adds one. Pure. */
import { GatewayError } from '#protocol/errors.ts'
import { placementOf, type ServerConfigs } from '#protocol/server-config.ts'
import { MAIN_PLACEMENT } from '#protocol/tenant.ts'

/** Throws `forbidden` where a server would be in a placement that none is in. */
export function requireKnownPlacements(before: ServerConfigs, after: ServerConfigs): void {
  const known = new Set([MAIN_PLACEMENT, ...Object.values(before).map(placementOf), undefined])
  const name = Object.keys(after).find((name) => {
    const server = after[name]
    return server !== undefined && !known.has(placementOf(server))
  })
  if (name === undefined) return
  throw new GatewayError('forbidden', { detail: `${name}.placement: a new one is the operator's` })
}
