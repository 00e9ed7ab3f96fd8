/** Every algorithm with every source of keys, and what is wrong with a token. */
import { createHmac } from 'node:crypto'
import { exportJWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import type { TrustedIssuer } from '#protocol/tenant.ts'
import type { KeySets } from '#worker/auth/key-sets.ts'
import { createFinder } from '#worker/auth/key-sets.ts'
import { keysOf } from '#worker/auth/issuer-keys.ts'
import { verifyJWT } from '#worker/auth/verify-jwt.ts'
import {
  claimsAt,
  createIssuer,
  createSigner,
  encodePart,
  ENDPOINT_URL,
  NOW,
  PUBLIC_ALGORITHMS,
  SECRET_VALUE,
  secretSigner,
  sign,
  TENANT_URL,
  type PublicSigner,
} from './issuing.ts'

const JWKS_URL = 'https://issuer.example/keys'
const signers = {} as Record<(typeof PUBLIC_ALGORITHMS)[number], PublicSigner>

beforeAll(async () => {
  for (const alg of PUBLIC_ALGORITHMS) signers[alg] = await createSigner(alg, `kid-${alg}`)
})

/** All public keys, at one URL. */
const keySets: KeySets = {
  find: (_url, header) =>
    createFinder({ keys: Object.values(signers).map(({ jwk }) => jwk) })(header),
  renew: () => Promise.resolve(false),
}

function verify(token: string, issuers: TrustedIssuer[], now = NOW) {
  return verifyJWT({ token, issuers, audiences: [ENDPOINT_URL, TENANT_URL], now }, keySets)
}

const valid = { kind: 'valid', identity: { principal: 'jwt:main:ada' } }
const invalid = { kind: 'invalid' }

describe.each(PUBLIC_ALGORITHMS)('%s', (alg) => {
  const own = () => signers[alg]
  const byPEM = () => createIssuer(alg, { pem: own().pem })
  const byURL = () => createIssuer(alg, { jwksURL: JWKS_URL })
  const sources = [
    ['a JWKS URL', byURL],
    ['a JWK', () => createIssuer(alg, { jwk: { ...own().jwk } })],
    ['a PEM', byPEM],
  ] as const
  const good = () => sign(own(), claimsAt(NOW), { kid: `kid-${alg}` })

  test.each(sources)('is verified with %s', async (_name, issuer) => {
    expect(await verify(await good(), [issuer()])).toMatchObject(valid)
  })

  test.each(sources)('is verified with %s when the token names no key', async (_name, issuer) => {
    expect(await verify(await sign(own(), claimsAt(NOW)), [issuer()])).toMatchObject(valid)
  })

  test.each(sources)('of another key is refused with %s', async (_name, issuer) => {
    const stranger = await createSigner(alg)
    for (const header of [{}, { kid: `kid-${alg}` }]) {
      expect(await verify(await sign(stranger, claimsAt(NOW), header), [issuer()])).toEqual(invalid)
    }
  })

  test('is refused when it names a key that the set has not', async () => {
    const token = await sign(own(), claimsAt(NOW), { kid: 'other' })

    expect(await verify(token, [byURL()])).toEqual(invalid)
  })

  test.each(['', 'K', 7, null, {}])('is refused with the key id %j', async (kid) => {
    const token = await sign(own(), claimsAt(NOW), { kid })

    expect(await verify(token, [byURL()])).toEqual(invalid)
  })

  test.each(PUBLIC_ALGORITHMS.filter((other) => other !== alg))(
    'is refused by an issuer that signs with %s',
    async (other) => {
      for (const keys of [{ jwksURL: JWKS_URL }, { pem: own().pem }, { jwk: { ...own().jwk } }]) {
        expect(await verify(await good(), [createIssuer(other, keys)])).toEqual(invalid)
      }
    },
  )

  test('is refused when its header says another algorithm', async () => {
    const [, payload, signature] = (await good()).split('.')
    for (const other of [
      'none',
      'None',
      'NONE',
      'HS256',
      'RS512',
      'PS256',
      'ES384',
      'x',
      '',
      7,
      null,
    ]) {
      const token = [encodePart({ alg: other, kid: `kid-${alg}` }), payload, signature].join('.')

      expect(await verify(token, [byURL(), byPEM()])).toEqual(invalid)
    }
  })

  test('is refused when any part was cut short, wherever', async () => {
    const token = await good()
    const parts = token.split('.')
    const lengths = parts.flatMap((part, n) =>
      [0, 1, part.length >> 1, part.length - 1].map((to) => [n, to]),
    )
    for (const [n = 0, to] of lengths) {
      const cut = parts.map((part, at) => (at === n ? part.slice(0, to) : part)).join('.')

      expect(await verify(cut, [byPEM()])).toEqual(invalid)
    }
    for (let length = 0; length < token.length; length += 7) {
      expect(await verify(token.slice(0, length), [byPEM()])).toEqual(invalid)
    }
  })

  test('is refused with a part more, a part less, padding, or other letters', async () => {
    const token = await good()
    const [header, payload, signature] = token.split('.')
    const wrong = [
      ...[
        `${token}.`,
        `${token}.x`,
        `.${token}`,
        `${header}.${payload}`,
        `${header}..${signature}`,
      ],
      ...[
        `${header}.${payload}.`,
        `${token}=`,
        `${token}==`,
        `${token} `,
        ` ${token}`,
        `${token}\n`,
      ],
      ...[`${header}=.${payload}.${signature}`, `${header}.${payload}=.${signature}`, `${token}A`],
    ]
    for (const text of wrong) expect(await verify(text, [byPEM()])).toEqual(invalid)
  })

  test('is refused when the unused bits of its signature were changed', async () => {
    const token = await good()
    const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = ALPHABET.indexOf(token.at(-1) ?? '')
    for (let bits = 1; bits < 4; bits++) {
      const changed = token.slice(0, -1) + ALPHABET[last ^ bits]

      expect(await verify(changed, [byPEM()])).toEqual(invalid)
    }
  })

  test('is refused when it was signed with a secret made of the public key', async () => {
    const { jwk, pem } = own()
    const spki = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
    const secrets = [
      pem,
      pem.trim(),
      spki,
      JSON.stringify(jwk),
      Buffer.from(jwk.n ?? jwk.x ?? '', 'base64url'),
    ]
    for (const secret of secrets) {
      const signed = `${encodePart({ alg: 'HS256' })}.${encodePart(claimsAt(NOW))}`
      const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
      const sloppy = [byPEM(), byURL(), createIssuer(alg, { jwk: { ...jwk } })].map((issuer) => {
        return { ...issuer, algorithms: [alg, 'HS256'] } as TrustedIssuer
      })

      expect(await verify(token, [byPEM(), byURL(), ...sloppy])).toEqual(invalid)
    }
  })

  test('is refused by an issuer whose key is a secret, whatever its list says', async () => {
    const { pem } = own()
    for (const value of [pem, SECRET_VALUE]) {
      const sloppy = createIssuer('HS256', { value }, { algorithms: ['HS256', alg] })

      expect(await verify(await good(), [sloppy])).toEqual(invalid)
    }
  })

  test('ignores keys that the token brings along', async () => {
    const stranger = await createSigner(alg, 'mine')
    const brought = { jwk: stranger.jwk, jku: JWKS_URL, x5u: JWKS_URL, x5c: ['MIIB'], kid: 'mine' }
    for (const issuer of [byURL(), byPEM(), createIssuer(alg, { jwk: { ...own().jwk } })]) {
      expect(await verify(await sign(stranger, claimsAt(NOW), brought), [issuer])).toEqual(invalid)
    }
    const honest = await sign(own(), claimsAt(NOW), { ...brought, kid: `kid-${alg}` })
    expect(await verify(honest, [byURL()])).toMatchObject(valid)
  })

  test('is refused when something of it must be understood', async () => {
    for (const header of [
      { crit: ['exp'], exp: 1 },
      { crit: ['b64'], b64: true },
    ]) {
      const token = await sign(own(), claimsAt(NOW), header)

      expect(await verify(token, [byPEM()])).toEqual(invalid)
    }
  })

  test('is refused when it is sent again after its end', async () => {
    const token = await good()
    const { exp } = claimsAt(NOW) as { exp: number }

    expect(await verify(token, [byPEM()], exp * 1000 + 29_999)).toMatchObject(valid)
    expect(await verify(token, [byPEM()], exp * 1000 + 30_000)).toEqual({
      ...invalid,
      fault: 'expired',
    })
  })
})

describe('HS256', () => {
  const issuer = createIssuer('HS256', { value: SECRET_VALUE })

  test('is verified with its secret', async () => {
    expect(await verify(await sign(secretSigner, claimsAt(NOW)), [issuer])).toMatchObject(valid)
  })

  test('of another secret is refused', async () => {
    const stranger = { alg: 'HS256', key: new TextEncoder().encode(`${SECRET_VALUE}.`) }

    expect(await verify(await sign(stranger, claimsAt(NOW)), [issuer])).toEqual(invalid)
  })

  test('is refused with a secret that can be guessed', async () => {
    const value = 'x'.repeat(31)
    const signed = `${encodePart({ alg: 'HS256' })}.${encodePart(claimsAt(NOW))}`
    const token = `${signed}.${createHmac('sha256', value).update(signed).digest('base64url')}`

    expect(await verify(token, [createIssuer('HS256', { value })])).toEqual(invalid)
  })

  test('with a longer hash is refused', async () => {
    const claims = claimsAt(NOW)
    for (const alg of ['HS384', 'HS512']) {
      const longer = { alg, key: new TextEncoder().encode(SECRET_VALUE.repeat(2)) }
      const trusted = createIssuer('HS256', { value: SECRET_VALUE.repeat(2) })

      expect(await verify(await sign(longer, claims), [trusted])).toEqual(invalid)
    }
  })
})

describe('an issuer’s keys', () => {
  const header = (alg: string) => ({ alg, kid: `kid-${alg}` })

  test.each(PUBLIC_ALGORITHMS)(
    'serve %s when they are public, and HS256 when they are secret',
    async (alg) => {
      const { pem, jwk } = signers[alg]
      const both = { algorithms: [alg, 'HS256'] as TrustedIssuer['algorithms'] }
      const secret = createIssuer('HS256', { value: SECRET_VALUE }, both)

      expect(await keysOf(secret, header('HS256'), keySets)).toHaveLength(1)
      expect(await keysOf(secret, header(alg), keySets)).toEqual([])
      for (const keys of [{ pem }, { jwk: { ...jwk } }, { jwksURL: JWKS_URL }]) {
        const issuer = createIssuer(alg, keys, both)
        expect(await keysOf(issuer, header(alg), keySets)).toHaveLength(1)
        expect(await keysOf(issuer, header('HS256'), keySets)).toEqual([])
      }
    },
  )
})

test('a token without a signature is refused, however it says so', async () => {
  const claims = encodePart(claimsAt(NOW))
  for (const alg of ['none', 'None', 'nOnE', '', undefined]) {
    for (const signature of ['', 'AA', encodePart('none')]) {
      const token = `${encodePart({ alg })}.${claims}.${signature}`
      const issuers = PUBLIC_ALGORITHMS.map((own) => createIssuer(own, { pem: signers[own].pem }))

      expect(await verify(token, issuers)).toEqual(invalid)
    }
  }
})

test('a short RSA key signs nothing', async () => {
  const pair = await crypto.subtle.generateKey(
    {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 1024,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ['sign', 'verify'],
  )
  const signed = `${encodePart({ alg: 'RS256' })}.${encodePart(claimsAt(NOW))}`
  const signature = await crypto.subtle.sign(
    'RSASSA-PKCS1-v1_5',
    pair.privateKey,
    Buffer.from(signed),
  )
  const token = `${signed}.${Buffer.from(signature).toString('base64url')}`
  const jwk = { ...(await exportJWK(pair.publicKey)) }

  expect(await verify(token, [createIssuer('RS256', { jwk })])).toEqual(invalid)
})

describe('parts that are no JSON objects are refused', () => {
  const parts = [
    'x',
    'null',
    '[]',
    '"text"',
    '7',
    '{',
    '\ufeff{}',
    '{}{}',
    '[['.repeat(2000),
    'nul\u0000',
  ]

  test.each(parts)('%j', async (text) => {
    const part = encodePart(text)
    for (const signed of [
      `${part}.${encodePart(claimsAt(NOW))}`,
      `${encodePart({ alg: 'HS256' })}.${part}`,
    ]) {
      const token = `${signed}.${createHmac('sha256', SECRET_VALUE).update(signed).digest('base64url')}`

      expect(await verify(token, [createIssuer('HS256', { value: SECRET_VALUE })])).toEqual(invalid)
    }
  })
})

describe('several issuers', () => {
  const value = SECRET_VALUE
  const first = createIssuer('HS256', { value: `${SECRET_VALUE}!` }, { name: 'first' })
  const token = (more = {}) => sign(secretSigner, claimsAt(NOW, more))

  test('of one name are tried in their order', async () => {
    const second = createIssuer('HS256', { value }, { name: 'second' })
    const third = createIssuer('HS256', { value }, { name: 'third' })

    expect(await verify(await token(), [first, second, third])).toMatchObject({
      identity: { principal: 'jwt:second:ada' },
    })
  })

  test('do not answer for each other’s name', async () => {
    const other = createIssuer('HS256', { value }, { issuer: 'https://other.example' })

    expect(await verify(await token(), [other])).toEqual(invalid)
  })

  test('a rule is told to the holder of a token that one of them signed, and to nobody else', async () => {
    const strict = createIssuer('HS256', { value }, { requiredClaims: { org: 'acme' } })
    const fault = 'claim_missing'

    expect(await verify(await token(), [strict, first])).toEqual({ ...invalid, fault })
    expect(await verify(await token({ aud: 'x' }), [first])).toEqual(invalid)
  })

  test('one whose keys cannot be had may still be the one', async () => {
    const away: KeySets = {
      find: () => Promise.resolve({ why: 'down' }),
      renew: () => Promise.resolve(false),
    }
    const remote = createIssuer('ES256', { jwksURL: JWKS_URL })
    const question = { audiences: [ENDPOINT_URL], now: NOW }
    const es256 = await sign(signers.ES256, claimsAt(NOW))
    const byPEM = createIssuer('ES256', { pem: signers.ES256.pem })

    const alone = await verifyJWT({ ...question, token: es256, issuers: [remote] }, away)
    const helped = await verifyJWT({ ...question, token: es256, issuers: [remote, byPEM] }, away)

    expect(alone).toEqual({ kind: 'unavailable', why: 'keys of issuer main: down' })
    expect(helped).toMatchObject(valid)
  })
})
