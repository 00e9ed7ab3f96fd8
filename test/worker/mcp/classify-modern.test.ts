import { expect, test } from 'vitest'
import { META } from '#protocol/mcp.ts'
import {
  check,
  classify,
  inSession,
  MODERN,
  modern,
  modernHeaders,
  request,
  VERSION,
  type Case,
} from './classify-case.ts'

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
