/** Authorization as a client meets it: statuses, headers and bytes. */
import { describe, expect, test } from 'vitest'
import { META } from '#protocol/mcp.ts'
import type { Grants } from '#protocol/scopes.ts'
import { createFakes, post, POLICY, VERDICT, type FakeOptions } from '../fake-deps.ts'
import { callTool, inSession, URL_OF_SERVER } from '../requests.ts'

const SERVERS = {
  everything: { requiredScopes: [], limits: [] },
  strict: { requiredScopes: ['mfa'], limits: [] },
}

function fakesFor(grants: Grants, more: FakeOptions = {}) {
  const verdict = { ...VERDICT, grants, policy: { ...POLICY, servers: SERVERS } }
  return createFakes({ acme: { authenticate: () => Promise.resolve(verdict) }, ...more })
}

const some = {
  scopes: [
    'tools:call:everything/echo',
    'prompts:get:everything/*',
    'resources:read:everything/a*',
  ],
}

const legacy = (method: string, params: object) =>
  post({ jsonrpc: '2.0', id: 'c1', method, params }, inSession)

function modern(method: string, params: Record<string, unknown>): RequestInit {
  const _meta = { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {} }
  const name = params.name ?? params.uri
  const headers = {
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': method,
    ...(typeof name === 'string' && { 'Mcp-Name': name }),
  }
  return post({ jsonrpc: '2.0', id: 'c1', method, params: { ...params, _meta } }, headers)
}

/** What of an answer could tell one from another: all but the name of the request itself. */
async function shape(response: Response): Promise<unknown> {
  const headers = [...response.headers].filter(([name]) => name !== 'x-request-id')
  return { status: response.status, headers, body: await response.text() }
}

describe('a server that may not be seen', () => {
  test.each([
    ['POST', post(callTool, inSession)],
    ['GET', { headers: { ...post('').headers, Accept: 'text/event-stream', ...inSession } }],
    ['DELETE', { method: 'DELETE', headers: { ...post('').headers, ...inSession } }],
    ['modern POST', modern('tools/call', { name: 'echo' })],
    ['POST without a session', post(callTool)],
    ['a POST that is malformed', modern('no/method', {})],
  ])('answers %s with the bytes of one that does not exist', async (_what, init) => {
    const { app, forwarded } = fakesFor({ scopes: ['servers:other', 'mfa'] })

    const hidden = await shape(await app.request(URL_OF_SERVER, init))
    const strict = await shape(await app.request('http://localhost:8787/mcp/strict', init))
    const absent = await shape(await app.request('http://localhost:8787/mcp/nowhere', init))

    expect(hidden).toMatchObject({ status: 404, body: expect.stringContaining('server_not_found') })
    expect(hidden).toEqual(absent)
    expect(strict).toEqual(absent)
    expect(forwarded).toEqual([])
  })

  test('is an open secret to a token that grants nothing', async () => {
    const { app } = fakesFor({ scopes: ['openid'] })

    const hidden = await app.request(URL_OF_SERVER, post(callTool, inSession))

    expect(hidden.status).toBe(403)
    expect(hidden.headers.get('WWW-Authenticate')).toBe(
      'Bearer realm="hearth", error="insufficient_scope", scope="servers:everything"',
    )
  })
})

test('scopes that a visible server requires are named in the challenge and in the data', async () => {
  const { app } = fakesFor({ scopes: ['*'] })

  const response = await app.request('http://localhost:8787/mcp/strict', post(callTool, inSession))

  expect(response.status).toBe(403)
  expect(response.headers.get('WWW-Authenticate')).toContain('scope="mfa"')
  expect(await response.json()).toMatchObject({
    id: 'c1',
    error: { data: { code: 'forbidden', scopes: ['mfa'] } },
  })
})

describe('what may not be used', () => {
  test.each([
    ['tools/call', { name: 'rm' }, -32602, 'Unknown tool: rm', 'unknown_tool'],
    ['resources/read', { uri: 'b' }, -32002, 'Resource not found', 'unknown_resource'],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'b' } },
      ...([-32002, 'Resource not found', 'unknown_resource'] as const),
    ],
  ] as const)('%s: in the words of each era', async (method, params, old, message, code) => {
    const { app, forwarded, lines } = fakesFor(some)

    const answers = [
      await app.request(URL_OF_SERVER, legacy(method, params)),
      await app.request(URL_OF_SERVER, modern(method, params)),
    ]

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const error = { message, data: { code, retryable: false } }
    expect(await answers[0]?.json()).toMatchObject({ id: 'c1', error: { ...error, code: old } })
    expect(await answers[1]?.json()).toMatchObject({ id: 'c1', error: { ...error, code: -32602 } })
    expect(forwarded).toEqual([])
    expect(lines.map(({ outcome }) => outcome)).toEqual([code, code])
  })

  test('is not asked for in a header that the body contradicts', async () => {
    const { app, forwarded } = fakesFor(some)
    const init = modern('tools/call', { name: 'rm' })
    const headers = { ...(init.headers as Record<string, string>), 'Mcp-Name': 'echo' }

    const response = await app.request(URL_OF_SERVER, { ...init, headers })

    expect(response.status).toBe(400)
    expect(forwarded).toEqual([])
  })

  test('is not asked for by the second of two names', async () => {
    const { app, forwarded } = fakesFor(some)
    const body =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","name":"echo"}}'

    expect((await app.request(URL_OF_SERVER, post(body, inSession))).status).toBe(400)
    expect(forwarded).toEqual([])
  })
})

test('what may be used is forwarded, and lists with what they are filtered by', async () => {
  const { app, forwarded } = fakesFor(some)
  await app.request(URL_OF_SERVER, legacy('tools/call', { name: 'echo' }))
  await app.request(URL_OF_SERVER, modern('tools/list', {}))

  expect(forwarded.map(({ call }) => call.access)).toEqual([
    undefined,
    { kind: 'tool', may: ['echo'] },
  ])
})

test('nothing goes along for a principal that may use all', async () => {
  const { app, forwarded } = fakesFor({ scopes: ['*'] })
  await app.request(URL_OF_SERVER, modern('tools/list', {}))

  expect(forwarded[0]?.call).not.toHaveProperty('access')
})

test('a credential that the object knows to have ended is challenged, and logged by the object', async () => {
  const gone = () => Promise.resolve(new Response('{}', { status: 401 }))
  const { app, lines } = fakesFor({ scopes: ['*'] }, { answers: [gone] })

  const response = await app.request(URL_OF_SERVER, post(callTool, inSession))

  expect(response.status).toBe(401)
  expect(response.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
  expect(await response.json()).toMatchObject({
    id: 'c1',
    error: { data: { code: 'unauthorized' } },
  })
  expect(lines).toEqual([])
})
