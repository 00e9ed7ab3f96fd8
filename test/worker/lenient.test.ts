/** What clients send that is not quite what the transport asks for, and means only one thing. */
import { describe, expect, test } from 'vitest'
import { createFakes, post, POST_HEADERS, SESSION } from './fake-deps.ts'
import { callTool, expectError, initialize, inSession, URL_OF_SERVER } from './requests.ts'

const ORIGIN = 'http://localhost:8787'
const stranger = { ...post(initialize), headers: { ...POST_HEADERS, Authorization: 'Bearer x' } }

describe('a slash at the end of a path means nothing', () => {
  test.each([
    '/mcp/everything',
    '/t/acme/mcp/everything',
    '/mcp',
    '/t/acme/mcp',
    '/messages/everything',
    '/t/acme/messages',
  ])('%s', async (path) => {
    const { app, forwarded } = createFakes()
    const query = path.includes('messages') ? `?sessionId=${SESSION}` : ''
    for (const at of [path, `${path}/`]) {
      const { status } = await app.request(`${ORIGIN}${at}${query}`, post(initialize))
      expect(status).toBe(200)
    }

    const [one, other] = forwarded.map(({ call }) => ({ ...call, requestId: '', receivedAt: 0 }))
    expect(one).toBeDefined()
    expect(other).toEqual(one)
  })

  test.each(['/sse', '/t/acme/sse/everything'])('%s', async (path) => {
    const { app, forwarded } = createFakes()
    const headers = { ...POST_HEADERS, Accept: 'text/event-stream' }
    await app.request(`${ORIGIN}${path}/`, { headers })

    expect(forwarded[0]?.call.sse?.endpoint).toMatch(/messages(\/everything)?$/)
  })

  test.each(['/mcp/everything/', '/t/acme/mcp/', '/sse/', '/admin/tenants/'])(
    '%s needs a token as without it',
    async (path) => {
      const { app, forwarded } = createFakes()
      const method = path === '/sse/' || path === '/admin/tenants/' ? 'GET' : 'POST'
      const { body, ...rest } = stranger
      const init = method === 'GET' ? { headers: rest.headers } : { ...rest, body: body ?? null }

      expect((await app.request(`${ORIGIN}${path}`, init)).status).toBe(401)
      expect(forwarded).toEqual([])
    },
  )

  test('but two are another path', async () => {
    const { app } = createFakes()
    expect((await app.request(`${ORIGIN}/mcp//`, post(initialize))).status).toBe(404)
  })
})

describe('Accept', () => {
  const without = (name: string) => {
    const headers = new Headers({ ...POST_HEADERS, ...inSession })
    headers.delete(name)
    return { ...post(callTool), headers }
  }

  test.each([
    ['application/json', 'json'],
    ['text/event-stream', 'events'],
    ['*/*', undefined],
    ['', undefined],
  ])('%j: the object learns what the answer may be', async (accept, expected) => {
    const { app, forwarded } = createFakes()
    await app.request(URL_OF_SERVER, post(callTool, { ...inSession, Accept: accept }))

    expect(forwarded[0]?.call.takes).toBe(expected)
  })

  test('where it is absent, anything will do', async () => {
    const { app, forwarded } = createFakes()
    const { status } = await app.request(URL_OF_SERVER, without('Accept'))

    expect(status).toBe(200)
    expect(forwarded[0]?.call.takes).toBeUndefined()
  })

  test('a subscription cannot be answered with JSON', async () => {
    const { app } = createFakes()
    const method = 'subscriptions/listen'
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const body = { jsonrpc: '2.0', id: 1, method, params: { notifications: {}, _meta: meta } }
    const headers = {
      Accept: 'application/json',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
    }

    await expectError(await app.request(URL_OF_SERVER, post(body, headers)), 'not_acceptable', 1)
  })
})

test('a byte order mark before the message is passed over', async () => {
  const { app, forwarded } = createFakes()
  const text = JSON.stringify(initialize)
  const { status } = await app.request(URL_OF_SERVER, post(`\uFEFF${text}`))

  expect(status).toBe(200)
  expect(forwarded[0]?.body).toBe(text)
})
