/** `/admin/tenants/{tenant}/tokens`. A whole token is in one answer, and never again. */
import { Hono } from 'hono'
import { NewTokenBody, RotateBody } from '#protocol/admin.ts'
import { toActor, withinOf } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { endCredential } from './ending.ts'
import { forget, found } from './found.ts'
import { permit, requireKeyId } from './permit.ts'
import { readBody, readOptionalBody } from './request.ts'

const ALL = '/tenants/:tenant/tokens'
const ONE = `${ALL}/:keyId`

export function createTokenRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  /** Ends what the token opened, now or at that time; this isolate knows of it at once. */
  const end = async (tenant: string, keyId: string, at?: number): Promise<void> => {
    forget(deps, tenant)
    await endCredential(deps, tenant, `token:${keyId}`, at)
  }

  routes.get(ALL, permit('tokens.get'), async function getTokens(c) {
    return c.json({ tokens: await found(() => deps.tenant(c.var.tenant).tokens()) })
  })

  routes.post(ALL, permit('token.create'), async function createToken(c) {
    const { tenant } = c.var
    const body = await readBody(c, NewTokenBody)
    const made = await deps.tenant(tenant).createToken(body, toActor(deps, c), withinOf(c))
    forget(deps, tenant)
    return c.json(made)
  })

  routes.post(`${ONE}/rotate`, permit('token.rotate'), async function rotateToken(c) {
    const { tenant } = c.var
    const keyId = requireKeyId(c)
    const { overlapMs } = await readOptionalBody(c, RotateBody)
    const actor = toActor(deps, c)
    const made = await deps.tenant(tenant).rotateToken(keyId, overlapMs, actor, withinOf(c))
    await end(tenant, keyId, made.old.expiresAt)
    return c.json(made)
  })

  routes.delete(ONE, permit('token.revoke'), async function revokeToken(c) {
    const { tenant } = c.var
    const keyId = requireKeyId(c)
    const info = await deps.tenant(tenant).revokeToken(keyId, toActor(deps, c))
    await end(tenant, keyId)
    return c.json(info)
  })

  return routes
}
