/** JWTs in real workerd, of an issuer that is a real server, on requests that no process is needed for. */
import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { post, SESSION } from '../fake-deps.ts'
import { ADMIN_TOKEN, startWorker, type RunningWorker } from '../start-worker.ts'
import {
  claimsAt,
  createSigner,
  encodePart,
  ISSUER,
  PUBLIC_ALGORITHMS,
  SECRET_VALUE,
  secretSigner,
  sign,
  type PublicSigner,
  type Signer,
} from './issuing.ts'
import { startJWKSServer, type JWKSServer } from './jwks-server.ts'

const call = { jsonrpc: '2.0', id: 'c1', method: 'tools/call', params: { name: 'echo' } }
const signers = {} as Record<(typeof PUBLIC_ALGORITHMS)[number], PublicSigner>
let jwks: JWKSServer
let worker: RunningWorker
let hearthToken: string

beforeAll(async () => {
  for (const alg of PUBLIC_ALGORITHMS) signers[alg] = await createSigner(alg, `kid-${alg}`)
  jwks = await startJWKSServer(Object.values(signers).map(({ jwk }) => jwk))
  worker = await startWorker()
  for (const tenant of ['acme', 'globex']) {
    await admin('PUT', `${tenant}/servers`, { echo: { command: 'node' } })
    await admin('PUT', `${tenant}/secrets/SIGNING`, { value: SECRET_VALUE })
  }
  const { token } = (await (
    await admin('POST', 'acme/tokens', { name: 'static', grants: { scopes: ['*', 'admin'] } })
  ).json()) as { token: string }
  hearthToken = token
  await putIssuers('acme', issuers())
}, 60_000)

afterAll(async () => {
  await worker.stop()
  await jwks[Symbol.asyncDispose]()
})

function issuers() {
  const algorithms = [...PUBLIC_ALGORITHMS]
  const more = { scopes: ['*'] }
  return [
    { name: 'remote', issuer: ISSUER, algorithms, keys: { jwksURL: jwks.url }, ...more },
    { name: 'shared', issuer: 'app', algorithms: ['HS256'], keys: { secret: 'SIGNING' }, ...more },
    ...algorithms.flatMap((alg) => [
      {
        name: `pem-${alg.toLowerCase()}`,
        issuer: `pem-${alg}`,
        algorithms: [alg],
        keys: { pem: signers[alg].pem },
        ...more,
      },
      {
        name: `jwk-${alg.toLowerCase()}`,
        issuer: `jwk-${alg}`,
        algorithms: [alg],
        keys: { jwk: signers[alg].jwk },
        ...more,
      },
    ]),
  ]
}

async function admin(method: string, path: string, body: unknown): Promise<Response> {
  const response = await worker.admin(method, path, body)
  if (!response.ok)
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response
}

const putIssuers = (tenant: string, list: unknown[]) =>
  admin('PUT', `${tenant}/issuers`, { issuers: list })

const endpoint = (tenant = 'acme') => `${worker.url.origin}/t/${tenant}/mcp/echo`

function jwt(signer: Signer, more: Record<string, unknown> = {}, header = {}): Promise<string> {
  return sign(signer, claimsAt(Date.now(), { aud: endpoint(), ...more }), header)
}

function send(token: string, url = endpoint()): Promise<Response> {
  const headers = { Authorization: `Bearer ${token}`, 'Mcp-Session-Id': SESSION }
  return fetch(url, post(call, headers))
}

/** `session_not_found`: the ServerHost object was reached, and has no such session. */
async function codeOf(response: Response): Promise<unknown> {
  const { error } = (await response.json()) as { error: { data: { code: string } } }
  return error.data.code
}

describe('a call with a JWT', () => {
  test.each(PUBLIC_ALGORITHMS)(
    'signed with %s reaches its server, by JWKS, PEM and JWK',
    async (alg) => {
      const signer = signers[alg]
      for (const [iss, header] of [
        [ISSUER, { kid: `kid-${alg}` }],
        [ISSUER, {}],
        [`pem-${alg}`, {}],
        [`jwk-${alg}`, {}],
      ] as const) {
        expect(await codeOf(await send(await jwt(signer, { iss }, header)))).toBe(
          'session_not_found',
        )
      }
    },
  )

  test('signed with HS256 reaches its server by a secret of the tenant', async () => {
    expect(await codeOf(await send(await jwt(secretSigner, { iss: 'app' })))).toBe(
      'session_not_found',
    )
  })

  test('for the tenant reaches each server, and /ready', async () => {
    const token = await jwt(signers.ES256, { aud: `${worker.url.origin}/t/acme` })
    const ready = await fetch(`${worker.url.origin}/t/acme/ready`, {
      headers: { Authorization: `Bearer ${token}` },
    })

    expect(await codeOf(await send(token))).toBe('session_not_found')
    expect(await ready.json()).toMatchObject({ ready: false, servers: [{ name: 'echo' }] })
  })

  test('leaves a line with its principal, and without the token', async () => {
    const token = await jwt(signers.EdDSA, { sub: 'line-of-ada', iss: ISSUER })
    const response = await fetch(endpoint(), post(call, { Authorization: `Bearer ${token}` }))
    await response.text()
    const id = response.headers.get('X-Request-Id') ?? 'none'

    await expect.poll(() => worker.lines.find((line) => line.includes(id))).toBeDefined()
    const line = worker.lines.find((text) => text.includes(id)) ?? ''
    expect(JSON.parse(line)).toMatchObject({ principal: 'jwt:remote:line-of-ada', tenant: 'acme' })
    expect(worker.lines.join('\n')).not.toContain(token.split('.')[2])
  })
})

describe('a call is refused', () => {
  const expectRefused = async (token: string, url?: string) => {
    const response = await send(token, url)
    expect([response.status, await codeOf(response)]).toEqual([401, 'unauthorized'])
    expect(response.headers.get('WWW-Authenticate')).toMatch(/error="invalid_token"/)
  }

  test('with a JWT that was forged, truncated, is expired, or for something else', async () => {
    for (const signer of Object.values(signers)) {
      const token = await jwt(signer)
      const stranger = await createSigner(signer.alg as 'ES256', `kid-${signer.alg}`)
      const [header = '', payload = '', signature = ''] = token.split('.')
      const wrong = [
        await jwt(stranger, {}, { kid: `kid-${signer.alg}` }),
        await jwt(stranger, {}, { jwk: stranger.jwk, jku: jwks.url, kid: 'mine' }),
        await jwt(signer, { exp: 1 }),
        await jwt(signer, { nbf: 9e9 }),
        await jwt(signer, { aud: endpoint('globex') }),
        await jwt(signer, { aud: `${worker.url.origin}/mcp/echo` }),
        await jwt(signer, { iss: 'https://other.example' }),
        await jwt(signer, {}, { kid: 'unknown' }),
        token.slice(0, -1),
        `${header}.${payload}.`,
        `${encodePart({ alg: 'none' })}.${payload}.`,
        `${encodePart({ alg: 'none' })}.${payload}.${signature}`,
        `${header}.${encodePart(claimsAt(Date.now(), { aud: endpoint(), sub: 'root' }))}.${signature}`,
      ]
      for (const text of wrong) await expectRefused(text)
    }
  })

  test('with HS256 under a public key, however that is written', async () => {
    for (const { jwk, pem } of Object.values(signers)) {
      for (const iss of [ISSUER, 'app', 'pem-RS256', 'jwk-RS256']) {
        for (const secret of [pem, pem.trim(), JSON.stringify(jwk)]) {
          const signed = `${encodePart({ alg: 'HS256' })}.${encodePart(claimsAt(Date.now(), { iss, aud: endpoint() }))}`
          const signature = createHmac('sha256', secret).update(signed).digest('base64url')
          await expectRefused(`${signed}.${signature}`)
        }
      }
    }
  })

  test('with a good JWT on the plain path, on another tenant’s, or on no tenant’s', async () => {
    const token = await jwt(signers.ES256)

    await expectRefused(token, `${worker.url.origin}/mcp/echo`)
    await expectRefused(token, endpoint('globex'))
    await expectRefused(token, endpoint('nobody'))
    await expectRefused(hearthToken, endpoint('globex'))
    expect(await codeOf(await send(hearthToken))).toBe('session_not_found')
  })

  test('with a token in the query', async () => {
    const response = await fetch(`${endpoint()}?access_token=${hearthToken}`, {
      ...post(call),
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
    })

    expect(response.status).toBe(401)
  })

  test.each([
    ['two good headers', (token: string) => [`Bearer ${token}`, `Bearer ${token}`]],
    ['a good and a bad one', (token: string) => [`Bearer ${token}`, 'Bearer x']],
    ['a bad and a good one', (token: string) => ['Basic YTpi', `Bearer ${token}`]],
    ['two tokens in one', (token: string) => [`Bearer ${token}, Bearer ${token}`]],
    ['a token that is too long', () => [`Bearer ${'a'.repeat(17_000)}`]],
    [
      'a token cut by a line break',
      (token: string) => [`Bearer ${token.slice(0, 20)}\r\n ${token.slice(20)}`],
    ],
    ['bytes that are no text', () => ['Bearer \xff\xfe\x80']],
  ])('with %s', async (_name, headers) => {
    const lines = headers(hearthToken).map((value) => `Authorization: ${value}\r\n`)
    const answer = await sendRaw(lines.join(''))

    expect(answer).toMatch(/^HTTP\/1.1 40[01] /)
    expect(answer).not.toContain('session_not_found')
    expect(answer).not.toContain(hearthToken.slice(-16))
  })
})

describe('OAuth', () => {
  const wellKnown = (path: string) =>
    fetch(`${worker.url.origin}/.well-known/oauth-protected-resource${path}`)

  test('is announced by a tenant with an issuer that is a server', async () => {
    const refused = await fetch(endpoint(), { method: 'POST' })
    const url = /resource_metadata="([^"]+)"/.exec(
      refused.headers.get('WWW-Authenticate') ?? '',
    )?.[1]
    const metadata = await fetch(url ?? 'none')

    expect(await metadata.json()).toEqual({
      resource: endpoint(),
      authorization_servers: [ISSUER],
      bearer_methods_supported: ['header'],
      scopes_supported: ['servers:echo'],
    })
  })

  test('is not announced by one with static tokens alone', async () => {
    const refused = await fetch(endpoint('globex'), { method: 'POST' })
    const [known, unknown] = await Promise.all([wellKnown('/t/globex'), wellKnown('/t/nobody')])

    expect(refused.headers.get('WWW-Authenticate')).toBe('Bearer realm="hearth"')
    expect([known.status, unknown.status]).toEqual([404, 404])
    expect(await known.text()).toBe(await unknown.text())
  })
})

describe('the control plane', () => {
  const get = async (path: string, token: string) => {
    const headers = { Authorization: `Bearer ${token}` }
    return (await fetch(`${worker.url.origin}/admin/tenants/${path}`, { headers })).status
  }

  test('takes a tenant’s JWT for the tenant, by its scopes, and for no endpoint alone', async () => {
    const aud = `${worker.url.origin}/t/acme`

    expect(await get('acme/servers', await jwt(signers.RS256, { aud, scope: 'admin' }))).toBe(200)
    expect(await get('acme/servers', await jwt(signers.RS256, { aud }))).toBe(403)
    expect(await get('acme/servers', await jwt(signers.RS256, { scope: 'admin' }))).toBe(401)
    expect(await get('globex/servers', await jwt(signers.RS256, { aud, scope: 'admin' }))).toBe(401)
    expect(await get('acme/servers', hearthToken)).toBe(200)
    expect(await get('globex/servers', hearthToken)).toBe(401)
    expect(await get('globex/servers', ADMIN_TOKEN)).toBe(200)
  })
})

describe('an issuer', () => {
  const remote = (url: string) => [
    {
      name: 'rotating',
      issuer: ISSUER,
      algorithms: ['ES256'],
      keys: { jwksURL: url },
      scopes: ['*'],
    },
  ]
  const globexJWT = (signer: Signer, header = {}) =>
    jwt(signer, { aud: endpoint('globex') }, header)

  test('whose server is down is waited for, and asked seldom', async () => {
    await using down = await startJWKSServer()
    down.answer = (response) => response.writeHead(503).end()
    await putIssuers('globex', remote(down.url))
    const token = await globexJWT(signers.ES256)
    const answers = [await send(token, endpoint('globex')), await send(token, endpoint('globex'))]

    for (const response of answers) {
      expect([response.status, await codeOf(response)]).toEqual([503, 'not_ready'])
      expect(response.headers.get('Retry-After')).toBe('1')
    }
    expect(down.count).toBe(1)
    const { host } = new URL(down.url)
    const cause = `keys of issuer rotating: ${host}: status 503`
    await expect.poll(() => worker.lines.find((line) => line.includes(cause))).toBeDefined()
  })

  test('is asked once for many tokens, and not again at once for keys that are made up', async () => {
    await using server = await startJWKSServer([signers.ES256.jwk])
    await putIssuers('globex', remote(server.url))
    for (let n = 0; n < 5; n++) {
      const good = await globexJWT(signers.ES256, { kid: 'kid-ES256' })
      const forged = await globexJWT(await createSigner('ES256'), { kid: `made-up-${n}` })
      expect(await codeOf(await send(good, endpoint('globex')))).toBe('session_not_found')
      expect((await send(forged, endpoint('globex'))).status).toBe(401)
    }
    expect(server.count).toBe(1)
  })

  test('that is removed is forgotten at once where that was done', async () => {
    await using server = await startJWKSServer([signers.ES256.jwk])
    await putIssuers('globex', remote(server.url))
    const token = await globexJWT(signers.ES256)
    expect(await codeOf(await send(token, endpoint('globex')))).toBe('session_not_found')
    await putIssuers('globex', [])

    expect((await send(token, endpoint('globex'))).status).toBe(401)
  })
})

/** As no client sends it. */
async function sendRaw(headers: string): Promise<string> {
  const { hostname, port } = worker.url
  await using socket = connect(Number(port), hostname)
  const body = JSON.stringify(call)
  socket.write(
    `POST /t/acme/mcp/echo HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n` +
      `Mcp-Session-Id: ${SESSION}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
    'latin1',
  )
  return await text(socket)
}
