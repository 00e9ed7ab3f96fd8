/** What a change ends in the server host of its tenant. */
import { repeatWhenLost } from '../durable-call.ts'
import type { AdminDeps } from './admin-env.ts'

/** What the credential opened; `jwt:{issuer}` stands for each of the issuer's. `at`: not before that time. */
export function endCredential(
  { serverHost }: AdminDeps,
  tenant: string,
  credential: string,
  at?: number,
): Promise<void> {
  return repeatWhenLost(() => serverHost(tenant).endCredential(credential, at))
}
