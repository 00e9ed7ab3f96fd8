import type { ServerReport } from '#protocol/host-call.ts'
import type { ResilienceReport } from '#protocol/resilience.ts'
import { describe, expect, test } from 'vitest'
import { createFakes, post, POST_HEADERS, SESSION, TOKEN, VERDICT } from './fake-deps.ts'
import { callTool, expectError, initialize, inSession, URL_OF_SERVER } from './requests.ts'

describe('a call', () => {
  test('reaches the server host of its tenant and session, as it came', async () => {
    const { app, forwarded } = createFakes()

    const response = await app.request(URL_OF_SERVER, post(callTool, inSession))

    expect(await response.json()).toEqual({ answered: true })
    expect(forwarded).toHaveLength(1)
    expect(forwarded[0]).toMatchObject({
      tenant: 'acme',
      body: JSON.stringify(callTool),
      call: {
        tenant: 'acme',
        principal: VERDICT.principal,
        server: 'everything',
        configVersion: 7,
        http: 'POST',
        era: 'legacy',
        envelope: { kind: 'request', id: 'c1', method: 'tools/call' },
        target: 'echo',
        progressToken: 5,
        sessionId: SESSION,
      },
    })
  })

  test('takes none of the client’s headers along', async () => {
    const { app, forwarded } = createFakes()
    const spoofed = { 'hearth-call': '{}', 'hearth-x': '1', 'cf-container-target-port': '22' }

    await app.request(URL_OF_SERVER, post(initialize, spoofed))

    const names = [...(forwarded[0]?.headers.keys() ?? [])]
    expect(names.filter((name) => !name.startsWith('content-'))).toEqual([
      'hearth-body',
      'hearth-call',
    ])
    expect(forwarded[0]?.call.tenant).toBe('acme')
  })

  test('with a session goes to its own tenant, whatever the id says', async () => {
    const { app, forwarded } = createFakes()
    const sessionId = SESSION.replace('main', 'shard-2')

    await app.request(URL_OF_SERVER, {
      method: 'DELETE',
      headers: { ...POST_HEADERS, 'Mcp-Session-Id': sessionId },
    })

    expect(forwarded[0]).toMatchObject({ tenant: 'acme', call: { http: 'DELETE' } })
  })

  test('in several lines is forwarded on one, and means the same', async () => {
    const { app, forwarded } = createFakes()
    const message = { ...initialize, params: { text: 'a\nb\r' } }

    await app.request(
      URL_OF_SERVER,
      post(JSON.stringify(message, null, 2).replaceAll('\n', '\r\n')),
    )

    expect(forwarded[0]?.body).not.toMatch(/[\r\n]/)
    expect(JSON.parse(forwarded[0]?.body ?? '')).toEqual(message)
  })

  test('with a name outside ASCII survives the header', async () => {
    const { app, forwarded } = createFakes()
    const params = { name: 'écho→🔥' }

    await app.request(URL_OF_SERVER, post({ ...callTool, params }, inSession))

    expect(forwarded[0]?.call.target).toBe('écho→🔥')
  })
})

describe('a caller', () => {
  test('without a token is challenged, without an error', async () => {
    const { app, asked } = createFakes()

    const response = await app.request(URL_OF_SERVER, post(initialize, { Authorization: '' }))

    await expectError(response, 'unauthorized', null)
    expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="hearth"/)
    expect(asked).toEqual([])
  })

  test('without an Authorization header gets the bare challenge', async () => {
    const response = await createFakes().app.request(URL_OF_SERVER, { method: 'POST' })

    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer realm="hearth"')
  })

  const unknown = 'the token is unknown, has expired or was revoked'
  test.each([
    ['Bearer nonsense', unknown],
    ['Basic YTpi', 'the Authorization header holds no bearer token'],
    [`Bearer ${TOKEN.replace('acme', 'other')}`, unknown],
  ])('with %j is told that the token is invalid', async (authorization, description) => {
    const { app } = createFakes()

    const response = await app.request(
      URL_OF_SERVER,
      post(initialize, { Authorization: authorization }),
    )

    await expectError(response, 'unauthorized', null)
    expect(response.headers.get('WWW-Authenticate')).toBe(
      `Bearer realm="hearth", error="invalid_token", error_description="${description}"`,
    )
  })

  test('is looked up once, granted or refused', async () => {
    const { app, asked } = createFakes()
    const wrong = { Authorization: `Bearer ${TOKEN.slice(0, -2)}00` }
    for (const headers of [{}, {}, wrong, wrong])
      await app.request(URL_OF_SERVER, post(initialize, headers))

    expect(asked).toHaveLength(2)
  })

  test('learns nothing from discovery paths', async () => {
    const { app } = createFakes()
    for (const path of [
      '/.well-known/oauth-protected-resource/mcp/everything',
      '/.well-known/openid-configuration',
      '/register',
    ]) {
      const response = await app.request(path)

      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: { code: 'not_found' } })
    }
  })
})

describe('a page of an allowed origin', () => {
  const Origin = 'https://app.example'

  test('may read the answer and its session id', async () => {
    const response = await createFakes().app.request(URL_OF_SERVER, post(initialize, { Origin }))

    expect(response.status).toBe(200)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(Origin)
    expect(response.headers.get('Access-Control-Expose-Headers')).toContain('Mcp-Session-Id')
  })

  test('may read why it was refused', async () => {
    const response = await createFakes().app.request(URL_OF_SERVER, {
      method: 'POST',
      headers: { Origin },
    })

    expect(response.status).toBe(401)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(Origin)
  })

  test('gets a preflight without a token', async () => {
    const asked = 'authorization,content-type,mcp-param-region'
    const headers = {
      Origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': asked,
    }

    const response = await createFakes().app.request(URL_OF_SERVER, { method: 'OPTIONS', headers })

    expect(response.status).toBe(204)
    expect(response.headers.get('Access-Control-Allow-Methods')).toContain('DELETE')
    expect(response.headers.get('Access-Control-Allow-Headers')).toBe(asked)
  })

  test('of a foreign origin gets no preflight', async () => {
    const headers = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' }

    const response = await createFakes().app.request(URL_OF_SERVER, { method: 'OPTIONS', headers })

    expect(response.status).toBe(403)
    expect(response.headers.has('Access-Control-Allow-Origin')).toBe(false)
  })
})

describe('operations', () => {
  test('/health needs nothing', async () => {
    const response = await createFakes().app.request('http://whatever.example/health')

    expect(await response.json()).toEqual({ status: 'ok' })
  })

  test('/ready needs a token', async () => {
    expect((await createFakes().app.request('/ready')).status).toBe(401)
  })

  test('/ready is 503 until every enabled server is warm', async () => {
    const servers = [{ name: 'everything', ready: false, eras: [] }]
    const { app } = createFakes({ warm: { servers } })

    const response = await app.request('/ready', { headers: POST_HEADERS })

    expect(response.status).toBe(503)
    expect(response.headers.has('Retry-After')).toBe(true)
    expect(await response.json()).toEqual({
      ready: false,
      servers: [{ name: 'everything', ready: false, warm: false }],
    })
  })

  test('/ready says how a server fares, but not of a personal one: it would tell of others', async () => {
    const counts = { inFlight: 1, queued: 0, calls: 20, failures: 11 }
    const resilience: ResilienceReport = {
      ...counts,
      health: 'unhealthy',
      breaker: { state: 'open', since: 1 },
      lastFailure: { code: 'call_timeout', at: 1 },
    }
    const common = { name: 'everything', ready: true, eras: ['legacy'], resilience }
    const seen = async (server: ServerReport): Promise<unknown> => {
      const { app } = createFakes({ warm: { servers: [server] } })
      const response = await app.request('/ready', { headers: POST_HEADERS })
      return response.json()
    }

    expect(await seen(common)).toEqual({
      ready: true,
      servers: [
        { name: 'everything', ready: true, warm: true, health: 'unhealthy', breaker: 'open' },
      ],
    })
    expect(await seen({ ...common, isPersonal: true })).toEqual({
      ready: true,
      servers: [{ name: 'everything', ready: true, warm: true }],
    })
  })

  test('/ready is 200 when they are', async () => {
    const { app } = createFakes({
      warm: { servers: [{ name: 'everything', ready: true, eras: ['legacy'] }] },
    })

    const response = await app.request('/ready', { headers: POST_HEADERS })

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      ready: true,
      servers: [{ name: 'everything', ready: true, warm: true }],
    })
  })
})
