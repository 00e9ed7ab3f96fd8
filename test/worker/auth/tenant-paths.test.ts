/** `/t/{tenant}/…`, `/admin/…` and the metadata: who is let in, and what the others are told. */
import { describe, expect, test } from 'vitest'
import { GatewayError } from '#protocol/errors.ts'
import type { Trust } from '#protocol/tenant.ts'
import { isOperator } from '#worker/auth/operator.ts'
import { ADMIN_TOKEN, createFakes, POLICY, post, TOKEN, VERDICT } from '../fake-deps.ts'
import { expectError, initialize } from '../requests.ts'
import { claimsAt, createIssuer, ISSUER, SECRET_VALUE, secretSigner, sign } from './issuing.ts'

const ORIGIN = 'http://localhost:8787'
const TENANT_URL = `${ORIGIN}/t/acme`
const ENDPOINT_URL = `${TENANT_URL}/mcp/everything`
const WELL_KNOWN = `${ORIGIN}/.well-known/oauth-protected-resource`
const UNKNOWN = 'the token is unknown, has expired or was revoked'

const announcing = { ...POLICY, authorizationServers: [ISSUER] }
const trust = (policy = POLICY): Trust => ({
  policy,
  issuers: [createIssuer('HS256', { value: SECRET_VALUE }, { scopes: ['*'] })],
})

function createAcme(policy = POLICY, deps = {}) {
  return createFakes({
    deps,
    acme: {
      trust: () => Promise.resolve(trust(policy)),
      authenticate: (_keyId, secret) =>
        Promise.resolve(TOKEN.endsWith(secret) ? { ...VERDICT, policy } : undefined),
    },
  })
}

const jwt = (more: Record<string, unknown> = {}) =>
  sign(secretSigner, claimsAt(Date.now(), { aud: ENDPOINT_URL, ...more }))
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
const challengeOf = (response: Response) => response.headers.get('WWW-Authenticate')

describe('the path of a tenant', () => {
  test('takes the tenant’s own token, and its JWTs', async () => {
    const { app, forwarded } = createAcme()
    for (const token of [TOKEN, await jwt(), await jwt({ aud: TENANT_URL })]) {
      const response = await app.request(ENDPOINT_URL, post(initialize, bearer(token)))

      expect(await response.json()).toEqual({ answered: true })
    }
    expect(forwarded.map(({ call }) => [call.tenant, call.principal])).toEqual([
      ['acme', VERDICT.principal],
      ['acme', 'jwt:main:ada'],
      ['acme', 'jwt:main:ada'],
    ])
    expect(forwarded[1]?.call.expiresAt).toBeGreaterThan(Date.now())
  })

  test('is the plain path for the rest: its errors are JSON-RPC, and an unknown server is 404', async () => {
    const { app, lines } = createAcme()

    const response = await app.request(`${TENANT_URL}/mcp/nobody`, post(initialize, bearer(TOKEN)))

    await expectError(response, 'server_not_found', 1)
    expect(lines).toMatchObject([{ outcome: 'server_not_found', record: { server: 'nobody' } }])
  })

  test.each([
    ['another tenant’s token', `${ORIGIN}/t/other/mcp/everything`, TOKEN],
    ['a token that nobody has', ENDPOINT_URL, TOKEN.replace(/.$/, '0')],
    ['a token of a tenant that does not exist', ENDPOINT_URL, TOKEN.replace('acme', 'ghost')],
    ['the admin token', ENDPOINT_URL, ADMIN_TOKEN],
    ['nonsense', ENDPOINT_URL, 'nonsense'],
    ['a name that no tenant has', `${ORIGIN}/t/A_b/mcp/everything`, TOKEN],
    ['an encoded name', `${ORIGIN}/t/ac%00me/mcp/everything`, TOKEN],
  ])('answers %s as an unknown one', async (_name, url, token) => {
    const { app, forwarded } = createAcme()

    const response = await app.request(url, post(initialize, bearer(token)))

    await expectError(response, 'unauthorized', null)
    expect(challengeOf(response)).toMatch(
      /^Bearer realm="hearth", error="invalid_token", error_desc/,
    )
    expect(forwarded).toEqual([])
  })

  test('another tenant’s token and an unknown tenant are told apart by nothing', async () => {
    const { app } = createAcme()
    const answers = [`${ORIGIN}/t/acme`, `${ORIGIN}/t/ghost`, `${ORIGIN}/t/other`].map(
      async (base) => {
        const token = TOKEN.replace('acme', 'third')
        const response = await app.request(
          `${base}/mcp/everything`,
          post(initialize, bearer(token)),
        )
        return [response.status, challengeOf(response), await response.text()].join(' ')
      },
    )

    expect(new Set(await Promise.all(answers)).size).toBe(1)
  })

  test('has its own /ready', async () => {
    const { app } = createAcme()
    const forTenant = await jwt({ aud: TENANT_URL })
    const statuses = [TOKEN, forTenant, await jwt(), 'x'].map(async (token) => {
      return (await app.request(`${TENANT_URL}/ready`, { headers: bearer(token) })).status
    })

    expect(await Promise.all(statuses)).toEqual([503, 503, 401, 401])
    expect((await app.request('/t/other/ready', { headers: bearer(TOKEN) })).status).toBe(401)
  })

  test('has canonical URLs of its own origin, or of the configured one', async () => {
    const publicOrigin = 'https://mcp.example.com'
    const { app } = createAcme(announcing, { publicOrigin })
    const token = await jwt({ aud: `${publicOrigin}/t/acme/mcp/everything` })

    expect((await app.request(ENDPOINT_URL, post(initialize, bearer(token)))).status).toBe(200)
    expect((await app.request(ENDPOINT_URL, post(initialize, bearer(await jwt())))).status).toBe(
      401,
    )
    const refused = await app.request(ENDPOINT_URL, { method: 'POST' })
    expect(challengeOf(refused)).toContain(`resource_metadata="${publicOrigin}/.well-known/`)
  })
})

describe('the plain path', () => {
  test('takes no JWT, and is told nothing of OAuth', async () => {
    const { app } = createAcme(announcing)

    const response = await app.request('/mcp/everything', post(initialize, bearer(await jwt())))

    expect(response.status).toBe(401)
    expect(challengeOf(response)).toBe(
      `Bearer realm="hearth", error="invalid_token", error_description="${UNKNOWN}"`,
    )
  })

  test.each(['/mcp/everything', '/t/acme/mcp/everything', '/ready', '/admin/tenants/acme/tokens'])(
    '%s takes no token from the query',
    async (path) => {
      const { app } = createAcme()
      for (const name of ['access_token', 'token', 'authorization', 'Authorization']) {
        const init = path.endsWith('ready') ? {} : post(initialize)
        const request = new Request(`${ORIGIN}${path}?${name}=${TOKEN}`, init)
        request.headers.delete('Authorization')

        expect((await app.request(request)).status).toBe(401)
      }
    },
  )
})

describe('a challenge', () => {
  const metadata = `scope="servers:everything", resource_metadata="${WELL_KNOWN}/t/acme/mcp/everything"`

  test('of a tenant that announces its issuers says where tokens come from', async () => {
    const { app } = createAcme(announcing)

    const missing = await app.request(ENDPOINT_URL, { method: 'POST' })
    const wrong = await app.request(ENDPOINT_URL, post(initialize, bearer('x')))

    expect(challengeOf(missing)).toBe(`Bearer realm="hearth", ${metadata}`)
    expect(challengeOf(wrong)).toBe(
      `Bearer realm="hearth", error="invalid_token", error_description="${UNKNOWN}", ${metadata}`,
    )
  })

  test('of a tenant with static tokens alone, and of no tenant, does not', async () => {
    const { app } = createAcme()
    for (const path of ['/t/acme/mcp/everything', '/t/nobody/mcp/everything', '/mcp/everything']) {
      const response = await app.request(path, { method: 'POST' })

      expect([response.status, challengeOf(response)]).toEqual([401, 'Bearer realm="hearth"'])
    }
  })

  test.each([
    ['has expired', { exp: 1 }, 'the token has expired'],
    ['is for another audience', { aud: 'x' }, 'the token is for another audience'],
    ['begins later', { nbf: 9e9 }, 'the token is not valid yet'],
    ['names nobody', { sub: '' }, 'the token does not say who it is for'],
  ])('tells the holder that the token %s', async (_name, claims, description) => {
    const response = await createAcme().app.request(
      ENDPOINT_URL,
      post(initialize, bearer(await jwt(claims))),
    )

    expect(challengeOf(response)).toContain(`error_description="${description}"`)
    expect(await response.json()).toMatchObject({ error: { data: { reason: 'invalid_token' } } })
  })

  test('tells whoever made the token up no rule', async () => {
    const stranger = { ...secretSigner, key: new TextEncoder().encode(`${SECRET_VALUE}!`) }
    for (const claims of [{ exp: 1 }, { aud: 'x' }, { iss: 'y' }]) {
      const token = await sign(stranger, claimsAt(Date.now(), { aud: ENDPOINT_URL, ...claims }))
      const response = await createAcme().app.request(ENDPOINT_URL, post(initialize, bearer(token)))

      expect(challengeOf(response)).toContain(`error_description="${UNKNOWN}"`)
    }
  })

  test('of a refusal for want of scopes names all that are needed', async () => {
    const scopes = ['servers:everything', 'run']
    const deps = {
      serverHost: () => {
        throw new GatewayError('forbidden', { data: { scopes }, detail: 'it needs "more"' })
      },
    }
    const answer = async (policy: typeof POLICY, path: string) => {
      const { app } = createAcme(policy, deps)
      return app.request(path, post(initialize, bearer(TOKEN)))
    }
    const failure =
      'Bearer realm="hearth", error="insufficient_scope", error_description="it needs  more ", ' +
      'scope="servers:everything run"'
    const [quiet, open, plain] = await Promise.all([
      answer(POLICY, ENDPOINT_URL),
      answer(announcing, ENDPOINT_URL),
      answer(announcing, '/mcp/everything'),
    ])

    await expectError(quiet.clone(), 'forbidden', 1)
    expect([quiet, plain].map(challengeOf)).toEqual([failure, failure])
    expect(challengeOf(open)).toBe(
      `${failure}, resource_metadata="${WELL_KNOWN}/t/acme/mcp/everything"`,
    )
  })
})

describe('the metadata of a protected resource', () => {
  test.each([
    ['/t/acme/mcp/everything', ENDPOINT_URL, ['servers:everything']],
    ['/t/acme', TENANT_URL, ['*']],
  ])('%s', async (path, resource, scopes) => {
    const response = await createAcme(announcing).app.request(`${WELL_KNOWN}${path}`)

    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('application/json')
    expect(await response.json()).toEqual({
      resource,
      authorization_servers: [ISSUER],
      bearer_methods_supported: ['header'],
      scopes_supported: scopes,
    })
  })

  test('is the same for servers that exist and for those that do not', async () => {
    const { app } = createAcme(announcing)
    const [known, unknown] = await Promise.all(
      ['everything', 'nothing'].map(async (server) => {
        const response = await app.request(`${WELL_KNOWN}/t/acme/mcp/${server}`)
        return (await response.text()).replaceAll(server, 'x')
      }),
    )

    expect(unknown).toBe(known)
  })

  test('is 404 in the same bytes for tenants that announce nothing, and for no tenant', async () => {
    const { app } = createAcme()
    const paths = [
      '/t/acme',
      '/t/acme/mcp/everything',
      '/t/nobody',
      '/t/nobody/mcp/x',
      '/t/A_b',
      '/t/acme/mcp/%00',
    ]
    const answers = paths.map(async (path) => {
      const response = await app.request(`${WELL_KNOWN}${path}`)
      const headers = [...response.headers].filter(([name]) => name !== 'x-request-id')
      return JSON.stringify([response.status, headers, await response.text()])
    })

    expect(new Set(await Promise.all(answers)).size).toBe(1)
    expect(await answers[0]).toContain('[404,')
  })

  const elsewhere = [
    '',
    '/',
    '/mcp/everything',
    '/t',
    '/mcp',
    '/t/acme/mcp/*',
    '/t/acme/mcp/%2A',
    '/t/acme/mcp/a/b',
    '/t/acme/x',
  ]
  test.each([...elsewhere, '/t/acme/mcp/%00', '/t/acme/mcp/-a', '/t/A_b', '/t/A_b/mcp/everything'])(
    'is not at %j',
    async (path) => {
      expect((await createAcme(announcing).app.request(`${WELL_KNOWN}${path}`)).status).toBe(404)
    },
  )

  test('can be read by a page of any origin, found or not', async () => {
    const headers = { Origin: 'https://elsewhere.example' }
    for (const policy of [announcing, POLICY]) {
      const { app } = createAcme(policy)
      const response = await app.request(`${WELL_KNOWN}/t/acme`, { headers })

      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(response.headers.has('Access-Control-Allow-Credentials')).toBe(false)
    }
    const asked = {
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': 'mcp-protocol-version',
    }
    const preflight = await createAcme().app.request(`${WELL_KNOWN}/t/acme/mcp/everything`, {
      method: 'OPTIONS',
      headers: { ...headers, ...asked },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toBe('*')
  })

  test('is not served to a rebound host name', async () => {
    const { app } = createAcme(announcing)

    const response = await app.request(`${WELL_KNOWN}/t/acme`, {
      headers: { Host: 'evil.example' },
    })

    expect(response.status).toBe(403)
  })
})

describe('an admin request', () => {
  /** A path that no route has: 404 says that the credential was taken. */
  const path = '/admin/tenants/acme/nothing-here'
  const status = async (token: string, url = path, deps = {}) => {
    const { app } = createAcme(POLICY, deps)
    return (await app.request(`${ORIGIN}${url}`, { headers: bearer(token) })).status
  }

  test('is the operator’s, or of a credential of the tenant', async () => {
    expect(await status(ADMIN_TOKEN)).toBe(404)
    expect(await status(TOKEN)).toBe(404)
    expect(await status(await jwt({ aud: TENANT_URL }))).toBe(404)
  })

  test('is nobody else’s', async () => {
    expect(await status(await jwt())).toBe(401)
    expect(await status(TOKEN.replace(/.$/, '0'))).toBe(401)
    expect(await status(TOKEN, '/admin/tenants/other/nothing-here')).toBe(401)
    expect(await status(await jwt({ aud: TENANT_URL }), '/admin/tenants/other/x')).toBe(401)
    expect(await status(await jwt({ aud: TENANT_URL }), '/admin/nothing-here')).toBe(401)
    expect(await status(TOKEN, '/admin/tenants/ac%2Fme/nothing-here')).toBe(401)
  })

  test('is the operator’s by the whole admin token alone', async () => {
    expect(await isOperator(ADMIN_TOKEN, ADMIN_TOKEN)).toBe(true)
    for (const given of ['', `${ADMIN_TOKEN} `, ADMIN_TOKEN.slice(1), ADMIN_TOKEN.toUpperCase()]) {
      expect(await isOperator(ADMIN_TOKEN, given)).toBe(false)
    }
    expect(await isOperator('', '')).toBe(false)
  })

  test('is never an operator’s where no admin token is configured', async () => {
    const deps = { adminToken: '' }

    expect(await status(ADMIN_TOKEN, path, deps)).toBe(401)
    expect(await status('', path, deps)).toBe(401)
    expect(await status(TOKEN, path, deps)).toBe(404)
  })
})
