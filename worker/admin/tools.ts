/** `/admin/tenants/{tenant}/tools`: the definitions of tools that are approved, and what has changed since. */
import { Hono, type Context } from 'hono'
import { ApprovalBody, ToolsQuery } from '#protocol/admin.ts'
import { GatewayError } from '#protocol/errors.ts'
import { repeatWhenLost } from '../durable-call.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { found, requireServerThere } from './found.ts'
import { permit, requireServerName } from './permit.ts'
import { readOptionalBody, readQuery } from './request.ts'

const ALL = '/tenants/:tenant/tools'
const ONE = `${ALL}/:server/:tool/approve`
const MAX_TOOL_CHARS = 2_048

export function createToolRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()
  /** Only of a tenant that exists: a mistyped name must not make a server host. */
  const hostOf = async (tenant: string) => {
    await found(() => deps.tenant(tenant).summary())
    return () => deps.serverHost(tenant)
  }

  routes.get(ALL, permit('tools.get'), async function getTools(c) {
    const { server } = readQuery(c, ToolsQuery)
    if (server !== undefined) await requireServerThere(deps, c.var.tenant, server)
    const host = await hostOf(c.var.tenant)
    const report = await repeatWhenLost(() => host().tools())
    if (server === undefined) return c.json(report)
    const isOf = (one: { server: string }): boolean => one.server === server
    const { tools, findings, ...rest } = report
    return c.json({ ...rest, tools: tools.filter(isOf), findings: findings.filter(isOf) })
  })

  routes.post(ONE, permit('tool.approve'), async function approveTool(c) {
    const { tenant } = c.var
    const server = requireServerName(c)
    const tool = requireTool(c)
    const body = await readOptionalBody(c, ApprovalBody)
    await requireServerThere(deps, tenant, server)
    const host = await hostOf(tenant)
    const asked = { server, tool, ...(body.fingerprint && { fingerprint: body.fingerprint }) }
    const fingerprint = await repeatWhenLost(() => host().approveTool(asked))
    // Again has the same effect, so a row that could not be written is written by the repetition.
    await deps.tenant(tenant).recordApproval({ server, tool, fingerprint }, toActor(deps, c))
    return c.json({ server, tool, fingerprint })
  })

  return routes
}

function requireTool(c: Context<AdminEnv>): string {
  const tool = c.req.param('tool') ?? ''
  if (tool !== '' && tool.length <= MAX_TOOL_CHARS) return tool
  throw new GatewayError('tool_not_found')
}
