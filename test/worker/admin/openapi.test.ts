import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { toOpenAPI } from '#cli/openapi/document.ts'
import { OPERATIONS } from '#cli/openapi/operations.ts'
import { decide, type Action } from '#worker/admin/permissions.ts'
import { createFakes, VERDICT } from '../fake-deps.ts'

const written = readFileSync(join(rootFolder, 'docs', 'admin-openapi.json'), 'utf8')

test('docs/admin-openapi.json is what `npm run schema` writes', async () => {
  expect(written).toBe(await toOpenAPI())
})

test('every admin route is in the document, and every route of the document is there', () => {
  const served = createFakes()
    .app.routes.filter(({ path, method }) => path.startsWith('/admin/') && method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
  const { paths } = JSON.parse(written) as { paths: Record<string, object> }
  const documented = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => key !== 'parameters')
      .map((method) => `${method.toUpperCase()} ${path}`),
  )

  expect([...new Set(served)].toSorted()).toEqual(documented.toSorted())
})

test('every reference of the document leads to a schema', () => {
  const { components } = JSON.parse(written) as { components: { schemas: object } }
  const targets = [...written.matchAll(/"\$ref": "#\/components\/schemas\/(\w+)"/g)]

  expect(targets.length).toBeGreaterThan(50)
  for (const [, name = ''] of targets) expect(components.schemas).toHaveProperty(name)
})

/** Handlers by the action that each asks permission for. */
const ACTIONS: Record<string, Action> = {
  ...{ listTenants: 'tenants.list', createTenant: 'tenant.create', getTenant: 'tenant.get' },
  ...{ deleteTenant: 'tenant.delete', drain: 'tenant.drain', warm: 'tenant.warm' },
  ...{ origins: 'origins.get', status: 'status.get', logs: 'console.get' },
  ...{ getServers: 'servers.get', putServers: 'servers.put', getServer: 'server.get' },
  ...{ putServer: 'server.put', deleteServer: 'server.delete', getTokens: 'tokens.get' },
  ...{ createToken: 'token.create', rotateToken: 'token.rotate', revokeToken: 'token.revoke' },
  ...{ getSecrets: 'secrets.get', putSecret: 'secret.put', deleteSecret: 'secret.delete' },
  ...{ getCatalog: 'catalog.get', putCatalog: 'catalog.put', getRoutes: 'routes.get' },
  ...{ getTools: 'tools.get', approveTool: 'tool.approve' },
  ...{ putRoutes: 'routes.put', getExplanation: 'explain.get' },
  ...{ rewrap: 'secrets.rewrap', getLimits: 'limits.get', putLimits: 'limits.put' },
  ...{ getIssuers: 'issuers.get', putIssuers: 'issuers.put', getAudit: 'audit.get' },
}

test.each(OPERATIONS.map((each) => [`${each.method} ${each.path}`, each] as const))(
  'the scopes that the document names for %s are those that are asked for',
  (_, { id, path, scopes }) => {
    const action = ACTIONS[id]!
    const isOwn = path.includes('{principal}')
    const known = [
      'admin:servers',
      'admin:tokens',
      'admin:secrets',
      'admin:audit',
      'secrets',
      'run',
    ]
    const enough = known.filter((scope) => {
      const verdict = { ...VERDICT, grants: { scopes: [scope] } }
      const attempt = { action, tenant: 'acme', ...(isOwn && { principal: verdict.principal }) }
      return decide({ isOperator: false, verdict }, attempt).isAllowed
    })

    expect(enough).toEqual(scopes)
  },
)
