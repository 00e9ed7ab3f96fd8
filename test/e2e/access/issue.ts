/** Tokens of the gateway's tenant, with grants. */
import type { Grants } from '#protocol/scopes.ts'
import type { Gateway } from '#test/support/gateway.ts'

export interface Issued {
  token: string
  revoke(): Promise<unknown>
}

export async function issue(
  gateway: Gateway,
  grants: Grants,
  more: { expiresAt?: number } = {},
): Promise<Issued> {
  const { token, info } = await gateway.admin<{ token: string; info: { keyId: string } }>(
    ...(['POST', 'tokens', { name: 'e2e', grants, ...more }] as const),
  )
  return { token, revoke: () => gateway.admin('DELETE', `tokens/${info.keyId}`) }
}
