import { describe, expect, test } from 'vitest'
import { META } from '#protocol/mcp.ts'
import { classifyBodyless } from '#worker/mcp/classify-legacy.ts'
import type { Classification } from '#worker/mcp/classification.ts'
import { classifyPost, readEnvelope } from '#worker/mcp/classify.ts'
import { SESSION } from '../fake-deps.ts'

const MODERN = '2026-07-28'
const VERSION = 'MCP-Protocol-Version'

interface Case {
  name: string
  body: unknown
  headers?: Record<string, string>
  /** A code, or facts that the call must have. */
  expected: string | object
  data?: object
}

function classify(body: unknown, headers: Record<string, string> = {}): Classification {
  const envelope = readEnvelope(body)
  return envelope.kind === 'rejected'
    ? envelope
    : classifyPost(new Headers(headers), envelope, body)
}

function check({ body, headers, expected, data }: Case): void {
  const classification = classify(body, headers)
  if (typeof expected === 'string') expect(classification).toMatchObject({ code: expected })
  else expect(classification).toMatchObject({ kind: 'call', facts: expected })
  if (data !== undefined) expect(classification).toMatchObject({ data })
}

function request(method: string, params?: object): object {
  return { jsonrpc: '2.0', id: 1, method, ...(params && { params }) }
}

function meta(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { [META.protocolVersion]: MODERN, [META.clientCapabilities]: {}, ...changes }
}

function modern(
  method: string,
  params: object = {},
  changes: Record<string, unknown> = {},
): object {
  return request(method, { ...params, _meta: meta(changes) })
}

function modernHeaders(method: string, more: Record<string, string> = {}): Record<string, string> {
  return { [VERSION]: MODERN, 'Mcp-Method': method, ...more }
}

const initialize = request('initialize', { protocolVersion: '2025-11-25' })
const inSession = { 'Mcp-Session-Id': SESSION }

const LEGACY: Case[] = [
  { name: 'initialize opens a session', body: initialize, expected: { era: 'legacy' } },
  {
    name: 'initialize with a stale session id opens a new session',
    body: initialize,
    headers: inSession,
    expected: { era: 'legacy', envelope: { kind: 'request', id: 1, method: 'initialize' } },
  },
  {
    name: 'initialize under a modern header is legacy',
    body: initialize,
    headers: { [VERSION]: MODERN },
    expected: { era: 'legacy' },
  },
  {
    name: 'initialize with an unknown version header is refused',
    body: initialize,
    headers: { [VERSION]: '1999-01-01' },
    expected: 'unsupported_version',
  },
  {
    name: 'a request without session id',
    body: request('tools/list'),
    expected: 'session_required',
  },
  { name: 'ping without session id', body: request('ping'), expected: 'session_required' },
  {
    name: 'a notification without session id',
    body: { jsonrpc: '2.0', method: 'notifications/initialized' },
    expected: 'session_required',
  },
  {
    name: 'an initialize notification is no handshake',
    body: { jsonrpc: '2.0', method: 'initialize' },
    expected: 'session_required',
  },
  {
    name: 'a session id that was never issued',
    body: request('tools/list'),
    headers: { 'Mcp-Session-Id': 'abc' },
    expected: 'session_not_found',
  },
  {
    name: 'a session id with an upper case placement',
    body: request('tools/list'),
    headers: { 'Mcp-Session-Id': SESSION.toUpperCase() },
    expected: 'session_not_found',
  },
  {
    name: 'a call carries target, progress token, session and version',
    body: request('tools/call', { name: 'echo', _meta: { progressToken: 'p1' } }),
    headers: { ...inSession, [VERSION]: '2025-06-18' },
    expected: {
      era: 'legacy',
      envelope: { kind: 'request', id: 1, method: 'tools/call' },
      target: 'echo',
      progressToken: 'p1',
      sessionId: SESSION,
      protocolVersion: '2025-06-18',
    },
  },
  {
    name: 'a session under a modern header is legacy',
    body: request('tools/list'),
    headers: { ...inSession, [VERSION]: MODERN },
    expected: { era: 'legacy', sessionId: SESSION },
  },
  {
    name: 'a legacy revision in _meta does not leave the session',
    body: request('tools/list', { _meta: { [META.protocolVersion]: '2025-11-25' } }),
    headers: inSession,
    expected: { era: 'legacy' },
  },
  {
    name: 'an unknown version header in a session',
    body: request('tools/list'),
    headers: { ...inSession, [VERSION]: '2027-01-01' },
    expected: 'unsupported_version',
    data: { requested: '2027-01-01' },
  },
  {
    name: 'a cancellation names what it cancels',
    body: { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'r1' } },
    headers: inSession,
    expected: { cancels: 'r1' },
  },
  {
    name: 'a response is forwarded',
    body: { jsonrpc: '2.0', id: 's1', result: {} },
    headers: inSession,
    expected: { envelope: { kind: 'response', id: 's1', failed: false } },
  },
  {
    name: 'a method that the spec does not know is for the server to refuse',
    body: request('custom/method'),
    headers: inSession,
    expected: { era: 'legacy' },
  },
]

const SHAPES: Case[] = [
  { name: 'a batch', body: [request('ping')], expected: 'batch_unsupported' },
  { name: 'an empty batch', body: [], expected: 'batch_unsupported' },
  { name: 'a string', body: 'ping', expected: 'invalid_message' },
  {
    name: 'another version of JSON-RPC',
    body: { id: 1, method: 'ping' },
    expected: 'invalid_message',
  },
  {
    name: 'a null id',
    body: { jsonrpc: '2.0', id: null, method: 'ping' },
    expected: 'invalid_message',
  },
  {
    name: 'params that are a list',
    body: { jsonrpc: '2.0', id: 1, method: 'ping', params: [] },
    expected: 'invalid_message',
  },
  {
    name: 'a method of 2,000 characters',
    body: request('m'.repeat(2000)),
    expected: 'invalid_message',
  },
  {
    name: 'an id of 2,000 characters',
    body: { jsonrpc: '2.0', id: 'i'.repeat(2000), method: 'ping' },
    expected: 'invalid_message',
  },
  {
    name: 'a progress token of 2,000 characters',
    body: request('tools/list', { _meta: { progressToken: 'p'.repeat(2000) } }),
    headers: inSession,
    expected: 'invalid_params',
  },
]

const call = modern('tools/call', { name: 'echo' })
const callHeaders = modernHeaders('tools/call', { 'Mcp-Name': 'echo' })

const MODERN_CASES: Case[] = [
  {
    name: 'server/discover needs no session',
    body: modern('server/discover'),
    headers: modernHeaders('server/discover'),
    expected: { era: 'modern', protocolVersion: MODERN, capabilities: '{}' },
  },
  {
    name: 'a session id beside a modern _meta is ignored',
    body: call,
    headers: { ...callHeaders, ...inSession },
    expected: { era: 'modern', target: 'echo' },
  },
  {
    name: 'capabilities are canonical',
    body: modern(
      'tools/list',
      {},
      { [META.clientCapabilities]: { b: { d: 1, c: [{ y: 1, x: 2 }] }, a: {} } },
    ),
    headers: modernHeaders('tools/list'),
    expected: { capabilities: '{"a":{},"b":{"c":[{"x":2,"y":1}],"d":1}}' },
  },
  {
    name: 'a log level is carried',
    body: modern('tools/list', {}, { [META.logLevel]: 'warning' }),
    headers: modernHeaders('tools/list'),
    expected: { logLevel: 'warning' },
  },
  {
    name: 'an unknown log level',
    body: modern('tools/list', {}, { [META.logLevel]: 'loud' }),
    headers: modernHeaders('tools/list'),
    expected: 'invalid_params',
  },
  {
    name: 'a client info that is no object',
    body: modern('tools/list', {}, { [META.clientInfo]: 'me' }),
    headers: modernHeaders('tools/list'),
    expected: 'invalid_params',
  },
  {
    name: 'a modern header without _meta',
    body: request('tools/list'),
    headers: modernHeaders('tools/list'),
    expected: 'invalid_params',
  },
  {
    name: 'a _meta without protocol version',
    body: request('tools/list', { _meta: { [META.clientCapabilities]: {} } }),
    headers: modernHeaders('tools/list'),
    expected: 'invalid_params',
  },
  {
    name: 'a _meta without client capabilities',
    body: request('tools/list', { _meta: { [META.protocolVersion]: MODERN } }),
    headers: modernHeaders('tools/list'),
    expected: 'invalid_params',
  },
  {
    name: 'capabilities nested without end',
    body: modern(
      'tools/list',
      {},
      { [META.clientCapabilities]: JSON.parse('{"a":'.repeat(40) + '1' + '}'.repeat(40)) },
    ),
    headers: modernHeaders('tools/list'),
    expected: 'invalid_params',
  },
  {
    name: 'a missing version header',
    body: call,
    headers: { 'Mcp-Method': 'tools/call', 'Mcp-Name': 'echo' },
    expected: 'header_mismatch',
  },
  {
    name: 'a legacy version header over a modern _meta',
    body: call,
    headers: { ...callHeaders, [VERSION]: '2025-11-25' },
    expected: 'header_mismatch',
  },
  {
    name: 'a missing method header',
    body: modern('tools/list'),
    headers: { [VERSION]: MODERN },
    expected: 'header_mismatch',
  },
  {
    name: 'a method header of another case',
    body: modern('tools/list'),
    headers: modernHeaders('Tools/List'),
    expected: 'header_mismatch',
  },
  {
    name: 'a missing name header',
    body: call,
    headers: modernHeaders('tools/call'),
    expected: 'header_mismatch',
  },
  {
    name: 'a name header of another tool',
    body: call,
    headers: { ...callHeaders, 'Mcp-Name': 'erase' },
    expected: 'header_mismatch',
  },
  {
    name: 'a name header repeats the URI of resources/read',
    body: modern('resources/read', { uri: 'test://a' }),
    headers: modernHeaders('resources/read', { 'Mcp-Name': 'test://a' }),
    expected: { target: 'test://a' },
  },
  {
    name: 'a name header in Base64',
    body: modern('tools/call', { name: 'écho' }),
    headers: modernHeaders('tools/call', { 'Mcp-Name': '=?base64?w6ljaG8=?=' }),
    expected: { target: 'écho' },
  },
  {
    name: 'a name header in broken Base64',
    body: call,
    headers: modernHeaders('tools/call', { 'Mcp-Name': '=?base64?SGVs!!!bG8=?=' }),
    expected: 'header_mismatch',
  },
  {
    name: 'a tool without a name is for the server to refuse',
    body: modern('tools/call'),
    headers: modernHeaders('tools/call'),
    expected: { era: 'modern' },
  },
  {
    name: 'parameter headers are decoded',
    body: call,
    headers: {
      ...callHeaders,
      'Mcp-Param-Region': 'eu',
      'Mcp-Param-City': '=?base64?TcO8bmNoZW4=?=',
    },
    expected: { params: { region: 'eu', city: 'München' } },
  },
  {
    name: 'a parameter header in broken Base64',
    body: call,
    headers: { ...callHeaders, 'Mcp-Param-Region': '=?base64?SGVsbG8?=' },
    expected: 'header_mismatch',
  },
  {
    name: 'a version that is not supported',
    body: modern('tools/list', {}, { [META.protocolVersion]: '2099-01-01' }),
    headers: { ...modernHeaders('tools/list'), [VERSION]: '2099-01-01' },
    expected: 'unsupported_version',
    data: { supported: [MODERN], requested: '2099-01-01' },
  },
  {
    name: 'a legacy version in _meta, without a session',
    body: modern('tools/list', {}, { [META.protocolVersion]: '2025-11-25' }),
    headers: { ...modernHeaders('tools/list'), [VERSION]: '2025-11-25' },
    expected: 'unsupported_version',
  },
  ...['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'tasks/get', 'toString'].map(
    (method) => ({
      name: `${method} is no method of this revision`,
      body: modern(method),
      headers: modernHeaders(method),
      expected: 'method_not_found',
    }),
  ),
  {
    name: 'a response',
    body: { jsonrpc: '2.0', id: 1, result: {} },
    headers: { [VERSION]: MODERN },
    expected: 'invalid_message',
  },
]

describe('a message that is none', () => {
  test.each(SHAPES)('$name', check)
})

describe('legacy', () => {
  test.each(LEGACY)('$name', check)

  test('a long target stays in the body', () => {
    const body = request('tools/call', { name: 't'.repeat(3000) })

    expect(classify(body, inSession)).not.toHaveProperty('facts.target')
  })

  test('initialize takes no session id along', () => {
    expect(classify(initialize, inSession)).not.toHaveProperty('facts.sessionId')
  })
})

describe('modern', () => {
  test.each(MODERN_CASES)('$name', check)

  test('a notification is accepted and dropped', () => {
    const body = { jsonrpc: '2.0', method: 'notifications/unheard' }

    expect(classify(body, { [VERSION]: MODERN })).toMatchObject({ kind: 'accepted' })
  })

  test('a notification whose header names another method is refused', () => {
    const body = { jsonrpc: '2.0', method: 'notifications/cancelled' }
    const headers = modernHeaders('tools/call')

    expect(classify(body, headers)).toMatchObject({ code: 'header_mismatch' })
  })
})

describe('GET and DELETE', () => {
  test.each([
    { name: 'need a session id', headers: {}, expected: { code: 'session_required' } },
    {
      name: 'refuse a malformed session id',
      headers: { 'Mcp-Session-Id': '../x' },
      expected: { code: 'session_not_found' },
    },
    {
      name: 'carry the last event id',
      headers: { ...inSession, 'Last-Event-ID': 'e7' },
      expected: { facts: { sessionId: SESSION, lastEventId: 'e7' } },
    },
    {
      name: 'refuse an endless last event id',
      headers: { ...inSession, 'Last-Event-ID': 'e'.repeat(300) },
      expected: { code: 'event_expired' },
    },
    {
      name: 'refuse an unknown version',
      headers: { ...inSession, [VERSION]: '1999-01-01' },
      expected: { code: 'unsupported_version' },
    },
  ])('$name', ({ headers, expected }) => {
    expect(classifyBodyless(new Headers(headers as Record<string, string>))).toMatchObject(expected)
  })
})
