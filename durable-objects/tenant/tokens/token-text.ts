/** A token as text: `hearth_{tenant}_{keyId}_{secret}`. */
import { TOKEN } from '#protocol/tenant.ts'
import { randomHex } from '../../random-hex.ts'

export function formatToken(tenant: string, keyId: string, secret: string): string {
  return `hearth_${tenant}_${keyId}_${secret}`
}

/** A new one, from the platform's random numbers. */
export function createTokenText(tenant: string): string {
  return formatToken(tenant, randomHex(4), randomHex(32))
}

/** The key id of a well-formed token of this tenant, else `undefined`. */
export function keyIdOf(tenant: string, token: string): string | undefined {
  const match = TOKEN.exec(token)
  return match?.[1] === tenant ? match[2] : undefined
}
