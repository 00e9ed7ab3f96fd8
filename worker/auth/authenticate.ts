/** Whose a token is. Methods are tried by the form of the token: Hearth's own, then JWT. */
import { GatewayError } from '#protocol/errors.ts'
import type { Trust, Verdict } from '#protocol/tenant.ts'
import type { Deps } from '../context.ts'
import { isLost, isOverloaded, repeatWhenLost, toStorageFault } from '../durable-call.ts'
import { isOwnToken, parseToken } from './bearer.ts'
import type { ClaimsFault, Identity } from './claims.ts'
import { audiencesOf, resourceURL, type Resource } from './resource.ts'
import { verifyJWT } from './verify-jwt.ts'

const RETRY_AFTER_MS = 1000

export type AuthDeps = Pick<
  Deps,
  'tenant' | 'knownTenants' | 'room' | 'verdicts' | 'trusts' | 'keySets'
>

/** `refused` is for the client: it says no more than the holder of the token may know. */
export type Authentication = { verdict: Verdict } | { refused: string }

const UNKNOWN = 'the token is unknown, has expired or was revoked'
const FAULTS: Record<ClaimsFault, string> = {
  wrong_issuer: UNKNOWN,
  wrong_audience: 'the token is for another audience',
  expired: 'the token has expired',
  not_yet_valid: 'the token is not valid yet',
  claim_missing: 'the token lacks a claim that is required',
  no_principal: 'the token does not say who it is for',
}

/** What is known of a token without asking anybody; `undefined` where that is nothing. */
export function recall(
  { verdicts }: Pick<AuthDeps, 'verdicts'>,
  token: string,
  resource: Resource | undefined,
  now: number,
): Authentication | undefined {
  const known = verdicts.get(toKey(token, resource), now)
  if (known === undefined) return undefined
  const { verdict } = known
  // Another tenant's token is as unknown here as one that nobody has.
  const isElsewhere = resource !== undefined && verdict?.tenant !== resource.tenant
  return verdict === undefined || isElsewhere ? { refused: UNKNOWN } : { verdict }
}

/**
 * `resource` is what the path asks for; without one there is no tenant whose issuers could be asked
 * about a JWT. Throws `not_ready` when neither the answer nor the objects that have it can be had.
 */
export async function authenticate(
  deps: AuthDeps,
  token: string,
  resource: Resource | undefined,
  now: number,
): Promise<Authentication> {
  const known = recall(deps, token, resource, now)
  if (known !== undefined) return known
  if (isOwnToken(token)) return authenticateToken(deps, token, resource, now)
  return resource === undefined ? { refused: UNKNOWN } : authenticateJWT(deps, token, resource, now)
}

/** What a JWT is worth depends on what is asked for. Neither part has a space in it. */
function toKey(token: string, resource: Resource | undefined): string {
  return resource === undefined || isOwnToken(token) ? token : `${resourceURL(resource)} ${token}`
}

/** What the tenant trusts, and since when that is known; `value` is `undefined` for no tenant. */
export async function trustOf(
  { tenant, knownTenants, trusts }: Pick<AuthDeps, 'tenant' | 'knownTenants' | 'trusts'>,
  name: string,
  now: number,
): Promise<{ value: Trust | undefined; askedAt: number }> {
  const known = trusts.get(name, now)
  if (known !== undefined) return known
  const isThere = await ask(() => knownTenants.has(name, now))
  const value = isThere ? await ask(() => tenant(name).trust()) : undefined
  trusts.put(name, name, value, now)
  return { value, askedAt: now }
}

async function authenticateToken(
  { tenant, knownTenants, room, verdicts }: AuthDeps,
  token: string,
  resource: Resource | undefined,
  now: number,
): Promise<Authentication> {
  const parts = parseToken(token)
  if (parts === undefined) return { refused: UNKNOWN }
  // Another tenant's token is as unknown here as one that nobody has.
  if (resource !== undefined && parts.tenant !== resource.tenant) return { refused: UNKNOWN }
  if (!(await ask(() => knownTenants.has(parts.tenant, now)))) return { refused: UNKNOWN }
  const { keyId, secret } = parts
  const authenticate = (keepsNothing: boolean) => () =>
    tenant(parts.tenant).authenticate(keyId, secret, keepsNothing)
  const isKnownFull = await room.isFull(now)
  const verdict = await repeatWhenLost(authenticate(isKnownFull))
    // When it was used is nothing that a caller has to wait for.
    .catch((error: unknown) =>
      room.noteFailure(error, now) ? authenticate(true)() : Promise.reject(error),
    )
    .catch(refuse)
  verdicts.put(token, parts.tenant, verdict, now)
  return verdict === undefined ? { refused: UNKNOWN } : { verdict }
}

/** Refusals are not kept: anybody can make up tokens of any length, and the next one differs. */
async function authenticateJWT(
  deps: AuthDeps,
  token: string,
  resource: Resource,
  now: number,
): Promise<Authentication> {
  const { value: trust, askedAt } = await trustOf(deps, resource.tenant, now)
  if (trust === undefined) return { refused: UNKNOWN }
  const { issuers } = trust
  const audiences = audiencesOf(resource)
  const outcome = await verifyJWT({ token, issuers, audiences, now }, deps.keySets)
  if (outcome.kind === 'unavailable') throw notReady(new Error(outcome.why))
  if (outcome.kind === 'invalid')
    return { refused: outcome.fault ? FAULTS[outcome.fault] : UNKNOWN }
  const verdict = toVerdict(outcome.identity, resource.tenant, trust)
  // From when the issuers were told, so that one that was removed is forgotten in time.
  deps.verdicts.put(toKey(token, resource), resource.tenant, verdict, askedAt)
  return { verdict }
}

function toVerdict(identity: Identity, tenant: string, { policy }: Trust): Verdict {
  const { principal, grants, expiresAt } = identity
  return { tenant, principal, credential: principal, grants, expiresAt, policy }
}

async function ask<T>(call: () => Promise<T>): Promise<T> {
  return repeatWhenLost(call).catch(refuse)
}

function refuse(error: unknown): never {
  const isPassing = isLost(error) || isOverloaded(error)
  throw toStorageFault(error) ?? (isPassing ? notReady(error) : error)
}

function notReady(cause: unknown): GatewayError {
  return new GatewayError('not_ready', { cause, retryAfterMs: RETRY_AFTER_MS })
}
