/** What an object answers to a question about a tenant that does not exist is nothing. */
import { GatewayError } from '#protocol/errors.ts'
import { repeatWhenLost } from '../durable-call.ts'
import type { AdminDeps } from './admin-env.ts'

/** Asks, twice when the object was lost. Throws `tenant_not_found`. */
export async function found<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const answer = await repeatWhenLost(ask)
  if (answer === undefined) throw new GatewayError('tenant_not_found')
  return answer
}

/** This isolate sees a change at once; others within the life of what they keep. */
export function forget({ verdicts, trusts, catalogNames }: AdminDeps, tenant: string): void {
  verdicts.forget(tenant)
  catalogNames.forget(tenant)
  trusts.forget(tenant)
}
