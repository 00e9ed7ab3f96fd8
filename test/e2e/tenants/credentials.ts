/** Each credential of the matrix as the `Authorization` that one tenant is asked with. */
import { createHmac, KeyObject, randomBytes, sign as signBytes, type webcrypto } from 'node:crypto'
import { createSigner, encodePart, sign } from '#test/worker/auth/issuing.ts'
import type { CredentialName } from './expected.ts'
import {
  claimsOf,
  ELSEWHERE,
  issOf,
  KEY_ID,
  signFor,
  type Tenant,
  type TenantName,
} from './tenant.ts'

const AN_HOUR_AGO = -3600
export const MADE_UP_SECRET = randomBytes(32).toString('hex')

export async function issueCredentials(
  tenant: Tenant,
  other: Tenant,
  adminToken: string,
): Promise<Record<CredentialName, string | undefined>> {
  const { tokens, name } = tenant
  const bearers = {
    ...{ 'own token': tokens.own, 'token of another scope': tokens.visitor.token },
    ...{ 'token without scopes': tokens.empty.token, 'expired token': tokens.expiring.token },
    ...{ 'revoked token': tokens.revoked.token, 'rotated token': tokens.rotated.token },
    ...{ "other's token": other.tokens.own, "operator's token": adminToken },
    "other's secret under own key id": rename(other.tokens.own, other.name, name),
    'token that was never issued': `hearth_${name}_${randomBytes(4).toString('hex')}_${MADE_UP_SECRET}`,
    'own key id with a made-up secret': `hearth_${name}_${KEY_ID}_${MADE_UP_SECRET}`,
    ...(await ownJWTs(tenant, other)),
    ...(await foreignJWTs(tenant, other)),
  }
  return {
    none: undefined,
    'a header without a token': 'Bearer',
    'own token in another scheme': `Basic ${tokens.own}`,
    'own token twice': `Bearer ${tokens.own}, Bearer ${tokens.own}`,
    ...mapValues(bearers, (token) => `Bearer ${token}`),
  }
}

async function ownJWTs(tenant: Tenant, other: Tenant) {
  const exp = Math.floor(Date.now() / 1000) + AN_HOUR_AGO
  return {
    'own JWT': await signFor(tenant, 'signer'),
    'own JWT of the announced issuer': await signFor(tenant, 'announced'),
    'own JWT by HS256': await signFor(tenant, 'hmac'),
    'JWT of another scope': await signFor(tenant, 'signer', { scope: ELSEWHERE.join(' ') }),
    'expired JWT': await signFor(tenant, 'signer', { exp }),
    'JWT of a removed issuer': await signFor(tenant, 'removed'),
    'JWT for another endpoint': await signFor(tenant, 'signer', {
      aud: `${tenant.url}/mcp/elsewhere`,
    }),
    'JWT for the other tenant': await signFor(tenant, 'signer', { aud: other.url }),
    'JWT of RS512': signRS512(tenant),
  }
}

async function foreignJWTs(tenant: Tenant, other: Tenant) {
  const claims = claimsOf(tenant, { iss: issOf(tenant).signer })
  const stranger = await createSigner('RS256', 'same-kid')
  const [none, hs256] = ['none', 'HS256'].map((alg) => {
    return `${encodePart({ alg, kid: 'same-kid' })}.${encodePart(claims)}`
  })
  const mac = createHmac('sha256', tenant.signer.pem)
    .update(hs256 ?? '')
    .digest('base64url')
  return {
    'JWT of alg none': `${none}.`,
    'JWT of HS256 under the public key': `${hs256}.${mac}`,
    'JWT under a made-up key': await sign(stranger, claims, { kid: 'same-kid' }),
    "other's JWT": await signFor(other, 'signer'),
    // By issuers that both tenants know under one name, of one subject.
    "other's JWT for this tenant": await signFor(other, 'announced', { aud: tenant.url }),
    "other's JWT by HS256 for this tenant": await signFor(other, 'hmac', { aud: tenant.url }),
  }
}

/** The right key, and an algorithm that the issuer does not list. */
function signRS512(tenant: Tenant): string {
  const claims = claimsOf(tenant, { iss: issOf(tenant).signer })
  const signed = `${encodePart({ alg: 'RS512', kid: 'same-kid' })}.${encodePart(claims)}`
  const key = KeyObject.from(tenant.signer.key as webcrypto.CryptoKey)
  return `${signed}.${signBytes('RSA-SHA512', Buffer.from(signed), key).toString('base64url')}`
}

function rename(token: string, from: TenantName, to: TenantName): string {
  return token.replace(`hearth_${from}_`, `hearth_${to}_`)
}

function mapValues<K extends string>(
  values: Record<K, string>,
  change: (value: string) => string,
): Record<K, string> {
  const entries = Object.entries<string>(values).map(([key, value]) => [key, change(value)])
  return Object.fromEntries(entries) as Record<K, string>
}
