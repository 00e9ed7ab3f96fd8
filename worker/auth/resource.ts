/** What a token is for: an endpoint or a tenant, by its canonical URL (RFC 8707, RFC 9728). Pure. */
import { CATALOG } from '#protocol/catalog.ts'
import { SERVER_NAME } from '#protocol/server-config.ts'
import { TENANT_NAME } from '#protocol/tenant.ts'

export const METADATA_PATH = '/.well-known/oauth-protected-resource'

export interface Resource {
  /** Of the gateway, without a slash at the end. */
  origin: string
  tenant: string
  /** `CATALOG` for all of them as one. Absent: the tenant itself. */
  server?: string
}

/** `undefined` for a name that no tenant has. A server that can be none is not found later: its tenant stands for it. */
export function toResource(
  origin: string,
  tenant: string,
  server: string | undefined,
): Resource | undefined {
  if (!TENANT_NAME.test(tenant)) return undefined
  const isEndpoint = server === CATALOG || (server !== undefined && SERVER_NAME.test(server))
  return isEndpoint ? { origin, tenant, server } : { origin, tenant }
}

export function tenantURL({ origin, tenant }: Resource): string {
  return `${origin}/t/${tenant}`
}

export function resourceURL(resource: Resource): string {
  return `${resource.origin}${pathOf(resource)}`
}

/** Where its metadata is: path-inserted (RFC 9728, section 3.1). */
export function metadataURL(resource: Resource): string {
  return `${resource.origin}${METADATA_PATH}${pathOf(resource)}`
}

/** A token for the tenant is one for each of its endpoints. */
export function audiencesOf(resource: Resource): string[] {
  return resource.server === undefined
    ? [tenantURL(resource)]
    : [resourceURL(resource), tenantURL(resource)]
}

/** What grants the resource whole. It names nothing that the URL does not, so it reveals no server. */
export function scopesOf({ server }: Resource): string[] {
  return [server === undefined || server === CATALOG ? '*' : `servers:${server}`]
}

/** RFC 9728, section 2. */
export interface ResourceMetadata {
  resource: string
  authorization_servers: string[]
  bearer_methods_supported: ['header']
  scopes_supported: string[]
}

export function toMetadata(resource: Resource, authorizationServers: string[]): ResourceMetadata {
  return {
    resource: resourceURL(resource),
    authorization_servers: authorizationServers,
    bearer_methods_supported: ['header'],
    scopes_supported: scopesOf(resource),
  }
}

function pathOf({ tenant, server }: Resource): string {
  if (server === undefined) return `/t/${tenant}`
  return server === CATALOG ? `/t/${tenant}/mcp` : `/t/${tenant}/mcp/${server}`
}
