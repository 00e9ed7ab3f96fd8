/** `/admin/tenants/{tenant}/secrets`, and the same of one principal. Values go in, and never come out. */
import { Hono } from 'hono'
import { SecretBody } from '#protocol/admin.ts'
import { toActor } from './actor.ts'
import type { AdminDeps, AdminEnv } from './admin-env.ts'
import { forget, found } from './found.ts'
import { permit, principalOf, requireSecretName } from './permit.ts'
import { readBody } from './request.ts'

const TENANT = '/tenants/:tenant'
/** Whose secrets: the tenant's, and a principal's (`me`: the caller's). */
const OWNERS = [TENANT, `${TENANT}/principals/:principal`]

export function createSecretRoutes(deps: AdminDeps): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>()

  routes.post(`${TENANT}/secrets/rewrap`, permit('secrets.rewrap'), async function rewrap(c) {
    return c.json(await deps.tenant(c.var.tenant).rewrapSecrets(toActor(deps, c)))
  })

  for (const owner of OWNERS) {
    const one = `${owner}/secrets/:secret`

    routes.get(`${owner}/secrets`, permit('secrets.get'), async function getSecrets(c) {
      const principal = principalOf(c)
      return c.json({ secrets: await found(() => deps.tenant(c.var.tenant).secrets(principal)) })
    })

    routes.put(one, permit('secret.put'), async function putSecret(c) {
      const { tenant } = c.var
      // The name is checked where it is stored, which says what a name is.
      const name = c.req.param('secret') ?? ''
      const { value } = await readBody(c, SecretBody)
      const secret = { name, value, ...toOwner(principalOf(c)) }
      const info = await deps.tenant(tenant).putSecret(secret, toActor(deps, c))
      forget(deps, tenant)
      return c.json(info)
    })

    routes.delete(one, permit('secret.delete'), async function deleteSecret(c) {
      const { tenant } = c.var
      const secret = { name: requireSecretName(c), ...toOwner(principalOf(c)) }
      await deps.tenant(tenant).deleteSecret(secret, toActor(deps, c))
      forget(deps, tenant)
      return c.json({ deleted: true })
    })
  }

  return routes
}

function toOwner(principal: string | undefined): { principal?: string } {
  return principal === undefined ? {} : { principal }
}
