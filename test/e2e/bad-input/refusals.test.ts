/** Requests that cannot be served: a JSON-RPC error with a code of the table, and no process for it. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from '#protocol/errors.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, send, type Target } from '#test/support/http-client.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'

const MAX_BODY_BYTES = 64 * 1024
const UNKNOWN_SESSION = `main.${'0'.repeat(32)}`

let gateway: Gateway
let target: Target
let before: number[]

beforeAll(async () => {
  gateway = await startGateway({
    variables: { MAX_BODY_BYTES: String(MAX_BODY_BYTES) },
    servers: { server: fixture('ticks') },
  })
  target = targetOf(gateway, 'server')
})

afterAll(() => gateway?.stop())

const processes = (): number[] => childrenOf(gateway.hostProgramPid, 'ticks')

beforeEach(() => {
  before = processes()
})

afterEach(() => {
  expect(processes()).toEqual(before)
})

const message = (changes = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 'r1', method: 'tools/list', ...changes })

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

const latin1 = (value: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(value, 'latin1'))

interface Case {
  name: string
  body: string | Uint8Array<ArrayBuffer>
  headers?: Record<string, string | undefined>
  code: ErrorCode
  id?: unknown
}

const CASES: Case[] = [
  { name: 'malformed JSON', body: '{"jsonrpc":"2.0","id":1', code: 'parse_error' },
  { name: 'an empty body', body: '', code: 'parse_error' },
  { name: 'bytes that are not UTF-8', body: latin1(message({ method: 'tools/\xff' })), code: 'parse_error' },
  { name: 'a byte order mark', body: `\ufeff${message()}`, code: 'parse_error' },
  { name: 'a batch', body: `[${message()}]`, code: 'batch_unsupported' },
  { name: 'an empty batch', body: '[]', code: 'batch_unsupported' },
  { name: 'a bare value', body: '"hello"', code: 'invalid_message' },
  { name: 'another JSON-RPC version', body: message({ jsonrpc: '1.0' }), code: 'invalid_message', id: 'r1' },
  { name: 'a null id', body: message({ id: null }), code: 'invalid_message' },
  { name: 'params that are a list', body: message({ params: [] }), code: 'invalid_message', id: 'r1' },
  { name: 'an endless method', body: message({ method: 'm'.repeat(2_000) }), code: 'invalid_message', id: 'r1' },
  {
    name: 'another content type',
    ...{ body: message(), headers: { 'Content-Type': 'text/plain' } },
    code: 'unsupported_media_type',
  },
  {
    name: 'a content type that only contains the right one',
    ...{ body: message(), headers: { 'Content-Type': 'text/x; a=application/json' } },
    code: 'unsupported_media_type',
  },
  {
    name: 'an Accept without event streams',
    ...{ body: message(), headers: { Accept: 'application/json' } },
    code: 'not_acceptable',
  },
  {
    name: 'an Accept without JSON',
    ...{ body: message(), headers: { Accept: 'text/event-stream' } },
    code: 'not_acceptable',
  },
  { name: 'no session', body: message(), code: 'session_required', id: 'r1' },
  {
    name: 'a malformed session',
    ...{ body: message(), headers: { 'Mcp-Session-Id': '../../etc' } },
    ...{ code: 'session_not_found', id: 'r1' },
  },
  {
    name: 'a session that was never issued',
    ...{ body: message(), headers: { 'Mcp-Session-Id': UNKNOWN_SESSION } },
    ...{ code: 'session_not_found', id: 'r1' },
  },
  {
    name: 'an unknown revision',
    ...{ body: message({ method: 'initialize' }), headers: { 'MCP-Protocol-Version': '1999-01-01' } },
    ...{ code: 'unsupported_version', id: 'r1' },
  },
  {
    name: 'initialize without params',
    ...{ body: message({ method: 'initialize' }), code: 'invalid_params', id: 'r1' },
  },
  {
    name: 'a page of another origin',
    ...{ body: message(), headers: { Origin: 'https://evil.example' } },
    code: 'origin_forbidden',
  },
  {
    name: 'no token',
    ...{ body: message(), headers: { Authorization: undefined } },
    code: 'unauthorized',
  },
  {
    name: 'another scheme',
    ...{ body: message(), headers: { Authorization: 'Basic aGVhcnRo' } },
    code: 'unauthorized',
  },
  {
    name: 'a token that was never issued',
    ...{ body: message(), headers: { Authorization: `Bearer hearth_local_00000000_${'0'.repeat(64)}` } },
    code: 'unauthorized',
  },
]

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
      body: { id: 'm4', error: { code: -32022, data: { supported: expect.arrayContaining(['2026-07-28']), requested: later } } },
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
