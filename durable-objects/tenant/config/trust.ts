/** Issuers with the keys that their JWTs are checked with. */
import { GatewayError } from '#protocol/errors.ts'
import type { Issuer, Issuers } from '#protocol/issuers.ts'
import type { TrustedIssuer } from '#protocol/tenant.ts'

/** `undefined` for one that is not set; throws `secret_unusable`. */
export type ReadSecret = (name: string) => Promise<string | undefined>

export interface Trusting {
  trusted: TrustedIssuer[]
  /** Names of the issuers whose secret is not there: their JWTs are refused, as anybody's. */
  withoutSecret: string[]
}

export async function resolveIssuers(issuers: Issuers, read: ReadSecret): Promise<Trusting> {
  const resolved = await Promise.all(issuers.map((issuer) => resolveIssuer(issuer, read)))
  const trusted = resolved.filter((issuer) => issuer !== undefined)
  const names = new Set(trusted.map(({ name }) => name))
  const others = issuers.filter(({ name }) => !names.has(name))
  return { trusted, withoutSecret: others.map(({ name }) => name) }
}

async function resolveIssuer(issuer: Issuer, read: ReadSecret): Promise<TrustedIssuer | undefined> {
  const { keys, ...claims } = issuer
  if (!('secret' in keys)) return { ...claims, keys }
  const value = await read(keys.secret).catch(toAbsent)
  return value === undefined ? undefined : { ...claims, keys: { value } }
}

/** One secret that does not decrypt must not refuse the JWTs of all issuers. */
function toAbsent(error: unknown): undefined {
  if (!GatewayError.is(error)) throw error
}
