/**
 * Remote servers at addresses that are not on the public internet. What a URL reaches there, the
 * machine or its network, is the operator's and not the tenant's: the operator alone allows it. Pure.
 */
import { GatewayError } from '#protocol/errors.ts'
import { isPrivateHost } from '#protocol/remote/url.ts'
import { isRemote, type ServerConfig, type ServerConfigs } from '#protocol/server-config.ts'

/** Throws `invalid_config` for a host that is private by what is written. Names are resolved by nobody here. */
export function requirePublicAddresses(servers: ServerConfigs): void {
  for (const [name, server] of Object.entries(servers)) {
    if (!isRemote(server) || server.allowPrivate || !isPrivateHost(new URL(server.url))) continue
    const { hostname } = new URL(server.url)
    const detail = `${name}.url: ${hostname} is not on the public internet, and allowPrivate is not set`
    throw new GatewayError('invalid_config', { detail })
  }
}

/** Throws `forbidden` where a private address would be allowed that was not: another URL, or another way to it. */
export function requireSameAllowance(before: ServerConfigs, after: ServerConfigs): void {
  const name = Object.keys(after).find((name) => {
    const allowed = allowanceOf(after[name])
    const had = Object.hasOwn(before, name) ? allowanceOf(before[name]) : undefined
    return allowed !== undefined && allowed !== had
  })
  if (name === undefined) return
  throw new GatewayError('forbidden', { detail: `${name}.allowPrivate: the operator's alone` })
}

function allowanceOf(server: ServerConfig | undefined): string | undefined {
  if (server === undefined || !isRemote(server) || !server.allowPrivate) return undefined
  return `${server.via} ${server.url}`
}
