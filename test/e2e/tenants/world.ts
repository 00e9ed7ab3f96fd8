/** A gateway with two tenants that have the same names for everything, and what each is asked with. */
import type { AuditEvent, Page } from '#protocol/tenant.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { connectSSE, type SSEClient } from '#test/support/sse-client.ts'
import { startJWKSServer } from '#test/worker/auth/jwks-server.ts'
import { canariesOf, type Canary } from './canaries.ts'
import { issueCredentials } from './credentials.ts'
import { CREDENTIAL_NAMES, CREDENTIALS, type CredentialName } from './expected.ts'
import {
  configOf,
  makeTenant,
  planTenant,
  type Operator,
  type Tenant,
  type TenantConfig,
  type TenantName,
} from './tenant.ts'

/** Servers on which each member has a session; `catalog` stands for all of them as one. */
export const SESSION_SERVERS = ['legacy', 'modern', 'catalog'] as const
export type SessionServer = (typeof SESSION_SERVERS)[number]

export function endpointOf(server: string): string {
  return server === 'catalog' ? '/mcp' : `/mcp/${server}`
}
/** Of a token that is used, and then expires while the world is made. */
const EXPIRES_AFTER_MS = 3_000
const SECRET_CHARS = 43

type ByTenant<T> = Record<TenantName, T>
type Sessions = Partial<Record<CredentialName, Record<SessionServer, string>>>

export interface World {
  gateway: Gateway
  operator: Operator
  tenants: ByTenant<Tenant>
  /** `Authorization` as the tenant is asked with it. */
  headers: ByTenant<Record<CredentialName, string | undefined>>
  /** Of the members. */
  sessions: ByTenant<Sessions>
  /** Of the members, over HTTP+SSE on `legacy`. */
  streams: ByTenant<Partial<Record<CredentialName, SSEClient>>>
  canaries: ByTenant<Canary[]>
  configs: ByTenant<TenantConfig>
  stop(): Promise<void>
}

export function otherOf(name: TenantName): TenantName {
  return name === 'alpha' ? 'beta' : 'alpha'
}

export async function startWorld(): Promise<World> {
  const gateway = await startGateway({ servers: {}, logLevel: 'debug' })
  const operator = createOperator(gateway)
  const plans = {
    alpha: await planTenant(gateway.url, 'alpha', true),
    beta: await planTenant(gateway.url, 'beta', false),
  }
  const jwks = await startJWKSServer([plans.alpha.announced.jwk])
  const jwksURL = `${jwks.url}?${plans.alpha.text('env')}`
  const given = { jwksURL, expiresAt: Date.now() + EXPIRES_AFTER_MS }
  const tenants = {
    alpha: await makeTenant(operator, plans.alpha, given),
    beta: await makeTenant(operator, plans.beta, given),
  }
  const { alpha, beta } = tenants
  const headers = {
    alpha: await issueCredentials(alpha, beta, gateway.adminToken),
    beta: await issueCredentials(beta, alpha, gateway.adminToken),
  }
  const world: World = {
    ...{ gateway, operator, tenants, headers },
    sessions: { alpha: {}, beta: {} },
    streams: { alpha: {}, beta: {} },
    canaries: { alpha: [], beta: [] },
    configs: { alpha: configOf(alpha, jwksURL), beta: configOf(beta, jwksURL) },
    async stop() {
      await gateway.stop()
      await jwks[Symbol.asyncDispose]()
    },
  }
  // First of all: a token is about to expire.
  for (const tenant of [alpha, beta]) await endSome(world, tenant)
  for (const tenant of [alpha, beta]) {
    await operator('POST', `tenants/${tenant.name}/warm`)
    world.sessions[tenant.name] = await openSessions(world, tenant)
    world.streams[tenant.name] = await openStreams(world, tenant)
    world.canaries[tenant.name] = await collectCanaries(world, tenant)
  }
  await waitUntil(() => Date.now() >= given.expiresAt, 'time stands still')
  return world
}

export function bearerOf(world: World, tenant: TenantName, credential: CredentialName): string {
  return world.headers[tenant][credential]?.replace('Bearer ', '') ?? ''
}

export const isMember = (credential: CredentialName): boolean =>
  CREDENTIALS[credential].tenant === 'member'

function createOperator({ url, adminToken }: Gateway): Operator {
  return async <T>(method: string, path: string, body?: object) => {
    const response = await fetch(`${url}/admin/${path}`, {
      method,
      headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as T
  }
}

/** Credentials that are refused once they have ended, after they were taken: isolates knew them as good. */
async function endSome(world: World, tenant: Tenant): Promise<void> {
  const { operator } = world
  const { name, url, tokens } = tenant
  const at = `tenants/${name}`
  const ending = [
    'revoked token',
    'rotated token',
    'JWT of a removed issuer',
    'expired token',
  ] as const
  const use = async (credential: CredentialName) => {
    const headers = { Authorization: world.headers[name][credential] ?? '' }
    const { status } = await fetch(`${url}/ready`, { headers })
    if (status === 401) throw new Error(`${credential} was not taken`)
  }
  for (const credential of ending) await use(credential)
  await operator('DELETE', `${at}/tokens/${tokens.revoked.info.keyId}`)
  await operator('POST', `${at}/tokens/${tokens.rotated.info.keyId}/rotate`, { overlapMs: 0 })
  await operator('PUT', `${at}/issuers`, world.configs[name].issuers)
  await use('expired token')
}

async function openSessions(world: World, { name, url }: Tenant): Promise<Sessions> {
  const sessions: Sessions = {}
  for (const credential of CREDENTIAL_NAMES.filter(isMember)) {
    const token = bearerOf(world, name, credential)
    const opened = SESSION_SERVERS.map(async (server) => {
      const { sessionId } = await initialize({ url: `${url}${endpointOf(server)}`, token })
      return [server, sessionId] as const
    })
    sessions[credential] = Object.fromEntries(await Promise.all(opened)) as Record<
      SessionServer,
      string
    >
  }
  return sessions
}

async function openStreams(
  world: World,
  { name, url }: Tenant,
): Promise<World['streams'][TenantName]> {
  const streams: World['streams'][TenantName] = {}
  for (const credential of CREDENTIAL_NAMES.filter(isMember)) {
    const token = bearerOf(world, name, credential)
    streams[credential] = await connectSSE({ url: `${url}/sse/legacy`, token })
  }
  return streams
}

/** Those that stand in the configuration, and those that the gateway made up or a test signed. */
async function collectCanaries(world: World, tenant: Tenant): Promise<Canary[]> {
  const { name, tokens } = tenant
  const { items } = await world.operator<Page<AuditEvent>>(
    'GET',
    `tenants/${name}/audit?limit=1000`,
  )
  const { own: _, ...others } = tokens
  const named = (kind: string, texts: string[], isSecret = false): Canary[] =>
    texts.map((text, n) => ({ name: `${name}: ${kind} ${n}`, text, isSecret }))
  const keyIds = Object.values(others).map(({ info }) => info.keyId)
  const credentials = Object.entries(world.headers[name])
    .filter((entry): entry is [string, string] => entry[1]?.includes(' ') === true)
    .map(([credential, header]) => {
      return { name: `${name}: ${credential}`, text: header.slice(-SECRET_CHARS), isSecret: true }
    })
  return [
    ...canariesOf(name),
    ...credentials,
    ...named(
      'key id',
      keyIds.flatMap((keyId) => [`"${keyId}"`, `token:${keyId}`]),
    ),
    ...named(
      'request id',
      items.map(({ actor }) => actor.requestId),
    ),
    ...named('session', [
      ...Object.values(world.sessions[name]).flatMap((each) => Object.values(each)),
      ...Object.values(world.streams[name]).map(({ sessionId }) => sessionId),
    ]),
  ]
}
