/** Requests that cannot be served: a JSON-RPC error with a code of the table, and no process for it. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, afterEach, describe, expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from '#protocol/errors.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, send, type Target } from '#test/support/http-client.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'
import { CASES, message, UNKNOWN_SESSION } from './cases.ts'

const MAX_BODY_BYTES = 64 * 1024

let gateway: Gateway
let target: Target

beforeAll(async () => {
  gateway = await startGateway({
    variables: { MAX_BODY_BYTES: String(MAX_BODY_BYTES) },
    servers: { server: fixture('ticks') },
  })
  target = targetOf(gateway, 'server')
  // A probe's process is kept for ten seconds, for whoever asks next.
  await waitUntil(() => processes().length === 0, 'the probes have not ended', 20_000)
})

afterAll(() => gateway?.stop())

const processes = (): number[] => childrenOf(gateway.hostProgramPid, 'ticks')

afterEach(() => {
  expect(processes()).toEqual([])
})

async function expectRefusal(response: Response, code: ErrorCode, id: unknown): Promise<void> {
  const { status, rpc, retryable } = ERRORS[code]
  expect(await readFacts(response)).toMatchObject({
    ...{ status, type: 'application/json' },
    body: { jsonrpc: '2.0', id, error: { code: rpc, data: { code, retryable } } },
  })
}

async function readFacts(response: Response) {
  const { status, headers } = response
  return { status, type: headers.get('Content-Type'), body: (await response.json()) as unknown }
}

test.each(CASES)('$name is refused with $code', async ({ body, headers, code, id = null }) => {
  const response = await send(target, 'POST', headers, body)

  expect(response.headers.has('WWW-Authenticate')).toBe(code === 'unauthorized')
  await expectRefusal(response, code, id)
})

test('a server that is not configured is not found', async () => {
  const elsewhere = { ...target, url: gateway.mcpURL('no-such-server') }

  await expectRefusal(await send(elsewhere, 'POST', {}, message()), 'server_not_found', 'r1')
})

test.each(['GET', 'DELETE'])('%s needs a session, and one that exists', async (method) => {
  await expectRefusal(await send(target, method), 'session_required', null)
  const unknown = { 'Mcp-Session-Id': UNKNOWN_SESSION }
  await expectRefusal(await send(target, method, unknown), 'session_not_found', null)
})

test('a method that is none of the endpoint’s is refused with those that are', async () => {
  const response = await send(target, 'PUT', { 'Content-Type': 'application/json' }, message())

  expect(response.headers.get('Allow')).toContain('POST')
  await expectRefusal(response, 'method_not_allowed', null)
})

test('a GET that takes no event stream is refused', async () => {
  const response = await send(target, 'GET', { Accept: 'application/json' })

  await expectRefusal(response, 'not_acceptable', null)
})

describe('a body over the limit', () => {
  const large = message({ params: { text: 'x'.repeat(MAX_BODY_BYTES) } })

  test('is refused by its length', async () => {
    await expectRefusal(await send(target, 'POST', {}, large), 'body_too_large', null)
  })

  test('is refused without one, as soon as it is too long', async () => {
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 16 * 1024
        controller.enqueue(new Uint8Array(16 * 1024).fill(0x20))
        if (sent >= 4 * MAX_BODY_BYTES) controller.close()
      },
    })
    await expectRefusal(await send(target, 'POST', {}, body), 'body_too_large', null)
  })
})

test('a foreign Host is refused: a rebound name must not reach the endpoint', async () => {
  const { hostname, port, pathname } = new URL(target.url)
  const headers = { ...gateway.headers, Host: `evil.example:${port}` }
  const outgoing = request({ hostname, port, path: pathname, method: 'POST', headers })
  const answered = new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) =>
      text(incoming).then((body) => resolve({ status: incoming.statusCode, body }), reject),
    )
  })
  outgoing.end(message())

  const { status, body } = await answered
  expect(status).toBe(403)
  expect(JSON.parse(body)).toMatchObject({ error: { data: { code: 'origin_forbidden' } } })
})

describe('a modern request', () => {
  const client = (): ModernClient => new ModernClient(target)
  const callEcho = { name: 'pid', arguments: {} }

  test.each([
    { header: 'MCP-Protocol-Version', value: '2025-11-25', code: 'header_mismatch' },
    { header: 'MCP-Protocol-Version', value: '', code: 'header_mismatch' },
    { header: 'Mcp-Method', value: 'tools/list', code: 'header_mismatch' },
    { header: 'Mcp-Name', value: 'other', code: 'header_mismatch' },
    { header: 'Mcp-Name', value: '=?base64?***?=', code: 'header_mismatch' },
  ] as const)('$header: "$value" is refused with $code', async ({ header, value, code }) => {
    const { headers, body } = client().compose('tools/call', callEcho, { id: 'm1' })
    const response = await send(target, 'POST', { ...headers, [header]: value || undefined }, body)

    await expectRefusal(response, code, 'm1')
  })

  test('of a method that does not exist in its era is refused', async () => {
    const { headers, body } = client().compose('logging/setLevel', { level: 'info' }, { id: 'm2' })

    await expectRefusal(await send(target, 'POST', headers, body), 'method_not_found', 'm2')
  })

  test.each(['clientCapabilities', 'protocolVersion'])('without %s is refused', async (key) => {
    const { headers, body } = client().compose('tools/list', {}, { id: 'm3' })
    const without = body.replace(`io.modelcontextprotocol/${key}`, 'io.modelcontextprotocol/other')

    await expectRefusal(await send(target, 'POST', headers, without), 'invalid_params', 'm3')
  })

  test('of a revision that is not spoken is refused with those that are', async () => {
    const { headers, body } = client().compose('tools/list', {}, { id: 'm4' })
    const later = '2027-01-01'
    const response = await send(
      target,
      'POST',
      { ...headers, 'MCP-Protocol-Version': later },
      body.replace('2026-07-28', later),
    )

    expect(await readFacts(response)).toMatchObject({
      status: 400,
      body: {
        id: 'm4',
        error: {
          code: -32022,
          data: { supported: expect.arrayContaining(['2026-07-28']), requested: later },
        },
      },
    })
  })
})

test('what was refused has cost the sessions nothing', async () => {
  const client = await initialize(target)
  expect((await client.call('pid')).status).toBe(200)
  expect(processes()).toHaveLength(1)

  await client.delete()
  await waitUntil(() => processes().length === 0, 'a process is left')
})
