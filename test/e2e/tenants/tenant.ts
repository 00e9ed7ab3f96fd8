/** One tenant with everything that a tenant can have, a canary in each place, and every credential. */
import { randomBytes } from 'node:crypto'
import { fixture } from '#test/support/fixture-server.ts'
import { createSigner, sign, type PublicSigner, type Signer } from '#test/worker/auth/issuing.ts'
import { textOf, type Place } from './canaries.ts'

/** As the operator. Throws what is no success. */
export type Operator = <T = unknown>(method: string, path: string, body?: object) => Promise<T>

export type TenantName = 'alpha' | 'beta'

/** Both tenants have a token of this key id: their principals have one name. */
export const KEY_ID = '0a11ce00'
export const PRINCIPAL = `token:${KEY_ID}`
/** Both trust these, by keys of their own. */
export const ANNOUNCED_ISSUER = 'https://issuer.example/realm'
const HMAC_ISSUER = 'app'
const REMOVED_ISSUER = 'removed'
const ALL = ['*', 'admin', 'secrets']
export const ELSEWHERE = ['servers:elsewhere']

export interface Made {
  token: string
  info: { keyId: string }
}

export interface Tenant {
  name: TenantName
  /** Whether its endpoints tell of an authorization server. */
  announces: boolean
  /** `{origin}/t/{tenant}` */
  url: string
  text: (place: Place) => string
  /** Of the issuer with the canaries; RS256. */
  signer: PublicSigner
  announced: PublicSigner
  removed: PublicSigner
  hmac: Signer
  tokens: { own: string; visitor: Made; empty: Made; expiring: Made; revoked: Made; rotated: Made }
}

/** What stands behind each reference to a secret. JSON and URLs must escape some of it. */
export function secretOf(name: TenantName, place: Place): string {
  return `${textOf(name, place)} "ü" /+\\`
}

/** Keys and the text of its own token: what it takes before anything is made. */
export async function planTenant(
  origin: string,
  name: TenantName,
  announces: boolean,
): Promise<Omit<Tenant, 'tokens'> & { own: string }> {
  return {
    ...{ name, announces, url: `${origin}/t/${name}` },
    text: (place) => textOf(name, place),
    signer: await createSigner('RS256', 'same-kid'),
    announced: await createSigner('ES256', 'same-kid'),
    removed: await createSigner('ES256'),
    hmac: { alg: 'HS256', key: new TextEncoder().encode(secretOf(name, 'signing-key')) },
    own: `hearth_${name}_${KEY_ID}_${randomBytes(32).toString('hex')}`,
  }
}

/** `expiresAt`: of the token that is to expire. `jwksURL`: where `announced.jwk` is served. */
export async function makeTenant(
  operator: Operator,
  plan: Awaited<ReturnType<typeof planTenant>>,
  { jwksURL, expiresAt }: { jwksURL: string; expiresAt: number },
): Promise<Tenant> {
  const { name, own, text } = plan
  const at = `tenants/${name}`
  await operator('PUT', at)
  for (const [secret, place] of [
    ['CANARY', 'secret'],
    ['SIGNING', 'signing-key'],
    [text('secret-name'), 'secret'],
  ] as const) {
    await operator('PUT', `${at}/secrets/${secret}`, { value: secretOf(name, place) })
  }
  const value = secretOf(name, 'personal-secret')
  await operator('PUT', `${at}/principals/${PRINCIPAL}/secrets/OWN`, { value })
  const { issuers, limits, routes, servers } = configOf(plan, jwksURL)
  const removed = {
    ...by(REMOVED_ISSUER, issOf(plan).removed, 'ES256'),
    keys: { jwk: plan.removed.jwk },
  }
  await operator('PUT', `${at}/issuers`, { issuers: [...issuers.issuers, removed] })
  await operator('PUT', `${at}/limits`, limits)
  await operator('PUT', `${at}/servers`, servers)
  await operator('PUT', `${at}/routes`, routes)
  const create = (scopes: string[], more: object = {}) =>
    operator<Made>('POST', `${at}/tokens`, {
      ...{ name: text('token-name'), grants: { scopes }, ...more },
    })
  await create(ALL, { token: own })
  const tokens = {
    own,
    visitor: await create(ELSEWHERE),
    empty: await create([]),
    expiring: await create(ALL, { expiresAt }),
    revoked: await create(ALL),
    rotated: await create(ALL),
  }
  return { ...plan, tokens }
}

/** What stays: bodies for the admin routes that replace each of them. */
export interface TenantConfig {
  issuers: { issuers: object[] }
  limits: object
  servers: object
  routes: object
}

export function configOf(
  plan: Pick<Tenant, 'text' | 'announces' | Signers>,
  jwksURL: string,
): TenantConfig {
  return {
    issuers: { issuers: issuersOf(plan, jwksURL) },
    limits: limitsOf(plan.text),
    servers: serversOf(plan.text),
    routes: { routes: [{ name: 'told', match: { tools: [`*__${plan.text('tool')}`] } }] },
  }
}
type Signers = 'signer' | 'announced'

/** What its good JWTs say; `more` stands in the place of that. */
export function signFor(
  tenant: Tenant,
  by: 'signer' | 'announced' | 'removed' | 'hmac',
  more: Record<string, unknown> = {},
): Promise<string> {
  const signer = tenant[by]
  return sign(signer, claimsOf(tenant, { iss: issOf(tenant)[by], ...more }), { kid: 'same-kid' })
}

export function claimsOf(tenant: Tenant, more: Record<string, unknown>): Record<string, unknown> {
  const exp = Math.floor(Date.now() / 1000) + 3600
  return { aud: tenant.url, sub: tenant.text('subject'), exp, scope: ALL.join(' '), ...more }
}

export function issOf({ text }: Pick<Tenant, 'text'>) {
  return {
    ...{ signer: `urn:${text('issuer')}`, announced: ANNOUNCED_ISSUER },
    ...{ removed: REMOVED_ISSUER, hmac: HMAC_ISSUER },
  }
}

function issuersOf(plan: Pick<Tenant, 'text' | 'announces' | Signers>, jwksURL: string) {
  const iss = issOf(plan)
  const { signer, announced, announces, text } = plan
  const keys = announces ? { jwksURL } : { jwk: announced.jwk }
  return [
    { ...by(text('issuer-name'), iss.signer, 'RS256'), keys: { pem: signer.pem } },
    { ...by('idp', iss.announced, 'ES256'), keys },
    { ...by('app', iss.hmac, 'HS256'), keys: { secret: 'SIGNING' } },
  ]
}
function by(name: string, issuer: string, algorithm: string) {
  return { name, issuer, algorithms: [algorithm] }
}

function limitsOf(text: Tenant['text']) {
  const window = { algorithm: 'sliding-window', windowMs: 600_000 }
  const match = { servers: ['scarce'] }
  return {
    limits: [
      { name: 'ample', per: 'tenant', ...window, limit: 1_000_000 },
      { name: text('limit'), per: 'principal', ...window, limit: 2, match },
    ],
    shards: 1,
  }
}

function serversOf(text: Tenant['text']) {
  const env = {
    GIVEN_SECRET: '${secret:CANARY}',
    GIVEN_ENV: text('env'),
    GIVEN_TOOL: text('tool'),
    GIVEN_PROMPT: text('prompt'),
    GIVEN_RESOURCE: `canary://${text('resource')}`,
  }
  const teller = (name: string, more: object = {}) => {
    const { args = [], ...config } = fixture(name, { env })
    return { ...config, args: [...args, text('argument'), '--key=${secret:CANARY}'], ...more }
  }
  const modern = 'tells-canaries-modern'
  return {
    legacy: teller('tells-canaries'),
    modern: teller(modern),
    guarded: teller(modern, { requiredScopes: [text('scope')] }),
    [text('server')]: teller(modern),
    personal: teller(modern, { env: { ...env, GIVEN_OWN: '${principal:OWN}' } }),
    scarce: teller(modern),
    /** To the letter the same of both tenants. */
    same: fixture('tells-canaries', { sharing: 'shared' }),
  }
}
