import { describe, expect, test } from 'vitest'
import type { TrustedIssuer } from '#protocol/tenant.ts'
import { decideClaims, type ClaimsFault } from '#worker/auth/claims.ts'
import { claimsAt, createIssuer, ENDPOINT_URL, ISSUER, NOW, TENANT_URL } from './issuing.ts'

const AUDIENCES = [ENDPOINT_URL, TENANT_URL]
const SECONDS = NOW / 1000

function decide(claims: Record<string, unknown>, more: Partial<TrustedIssuer> = {}, now = NOW) {
  const issuer = createIssuer('ES256', { pem: '' }, more)
  return decideClaims(claimsAt(NOW, claims), issuer, AUDIENCES, now)
}

function grantsOf(claims: Record<string, unknown>, more: Partial<TrustedIssuer> = {}) {
  const decision = decide(claims, more)
  return decision.ok ? decision.identity.grants : decision.fault
}

describe('a token is refused', () => {
  const cases: [string, ClaimsFault, Record<string, unknown>, Partial<TrustedIssuer>?][] = [
    ['of another issuer', 'wrong_issuer', { iss: 'https://other.example' }],
    ['of an issuer with a slash more', 'wrong_issuer', { iss: `${ISSUER}/` }],
    ['of several issuers', 'wrong_issuer', { iss: [ISSUER] }],
    ['without an issuer', 'wrong_issuer', { iss: undefined }],
    ['without an audience', 'wrong_audience', { aud: undefined }],
    ['for another endpoint', 'wrong_audience', { aud: `${TENANT_URL}/mcp/memory` }],
    ['for another tenant', 'wrong_audience', { aud: ENDPOINT_URL.replace('acme', 'other') }],
    ['for another gateway', 'wrong_audience', { aud: ENDPOINT_URL.replace('hearth', 'other') }],
    ['for what begins like the endpoint', 'wrong_audience', { aud: `${ENDPOINT_URL}2` }],
    ['for the endpoint with a slash', 'wrong_audience', { aud: `${ENDPOINT_URL}/` }],
    ['for the origin alone', 'wrong_audience', { aud: 'https://hearth.example' }],
    ['for nobody', 'wrong_audience', { aud: [] }],
    ['for an object', 'wrong_audience', { aud: { 0: ENDPOINT_URL } }],
    ['for a list in a list', 'wrong_audience', { aud: [[ENDPOINT_URL]] }],
    ['without an end', 'expired', { exp: undefined }],
    ['whose end is text', 'expired', { exp: String(SECONDS + 300) }],
    ['whose end is null', 'expired', { exp: null }],
    ['whose end is beyond all dates', 'expired', { exp: 1e300 }],
    ['that ended just before the clock skew', 'expired', { exp: SECONDS - 30 }],
    ['that ended long ago', 'expired', { exp: -1 }],
    ['that begins just after the clock skew', 'not_yet_valid', { nbf: SECONDS + 30.001 }],
    ['whose beginning is text', 'not_yet_valid', { nbf: String(SECONDS - 1) }],
    ['whose beginning is null', 'not_yet_valid', { nbf: null }],
    ['without its subject', 'no_principal', { sub: undefined }],
    ['whose subject is empty', 'no_principal', { sub: '' }],
    ['whose subject is a number', 'no_principal', { sub: 7 }],
    ['whose subject is a list', 'no_principal', { sub: ['ada'] }],
    ['whose subject is too long', 'no_principal', { sub: 'x'.repeat(257) }],
    ['whose subject has a line break', 'no_principal', { sub: 'ada\nroot' }],
    ['whose subject is no Unicode', 'no_principal', { sub: '\ud800' }],
    ['without the claim that names the principal', 'no_principal', {}, { principalClaim: 'azp' }],
    ['whose principal is inherited', 'no_principal', {}, { principalClaim: 'constructor' }],
    ['without a required claim', 'claim_missing', {}, { requiredClaims: { org: true } }],
    [
      'whose required claim is null',
      'claim_missing',
      { org: null },
      { requiredClaims: { org: true } },
    ],
    [
      'whose required claim is false',
      'claim_missing',
      { ok: false },
      { requiredClaims: { ok: true } },
    ],
    ['with another value', 'claim_missing', { org: 'b' }, { requiredClaims: { org: 'a' } }],
    [
      'with a value of another type',
      'claim_missing',
      { level: '1' },
      { requiredClaims: { level: 1 } },
    ],
    [
      'with a list that has the value',
      'claim_missing',
      { org: ['a'] },
      { requiredClaims: { org: 'a' } },
    ],
    [
      'whose required claim is inherited',
      'claim_missing',
      {},
      { requiredClaims: { toString: true } },
    ],
  ]

  test.each(cases)('%s: %s', (_name, fault, claims, more) => {
    expect(decide(claims, more)).toEqual({ ok: false, fault })
  })
})

describe('a token is accepted', () => {
  const cases: [string, Record<string, unknown>, Partial<TrustedIssuer>?][] = [
    ['for the endpoint', {}],
    ['for the tenant', { aud: TENANT_URL }],
    ['for several, the endpoint among them', { aud: ['https://other.example', ENDPOINT_URL] }],
    ['for an audience of its issuer', { aud: 'api://hearth' }, { audiences: ['api://hearth'] }],
    ['within the clock skew after its end', { exp: SECONDS - 29.999 }],
    ['within the clock skew before its beginning', { nbf: SECONDS + 30 }],
    ['with a required claim', { org: 'x', level: 1 }, { requiredClaims: { org: true, level: 1 } }],
    ['whose required claim is false, as asked', { ok: false }, { requiredClaims: { ok: false } }],
    ['whose subject is as long as may be', { sub: 'x'.repeat(256) }],
  ]

  test.each(cases)('%s', (_name, claims, more) => {
    expect(decide(claims, more)).toMatchObject({ ok: true })
  })
})

test('the principal is named by its issuer and the claim that is configured', () => {
  const decision = decide({ client_id: 'a:b/ü' }, { name: 'corp', principalClaim: 'client_id' })

  expect(decision).toMatchObject({ ok: true, identity: { principal: 'jwt:corp:a:b/ü' } })
})

test('it ends with its token, clock skew included', () => {
  const exp = SECONDS + 12.5
  const decision = decide({ exp }, { clockSkewMs: 1000 })

  expect(decision).toMatchObject({ identity: { expiresAt: NOW + 13_500 } })
  expect(decide({ exp }, { clockSkewMs: 1000 }, NOW + 13_499).ok).toBe(true)
  expect(decide({ exp }, { clockSkewMs: 1000 }, NOW + 13_500).ok).toBe(false)
})

describe('scopes', () => {
  test.each([
    ['words', { scope: 'servers:a  tools:call:b/*' }, ['servers:a', 'tools:call:b/*']],
    ['a list', { scp: ['servers:a', 'run'] }, ['servers:a', 'run']],
    ['the third name', { scopes: 'run' }, ['run']],
    ['the first that is there', { scope: 'a', scp: 'b', scopes: ['c'] }, ['a']],
    ['an empty first one', { scope: '', scp: 'b' }, []],
    ['none', {}, []],
    ['a number', { scope: 7 }, []],
    ['an object', { scope: { a: 'servers:a' } }, []],
    [
      'what are no scopes',
      { scope: ['ok', 7, null, '', 'a b', 'quote"', 'ü', 'x'.repeat(257)] },
      ['ok'],
    ],
    ['the same one twice', { scope: 'a a' }, ['a']],
  ])('are read from %s', (_name, claims, scopes) => {
    expect(grantsOf(claims)).toEqual({ scopes })
  })

  test('are read from the configured claim alone', () => {
    const claims = { scope: 'admin', permissions: ['servers:a'] }

    expect(grantsOf(claims, { scopeClaim: 'permissions' })).toEqual({ scopes: ['servers:a'] })
    expect(grantsOf({ scope: 'admin' }, { scopeClaim: 'permissions' })).toEqual({ scopes: [] })
  })

  test('of the issuer come first, and its lists go along', () => {
    const more = { scopes: ['servers:a'], allow: { tools: ['a/*'] }, deny: { servers: ['b'] } }

    expect(grantsOf({ scope: 'run servers:a' }, more)).toEqual({
      scopes: ['servers:a', 'run'],
      allow: { tools: ['a/*'] },
      deny: { servers: ['b'] },
    })
  })

  test('are no more than 8,192 characters together', () => {
    const scope = Array.from({ length: 100 }, (_, n) => `${n}`.padStart(100, 's'))

    expect(grantsOf({ scope }, { scopes: ['own'] })).toEqual({
      scopes: ['own', ...scope.slice(0, 81)],
    })
  })

  test('are no more than 256 of a token', () => {
    const scope = Array.from({ length: 400 }, (_, n) => `s${n}`)

    expect(grantsOf({ scope })).toEqual({ scopes: scope.slice(0, 256) })
  })
})
