/** The end of a tenant. */
import { createParts, type TenantEnv, type TenantParts } from './parts.ts'
import type { Change } from './change.ts'

/**
 * Empties the object, and returns the parts of the empty one, and the last version. What stays is the version that a tenant
 * of the same name begins above, since server hosts may remember it, and the row that says who it was. Of a
 * tenant that was removed before nothing changes.
 */
export async function remove(
  ctx: DurableObjectState,
  env: TenantEnv,
  parts: TenantParts,
  change: Change,
): Promise<{ parts: TenantParts; version: number }> {
  const { config } = parts
  const { retired } = config
  if (retired !== undefined) return { parts, version: retired }
  const { version } = config.require()
  await ctx.storage.deleteAlarm()
  await ctx.storage.deleteAll()
  const empty = createParts(ctx, env)
  empty.config.retire(version, change)
  return { parts: empty, version }
}
