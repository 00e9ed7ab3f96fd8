import { describe, expect, test } from 'vitest'
import { ERRORS, GatewayError, type ErrorCode } from '#protocol/errors.ts'
import { META } from '#protocol/mcp.ts'
import type { TenantStub, Verdict } from '#protocol/tenant.ts'
import { createFakes, post, POST_HEADERS, SESSION, TOKEN, VERDICT } from './fake-deps.ts'

const URL_OF_SERVER = 'http://localhost:8787/mcp/everything'
const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }
const callTool = {
  jsonrpc: '2.0',
  id: 'c1',
  method: 'tools/call',
  params: { name: 'echo', _meta: { progressToken: 5 } },
}
const inSession = { 'Mcp-Session-Id': SESSION }
const lost = (flags: object) => () => Promise.reject(Object.assign(new Error('lost'), flags))
const answered = () => Promise.resolve(Response.json({ answered: true }))

async function expectError(response: Response, code: ErrorCode, id: unknown): Promise<void> {
  expect(response.status).toBe(ERRORS[code].status)
  expect(response.headers.get('Content-Type')).toBe('application/json')
  expect(response.headers.get('X-Request-Id')).toBeTruthy()
  expect(await response.json()).toMatchObject({
    jsonrpc: '2.0',
    id,
    error: { code: ERRORS[code].rpc, data: { code, retryable: ERRORS[code].retryable } },
  })
}

describe('a call', () => {
  test('reaches the server host of its tenant and session, as it came', async () => {
    const { app, forwarded } = createFakes()

    const response = await app.request(URL_OF_SERVER, post(callTool, inSession))

    expect(await response.json()).toEqual({ answered: true })
    expect(forwarded).toHaveLength(1)
    expect(forwarded[0]).toMatchObject({
      placement: 'acme:main',
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
    expect(names.filter((name) => !name.startsWith('content-'))).toEqual(['hearth-call'])
    expect(forwarded[0]?.call.tenant).toBe('acme')
  })

  test('goes where its session lives', async () => {
    const { app, forwarded } = createFakes()
    const sessionId = SESSION.replace('main', 'shard-2')

    await app.request(URL_OF_SERVER, {
      method: 'DELETE',
      headers: { ...POST_HEADERS, 'Mcp-Session-Id': sessionId },
    })

    expect(forwarded[0]).toMatchObject({ placement: 'acme:shard-2', call: { http: 'DELETE' } })
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

describe('a request that is refused before the server host', () => {
  const json = { 'Content-Type': 'text/plain' }
  const cases: { name: string; init: RequestInit; code: ErrorCode; id?: unknown }[] = [
    { name: 'no JSON', init: post('{"jsonrpc":'), code: 'parse_error' },
    { name: 'an empty body', init: post(''), code: 'parse_error' },
    { name: 'a BOM', init: post(`\uFEFF${JSON.stringify(initialize)}`), code: 'parse_error' },
    {
      name: 'no UTF-8',
      init: { ...post(''), body: new Uint8Array([34, 255, 34]) },
      code: 'parse_error',
    },
    { name: 'a batch', init: post([initialize]), code: 'batch_unsupported' },
    { name: 'no JSON-RPC', init: post({ id: 3 }), code: 'invalid_message', id: 3 },
    { name: 'another content type', init: post(initialize, json), code: 'unsupported_media_type' },
    {
      name: 'another Accept',
      init: post(initialize, { Accept: 'text/html' }),
      code: 'not_acceptable',
    },
    {
      name: 'a large body',
      init: post({ ...initialize, x: 'x'.repeat(5000) }),
      code: 'body_too_large',
    },
    { name: 'no session', init: post(callTool), code: 'session_required', id: 'c1' },
    { name: 'PUT', init: { ...post(initialize), method: 'PUT' }, code: 'method_not_allowed' },
    { name: 'HEAD', init: { method: 'HEAD', headers: POST_HEADERS }, code: 'method_not_allowed' },
    {
      name: 'GET of JSON',
      init: { headers: { ...POST_HEADERS, ...inSession, Accept: 'application/json' } },
      code: 'not_acceptable',
    },
    { name: 'GET without session', init: { headers: POST_HEADERS }, code: 'session_required' },
    {
      name: 'a foreign origin',
      init: post(initialize, { Origin: 'http://evil.example' }),
      code: 'origin_forbidden',
    },
    {
      name: 'a foreign host',
      init: post(initialize, { Host: 'evil.example' }),
      code: 'origin_forbidden',
    },
  ]

  test.each(cases)('$name: $code', async ({ init, code, id }) => {
    const { app, forwarded, lines } = createFakes()

    const response = await app.request(URL_OF_SERVER, init)

    if (init.method === 'HEAD') expect(response.status).toBe(405)
    else await expectError(response, code, id ?? null)
    expect(forwarded).toEqual([])
    expect(lines).toMatchObject([{ outcome: code }])
  })

  test('an endless body is refused', async () => {
    const { app } = createFakes()
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        sent += 1024
        controller.enqueue(new Uint8Array(1024).fill(32))
      },
    })
    const init = { ...post(''), body, duplex: 'half' } as RequestInit

    const response = await app.request(URL_OF_SERVER, init)

    await expectError(response, 'body_too_large', null)
    expect(sent).toBeLessThan(6 * 4096)
  })

  test('an unknown server is 404 and answers the request’s id', async () => {
    const { app, forwarded, lines } = createFakes()

    const response = await app.request('http://localhost/mcp/nobody', post(initialize))

    await expectError(response, 'server_not_found', 1)
    expect(forwarded).toEqual([])
    expect(lines[0]?.record).toMatchObject({ server: 'nobody', method: 'initialize' })
  })

  test('a method that is not taken says which are', async () => {
    const response = await createFakes().app.request(URL_OF_SERVER, {
      method: 'PUT',
      headers: POST_HEADERS,
    })

    expect(response.headers.get('Allow')).toBe('POST, GET, DELETE, OPTIONS')
  })

  test('an unsupported version says which are supported', async () => {
    const _meta = { [META.protocolVersion]: '2099-01-01', [META.clientCapabilities]: {} }
    const body = { jsonrpc: '2.0', id: 9, method: 'server/discover', params: { _meta } }
    const headers = { 'MCP-Protocol-Version': '2099-01-01', 'Mcp-Method': 'server/discover' }

    const response = await createFakes().app.request(URL_OF_SERVER, post(body, headers))

    expect(await response.json()).toMatchObject({
      id: 9,
      error: { code: -32022, data: { supported: ['2026-07-28'], requested: '2099-01-01' } },
    })
  })

  test('a modern notification is 202 without a body', async () => {
    const { app, forwarded, lines } = createFakes()
    const headers = { 'MCP-Protocol-Version': '2026-07-28' }

    const response = await app.request(
      URL_OF_SERVER,
      post({ jsonrpc: '2.0', method: 'x/y' }, headers),
    )

    expect([response.status, await response.text()]).toEqual([202, ''])
    expect(forwarded).toEqual([])
    expect(lines).toMatchObject([{ outcome: 'ok', record: { era: 'modern', method: 'x/y' } }])
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

  test.each(['Bearer nonsense', 'Basic YTpi', `Bearer ${TOKEN.replace('acme', 'other')}`])(
    'with %j is told that the token is invalid',
    async (authorization) => {
      const { app } = createFakes()

      const response = await app.request(
        URL_OF_SERVER,
        post(initialize, { Authorization: authorization }),
      )

      await expectError(response, 'unauthorized', null)
      expect(response.headers.get('WWW-Authenticate')).toBe(
        'Bearer realm="hearth", error="invalid_token"',
      )
    },
  )

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

describe('when the tenant is lost', () => {
  const authenticate = (failures: number, flags: object) => {
    let left = failures
    return () => (left-- > 0 ? lost(flags)() : Promise.resolve(VERDICT))
  }
  const tenantThat = (authenticating: () => Promise<Verdict>) => ({
    tenant: () => ({ authenticate: authenticating }) as Partial<TenantStub> as TenantStub,
  })

  test('it is asked once more', async () => {
    const deps = tenantThat(authenticate(1, { retryable: true }))

    const response = await createFakes({ deps }).app.request(URL_OF_SERVER, post(initialize))

    expect(response.status).toBe(200)
  })

  test.each([
    { flags: { retryable: true }, failures: 2 },
    { flags: { retryable: true, overloaded: true }, failures: 1 },
  ])(
    '$failures times with $flags, the caller is told to come back',
    async ({ flags, failures }) => {
      const deps = tenantThat(authenticate(failures, flags))

      const response = await createFakes({ deps }).app.request(URL_OF_SERVER, post(initialize))

      await expectError(response, 'not_ready', null)
      expect(response.headers.get('Retry-After')).toBe('1')
    },
  )
})

describe('when the server host is lost', () => {
  const read = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

  test('a call that is safe to repeat is sent once more', async () => {
    const { app, forwarded } = createFakes({ answers: [lost({ retryable: true }), answered] })

    const response = await app.request(URL_OF_SERVER, post(read, inSession))

    expect(response.status).toBe(200)
    expect(forwarded.map(({ body }) => body)).toEqual([JSON.stringify(read), JSON.stringify(read)])
  })

  test.each([
    {
      name: 'a tool call is not repeated',
      message: callTool,
      flags: { retryable: true },
      times: 1,
    },
    {
      name: 'an overloaded host is not asked again',
      message: read,
      flags: { retryable: true, overloaded: true },
      times: 1,
    },
    { name: 'two losses are enough', message: read, flags: { durableObjectReset: true }, times: 2 },
  ])('$name', async ({ message, flags, times }) => {
    const { app, forwarded, lines } = createFakes({ answers: [lost(flags)] })

    const response = await app.request(URL_OF_SERVER, post(message, inSession))

    await expectError(response, 'host_unavailable', message.id)
    expect(response.headers.get('Retry-After')).toBe('1')
    expect(forwarded).toHaveLength(times)
    expect(lines).toMatchObject([{ outcome: 'host_unavailable' }])
  })

  test('an unknown error is internal, and its text stays inside', async () => {
    const { app, faults } = createFakes({
      answers: [() => Promise.reject(new Error('db password is 1234'))],
    })

    const response = await app.request(URL_OF_SERVER, post(read, inSession))

    const text = await response.clone().text()
    await expectError(response, 'internal', 1)
    expect(text).not.toContain('1234')
    expect(String(faults[0])).toContain('1234')
  })

  test('a fault of the table keeps its code, detail and delay', async () => {
    const fault = new GatewayError('server_busy', { detail: 'all 64 in use', retryAfterMs: 1500 })
    const { app } = createFakes({ answers: [() => Promise.reject(fault)] })

    const response = await app.request(URL_OF_SERVER, post(read, inSession))

    expect(response.headers.get('Retry-After')).toBe('2')
    await expectError(response, 'server_busy', 1)
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
    const servers = [{ name: 'everything', ready: false, error: 'not found' }]
    const { app } = createFakes({ warm: { servers } })

    const response = await app.request('/ready', { headers: POST_HEADERS })

    expect(response.status).toBe(503)
    expect(response.headers.has('Retry-After')).toBe(true)
    expect(await response.json()).toEqual({
      ready: false,
      servers: [{ name: 'everything', warm: false, error: 'not found' }],
    })
  })

  test('/ready is 200 when they are', async () => {
    const { app } = createFakes({ warm: { servers: [{ name: 'everything', ready: true }] } })

    const response = await app.request('/ready', { headers: POST_HEADERS })

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      ready: true,
      servers: [{ name: 'everything', warm: true }],
    })
  })
})
