/** HTTP+SSE at the worker: what is forwarded, and what of a refusal is told on the stream. */
import { expect, test } from 'vitest'
import { createFakes, post, SESSION, TOKEN } from '#test/worker/fake-deps.ts'
import { callTool, expectError, initialize } from '#test/worker/requests.ts'

/** Longer than any is. */
const NO_REVISION = '1'.repeat(65)
const ORIGIN = 'http://localhost:8787'
const MESSAGES = `${ORIGIN}/messages/everything?sessionId=${SESSION}`
const ofStream = { headers: { Authorization: `Bearer ${TOKEN}`, Accept: 'text/event-stream' } }

test.each([
  { path: '/sse/everything', endpoint: '/messages/everything' },
  { path: '/t/acme/sse/everything', endpoint: '/t/acme/messages/everything' },
  { path: '/sse/everything?tools=lazy&x=1', endpoint: '/messages/everything?tools=lazy' },
])('a GET of $path is told to post to $endpoint', async ({ path, endpoint }) => {
  const { app, forwarded } = createFakes()

  await app.request(`${ORIGIN}${path}`, ofStream)

  const call = { server: 'everything', http: 'GET', era: 'legacy', sse: { endpoint } }
  expect(forwarded).toMatchObject([{ tenant: 'acme', call }])
  expect(forwarded[0]?.call.sessionId).toBeUndefined()
})

test.each([initialize, callTool, { jsonrpc: '2.0', method: 'notifications/initialized' }])(
  '$method goes where its stream is, as it came',
  async (message) => {
    const { app, forwarded } = createFakes()
    const sessionId = SESSION.replace('main', 'shard-2')
    const accept = { Accept: 'application/json', 'Mcp-Session-Id': SESSION }

    await app.request(MESSAGES.replace(SESSION, sessionId), post(message, accept))

    expect(forwarded).toMatchObject([
      {
        tenant: 'acme',
        body: JSON.stringify(message),
        call: { http: 'POST', era: 'legacy', sessionId, sse: {} },
      },
    ])
  },
)

test('a session id of Streamable HTTP is no stream', async () => {
  const { app, forwarded } = createFakes()
  const url = `${ORIGIN}/messages/everything`

  await expectError(
    await app.request(url, post(callTool, { 'Mcp-Session-Id': SESSION })),
    ...(['invalid_params', 'c1'] as const),
  )
  expect(forwarded).toEqual([])
})

test('a refusal without a status is told on the stream alone', async () => {
  const accepted = () => Promise.resolve(new Response(null, { status: 202 }))
  const { app, forwarded } = createFakes({ answers: [accepted] })
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  const discover = { jsonrpc: '2.0', id: 'd', method: 'server/discover', params: { _meta } }

  const response = await app.request(MESSAGES, post(discover))

  expect([response.status, await response.text()]).toEqual([202, ''])
  expect(forwarded).toHaveLength(1)
  expect(forwarded[0]?.call).toMatchObject({ sessionId: SESSION, sse: { isAnswer: true } })
  expect(JSON.parse(forwarded[0]?.body ?? '')).toMatchObject({ id: 'd', error: { code: -32601 } })
})

test('one with a status is told by that, too, whether its stream is there or not', async () => {
  const gone = () => Promise.resolve(new Response('{}', { status: 404 }))
  const { app, forwarded } = createFakes({ answers: [gone] })
  const headers = { 'MCP-Protocol-Version': NO_REVISION }

  await expectError(
    await app.request(MESSAGES, post(callTool, headers)),
    ...(['unsupported_version', 'c1'] as const),
  )
  expect(forwarded.map(({ call }) => call.sse)).toEqual([{ isAnswer: true }])
})

test('what has no id, and what a stranger sends, is told to no stream', async () => {
  const { app, forwarded } = createFakes()
  const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }
  const unknown = { 'MCP-Protocol-Version': NO_REVISION }

  expect((await app.request(MESSAGES, post(notification, unknown))).status).toBe(400)
  const stranger = post(callTool, { Authorization: 'Bearer none' })
  expect((await app.request(MESSAGES, stranger)).status).toBe(401)
  expect(forwarded).toEqual([])
})
