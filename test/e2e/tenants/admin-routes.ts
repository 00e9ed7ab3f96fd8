/** Every admin route as a row. The routes are those of docs/admin-openapi.json: one without a row fails. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder } from '#cli/layout.ts'
import type { HTTPRequest } from './ask.ts'
import type { Place } from './canaries.ts'
import type { Asked, Endpoint } from './endpoint.ts'
import type { Kind } from './expected.ts'
import { PRINCIPAL, type Made } from './tenant.ts'
import type { World } from './world.ts'
import { ModernClient } from '#test/support/http-client.ts'

interface Document {
  paths: Record<string, Record<string, { operationId?: string }>>
}

/** `operationId` to method and path. */
export const ROUTES: ReadonlyMap<string, { method: string; path: string }> = readRoutes()

interface Row {
  kind: Kind
  shows?: Place
  headers?: Record<string, string>
  query?: string
  body?: (world: World, asked: Asked) => object
  /** What the path names beside the tenant, and for what ends something a victim of its own. */
  names?: (asked: Asked) => Record<string, string> | Promise<Record<string, string>>
}

const part = { kind: 'part' } as const
const operator = { kind: 'operator' } as const
const SPARE_SERVER = { command: 'node', enabled: false }
let victims = 0

/** By `operationId`, with a word behind it where a route has several rows. */
const ROWS: Record<string, Row> = {
  listTenants: operator,
  createTenant: operator,
  getTenant: part,
  deleteTenant: { ...operator, names: victimTenant },
  drain: { ...operator, names: victimTenant },
  warm: { ...operator, shows: 'server' },
  status: { ...part, shows: 'server' },
  origins: part,

  getServers: { ...part, shows: 'env' },
  putServers: { ...part, body: ({ configs }, { tenant }) => configs[tenant].servers },
  getServer: { ...part, shows: 'env', names: () => ({ server: 'legacy' }) },
  putServer: { ...part, names: () => ({ server: 'spare' }), body: () => SPARE_SERVER },
  deleteServer: { ...part, names: victimServer },
  logs: { ...part, names: () => ({ server: 'legacy' }) },

  getTokens: { ...part, shows: 'token-name' },
  createToken: { ...part, body: () => ({ name: 'made', grants: { scopes: [] } }) },
  rotateToken: { ...part, names: victimToken, body: () => ({ overlapMs: 0 }) },
  revokeToken: { ...part, names: victimToken },

  rewrap: part,
  getSecrets: { ...part, shows: 'secret-name' },
  putSecret: { ...part, names: () => ({ secret: 'SPARE' }), body: () => ({ value: 'spare' }) },
  deleteSecret: { ...part, names: victimSecret('secrets') },

  getSecretsOfPrincipal: { ...part, names: () => ({ principal: PRINCIPAL }) },
  putSecretOfPrincipal: {
    ...{ ...part, names: () => ({ principal: PRINCIPAL, secret: 'SPARE' }) },
    body: () => ({ value: 'spare' }),
  },
  deleteSecretOfPrincipal: { ...part, names: victimSecret(`principals/${PRINCIPAL}/secrets`) },
  'getSecretsOfPrincipal me': { kind: 'me', names: () => ({ principal: 'me' }) },

  getCatalog: part,
  putCatalog: { ...part, body: () => ({}) },
  getTools: { ...part, shows: 'tool', names: shownTool },
  approveTool: { ...part, names: shownTool },
  getRoutes: { ...part, shows: 'tool' },
  putRoutes: { ...part, body: ({ configs }, { tenant }) => configs[tenant].routes },
  getExplanation: { ...part, query: '?name=legacy__tell' },
  getLimits: { ...part, shows: 'limit' },
  putLimits: { ...operator, body: ({ configs }, { tenant }) => configs[tenant].limits },
  getIssuers: { ...operator, shows: 'issuer-name' },
  putIssuers: { ...operator, body: ({ configs }, { tenant }) => configs[tenant].issuers },
  getAudit: { ...part, shows: 'subject' },
  'getAudit lines': {
    ...{ ...part, shows: 'token-name', headers: { Accept: 'application/x-ndjson' } },
  },
}

export const ROWS_BY_OPERATION: ReadonlySet<string> = new Set(Object.keys(ROWS).map(operationOf))

export const ADMIN_ENDPOINTS: Endpoint[] = Object.entries(ROWS).map(([name, row]) => {
  const { kind, shows } = row
  return {
    ...{ name, kind, ...(shows && { shows }) },
    form: operationOf(name) === 'listTenants' ? 'directory' : 'admin',
    toRequest: (asked) => toRequest(operationOf(name), row, asked),
  }
})

function operationOf(name: string): string {
  return name.split(' ')[0] ?? ''
}

async function toRequest(operation: string, row: Row, asked: Asked): Promise<HTTPRequest> {
  const { method, path } = ROUTES.get(operation) ?? { method: 'GET', path: '/nowhere' }
  const names: Record<string, string> = { tenant: asked.pathTenant, ...(await row.names?.(asked)) }
  const body = row.body?.(asked.world, asked)
  return {
    method,
    path: fillIn(path, names) + (row.query ?? ''),
    headers: { 'Content-Type': 'application/json', ...row.headers },
    ...(body && { body: JSON.stringify(body) }),
  }
}

function fillIn(path: string, names: Record<string, string>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? ''))
}

/** What a refused request would end is the tenant's own; who is granted it ends something that is made for it. */
async function victimTenant({ world, pathTenant, isGranted }: Asked) {
  if (!isGranted) return { tenant: pathTenant }
  await world.operator('PUT', 'tenants/victim')
  return { tenant: 'victim' }
}

async function victimServer({ world, tenant, isGranted }: Asked) {
  if (!isGranted) return { server: 'legacy' }
  const server = `victim-${++victims}`
  await world.operator('PUT', `tenants/${tenant}/servers/${server}`, SPARE_SERVER)
  return { server }
}

/** Seen first, so that there is something to approve. */
async function shownTool({ world, tenant, isGranted }: Asked) {
  const names = { server: 'legacy', tool: 'tell' }
  if (!isGranted) return names
  const token = world.tenants[tenant].tokens.own
  const { url } = world.tenants[tenant]
  await new ModernClient({ url: `${url}/mcp`, token }).request('tools/list')
  return names
}

async function victimToken({ world, tenant, isGranted }: Asked) {
  if (!isGranted) return { keyId: world.tenants[tenant].tokens.visitor.info.keyId }
  const asked = { name: 'victim', grants: { scopes: [] } }
  const { info } = await world.operator<Made>('POST', `tenants/${tenant}/tokens`, asked)
  return { keyId: info.keyId }
}

function victimSecret(path: string) {
  return async ({ world, tenant, isGranted }: Asked): Promise<Record<string, string>> => {
    const owner = path.startsWith('principals') ? { principal: PRINCIPAL } : {}
    if (!isGranted) return { ...owner, secret: path === 'secrets' ? 'CANARY' : 'OWN' }
    const secret = `VICTIM_${++victims}`
    await world.operator('PUT', `tenants/${tenant}/${path}/${secret}`, { value: 'victim' })
    return { ...owner, secret }
  }
}

function readRoutes(): Map<string, { method: string; path: string }> {
  const text = readFileSync(join(rootFolder, 'docs', 'admin-openapi.json'), 'utf8')
  const { paths } = JSON.parse(text) as Document
  return new Map(
    Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, { operationId }]) =>
        operationId === undefined
          ? []
          : [[operationId, { method: method.toUpperCase(), path }] as const],
      ),
    ),
  )
}
