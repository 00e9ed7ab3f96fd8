import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '#protocol/errors.ts'
import { META } from '#protocol/mcp.ts'
import { createFakes, post, POST_HEADERS } from './fake-deps.ts'
import { callTool, expectError, initialize, inSession, URL_OF_SERVER } from './requests.ts'

describe('a request that is refused before the server host', () => {
  const json = { 'Content-Type': 'text/plain' }
  const cases: { name: string; init: RequestInit; code: ErrorCode; id?: unknown }[] = [
    { name: 'no JSON', init: post('{"jsonrpc":'), code: 'parse_error' },
    { name: 'an empty body', init: post(''), code: 'parse_error' },
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
