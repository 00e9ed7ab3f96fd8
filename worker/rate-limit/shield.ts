/**
 * The shield against floods: Cloudflare's own rate limiting, counted in each of its locations before
 * anything is looked up. Hosted clients send the requests of many users from a few addresses, so a
 * credential that was found good is counted by itself, wherever it comes from. Everything else is counted
 * by its address: a credential that is made up buys nothing. It is generous and not exact; limits that mean
 * something to a tenant are counted elsewhere.
 */
import type { MiddlewareHandler } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import { parseBearer } from '../auth/bearer.ts'
import type { AppEnv, Deps, FloodShield } from '../context.ts'

/** The `period` of the binding in wrangler.toml, which does not tell when it ends. */
export const RETRY_AFTER_MS = 10_000
const IPV6_GROUPS = 8
/** What one subscriber gets: whoever has one address of it has all of them. */
const IPV6_NETWORK_GROUPS = 4

/** Throws `flooding`. What cannot be counted is let through. */
export async function refuseFlood(
  floodShield: FloodShield,
  { headers }: Request,
  { goodCredentials }: Pick<Deps, 'goodCredentials'>,
): Promise<void> {
  const token = parseBearer(headers.get('Authorization'))
  const address = headers.get('CF-Connecting-IP')
  const key =
    (token && goodCredentials.keyOf(token)) ?? (address && `address ${toNetwork(address)}`)
  if (key && (await isFlood(floodShield, key))) {
    throw new GatewayError('flooding', { retryAfterMs: RETRY_AFTER_MS })
  }
}

/** The same for routes that are no MCP endpoints. */
export function shieldFromFloods(
  deps: Pick<Deps, 'floodShield' | 'goodCredentials'>,
): MiddlewareHandler<AppEnv> {
  return async function shieldFromFloods(c, next) {
    if (deps.floodShield !== undefined) await refuseFlood(deps.floodShield, c.req.raw, deps)
    await next()
  }
}

async function isFlood(shield: FloodShield, key: string): Promise<boolean> {
  try {
    return !(await shield.limit({ key })).success
  } catch {
    return false
  }
}

/** An IPv4 address as it is, and the /64 network of an IPv6 address. */
export function toNetwork(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail?.split(':').filter(Boolean) ?? []
  const zeros = tail === undefined ? 0 : IPV6_GROUPS - before.length - after.length
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after]
  const network = groups.slice(0, IPV6_NETWORK_GROUPS).map((group) => group.replace(/^0+(?=.)/, ''))
  return `${network.join(':')}::/64`
}
