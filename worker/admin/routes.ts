/** `/admin/tenants/{tenant}/…`: the control plane. Behind `requireAdmin`. */
import { Hono } from 'hono'
import * as z from 'zod'
import { GatewayError, type ErrorCode } from '#protocol/errors.ts'
import { ServerConfigs } from '#protocol/server-config.ts'
import { DEFAULT_PLACEMENT, TENANT_NAME, TOKEN, type TenantStub } from '#protocol/tenant.ts'
import { readJSONBody } from '../body.ts'
import type { AppEnv, Deps } from '../context.ts'

const MAX_BODY_BYTES = 2 * 1024 * 1024
const MAX_ISSUES = 5

const NewToken = z.strictObject({
  name: z.string().min(1).max(100),
  /** Registers this one, which the caller made. */
  token: z.string().regex(TOKEN).optional(),
})

type AdminDeps = Pick<Deps, 'tenant' | 'serverHost' | 'verdicts'>

export function createAdminRoutes(deps: AdminDeps): Hono<AppEnv> {
  const admin = new Hono<AppEnv>()
  const hostOf = (tenant: string) => deps.serverHost(tenant, DEFAULT_PLACEMENT)

  admin.put('/tenants/:tenant/servers', async function putServers(c) {
    const tenant = requireTenantName(c.req.param('tenant'))
    const { value } = await readJSONBody(c.req.raw, MAX_BODY_BYTES)
    const version = await deps
      .tenant(tenant)
      .putServers(parse(ServerConfigs, value, 'invalid_config'))
    deps.verdicts.forget(tenant)
    return c.json({ version })
  })

  admin.post('/tenants/:tenant/tokens', async function addToken(c) {
    const tenant = requireTenantName(c.req.param('tenant'))
    const { value } = await readJSONBody(c.req.raw, MAX_BODY_BYTES)
    const { name, token } = parse(NewToken, value, 'invalid_params')
    const whole = await deps.tenant(tenant).addToken(name, token)
    deps.verdicts.forget(tenant)
    return c.json({ token: whole }, 200, { 'Cache-Control': 'no-store' })
  })

  admin.post('/tenants/:tenant/drain', async function drain(c) {
    const tenant = requireTenantName(c.req.param('tenant'))
    await requireConfigured(deps.tenant(tenant))
    await hostOf(tenant).drain()
    return c.json({ drained: true })
  })

  admin.post('/tenants/:tenant/warm', async function warm(c) {
    const tenant = requireTenantName(c.req.param('tenant'))
    await requireConfigured(deps.tenant(tenant))
    return c.json(await hostOf(tenant).warm())
  })

  return admin
}

function requireTenantName(name: string): string {
  if (!TENANT_NAME.test(name)) throw new GatewayError('tenant_not_found')
  return name
}

/** Keeps a mistyped name from making a server host. */
async function requireConfigured(tenant: TenantStub): Promise<void> {
  if ((await tenant.config()) === undefined) throw new GatewayError('tenant_not_found')
}

/** The detail names paths and what was expected, never a value: it may be a secret. */
function parse<T extends z.ZodType>(schema: T, value: unknown, code: ErrorCode): z.infer<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const { issues } = result.error
  const shown = issues.slice(0, MAX_ISSUES).map(({ path, message }) => {
    return path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`
  })
  if (issues.length > MAX_ISSUES) shown.push(`and ${issues.length - MAX_ISSUES} more`)
  throw new GatewayError(code, { detail: shown.join('; ') })
}
