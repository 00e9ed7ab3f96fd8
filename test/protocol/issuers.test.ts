import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { IssuersBody } from '#protocol/admin.ts'
import { authorizationServersOf, Issuers } from '#protocol/issuers.ts'

const PEM =
  '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n'
const JWK = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }
const remote = {
  name: 'corp',
  issuer: 'https://id.example.com/realm',
  algorithms: ['RS256', 'ES256'],
  keys: { jwksURL: 'https://id.example.com/realm/keys' },
}
const shared = { name: 'app', issuer: 'app', algorithms: ['HS256'], keys: { secret: 'SIGNING' } }

describe('issuers are taken', () => {
  test.each([
    ['with a URL of keys', remote],
    ['with a secret', shared],
    ['with a JWK', { ...remote, algorithms: ['ES256'], keys: { jwk: JWK } }],
    ['with a PEM', { ...remote, algorithms: ['ES256'], keys: { pem: PEM } }],
    ['with keys on this machine', { ...remote, keys: { jwksURL: 'http://localhost:9/keys' } }],
    ['with keys at its IPv6 address', { ...remote, keys: { jwksURL: 'http://[::1]:9/keys' } }],
    [
      'announced though their key is at hand',
      { ...remote, algorithms: ['ES256'], keys: { pem: PEM }, advertise: true },
    ],
  ])('%s', (_name, issuer) => {
    expect(Issuers.safeParse([issuer]).success).toBe(true)
  })

  test('with defaults that grant nothing', () => {
    expect(Issuers.parse([remote])).toEqual([
      {
        ...remote,
        audiences: [],
        clockSkewMs: 30_000,
        requiredClaims: {},
        principalClaim: 'sub',
        scopes: [],
      },
    ])
  })
})

describe('issuers are refused', () => {
  const cases: [string, unknown][] = [
    ['with HS256 and a public key', { ...remote, algorithms: ['HS256'] }],
    ['with HS256 beside another algorithm', { ...shared, algorithms: ['HS256', 'RS256'] }],
    [
      'with HS256 beside another algorithm and a URL',
      { ...remote, algorithms: ['RS256', 'HS256'] },
    ],
    ['with a secret for another algorithm', { ...shared, algorithms: ['RS256'] }],
    ['with an algorithm that is not taken', { ...remote, algorithms: ['none'] }],
    ['without an algorithm', { ...remote, algorithms: [] }],
    ['with two algorithms for one key', { ...remote, keys: { jwk: JWK } }],
    ['with two sources of keys', { ...remote, keys: { ...remote.keys, pem: PEM } }],
    ['without keys', { ...remote, keys: {} }],
    [
      'with a private JWK',
      { ...remote, algorithms: ['ES256'], keys: { jwk: { ...JWK, d: 'AA' } } },
    ],
    ['with a symmetric JWK', { ...shared, keys: { jwk: { kty: 'oct', k: 'AA' } } }],
    [
      'with a private PEM',
      { ...remote, algorithms: ['ES256'], keys: { pem: PEM.replaceAll('PUBLIC', 'PRIVATE') } },
    ],
    [
      'with a certificate',
      {
        ...remote,
        algorithms: ['ES256'],
        keys: { pem: PEM.replaceAll('PUBLIC KEY', 'CERTIFICATE') },
      },
    ],
    ['with two PEMs', { ...remote, algorithms: ['ES256'], keys: { pem: PEM + PEM } }],
    ['with keys over plain HTTP', { ...remote, keys: { jwksURL: 'http://id.example.com/keys' } }],
    [
      'with keys that only look local',
      { ...remote, keys: { jwksURL: 'http://localhost:x@id.example.com/keys' } },
    ],
    [
      'with keys of a name that begins like this machine',
      { ...remote, keys: { jwksURL: 'http://localhost.example.com/keys' } },
    ],
    ['with keys in a file', { ...remote, keys: { jwksURL: 'file:///keys' } }],
    ['with a name that would mix principals up', { ...remote, name: 'a:b' }],
    ['announced without being a URL', { ...shared, advertise: true }],
    ['announced with a query', { ...remote, issuer: 'https://id.example.com/?a', advertise: true }],
    ['with a key that is not known', { ...remote, audience: 'x' }],
  ]

  test.each(cases)('%s', (_name, issuer) => {
    expect(Issuers.safeParse([issuer]).success).toBe(false)
  })

  test('of one name', () => {
    expect(Issuers.safeParse([remote, { ...shared, name: remote.name }]).success).toBe(false)
  })
})

test('each example of docs/authentication.md can be put as it is', () => {
  const text = readFileSync(new URL('../../docs/authentication.md', import.meta.url), 'utf8')
  const bodies = [...text.matchAll(/```json\n([^`]+)```/g)].map(([, json = '']) => {
    return JSON.parse(json) as Record<string, unknown>
  })
  const examples = bodies.filter((body) => 'issuers' in body)

  expect(examples).toHaveLength(3)
  for (const example of examples) expect(IssuersBody.safeParse(example).error).toBeUndefined()
})

describe('announced are', () => {
  test('those whose keys have a URL, and those that ask for it, each once', () => {
    const pem = { ...remote, keys: { pem: PEM } }
    const local = 'http://127.0.0.1:9/realm'

    expect(authorizationServersOf([remote, { ...remote, name: 'two' }, shared])).toEqual([
      remote.issuer,
    ])
    expect(authorizationServersOf([pem])).toEqual([])
    expect(authorizationServersOf([{ ...pem, advertise: true }])).toEqual([remote.issuer])
    expect(authorizationServersOf([{ ...remote, advertise: false }])).toEqual([])
    expect(authorizationServersOf([{ ...remote, issuer: local }])).toEqual([local])
  })

  test('only those that a client could reach', () => {
    for (const issuer of ['corp', 'http://id.example.com', 'https://id.example.com/#x', 'urn:x']) {
      expect(authorizationServersOf([{ ...remote, issuer }])).toEqual([])
    }
  })
})
