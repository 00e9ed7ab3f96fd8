import { describe, expect, test } from 'vitest'
import { META } from '#protocol/mcp.ts'
import { classifyBodyless } from '#worker/mcp/classify-legacy.ts'
import { SESSION } from '../fake-deps.ts'
import { check, classify, inSession, MODERN, request, VERSION, type Case } from './classify-case.ts'

const initialize = request('initialize', { protocolVersion: '2025-11-25' })

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
    name: 'initialize with an unknown version header: what is agreed on is in its body',
    body: initialize,
    headers: { [VERSION]: '1999-01-01' },
    expected: { era: 'legacy' },
  },
  {
    name: 'initialize with an empty version header',
    body: initialize,
    headers: { [VERSION]: '' },
    expected: { era: 'legacy' },
  },
  {
    name: 'initialize with two version headers',
    body: initialize,
    headers: { [VERSION]: '2025-06-18, 2025-11-25' },
    expected: { era: 'legacy' },
  },
  {
    name: 'a session and a version that were sent twice',
    body: request('tools/list'),
    headers: { 'Mcp-Session-Id': `${SESSION}, ${SESSION}`, [VERSION]: '2025-06-18, 2025-06-18' },
    expected: { era: 'legacy', sessionId: SESSION, protocolVersion: '2025-06-18' },
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
    name: 'an unknown version header in a session, which knows what was agreed on',
    body: request('tools/list'),
    headers: { ...inSession, [VERSION]: '2027-01-01' },
    expected: { era: 'legacy', protocolVersion: '2027-01-01' },
  },
  {
    name: 'a version header that is too long to be one',
    body: request('tools/list'),
    headers: { ...inSession, [VERSION]: '2'.repeat(65) },
    expected: 'unsupported_version',
  },
  {
    name: 'initialize with the unknown version that it asks for',
    body: request('initialize', { protocolVersion: '2027-01-01' }),
    headers: { [VERSION]: '2027-01-01' },
    expected: { era: 'legacy' },
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
      name: 'take an unknown version, which the session knows',
      headers: { ...inSession, [VERSION]: '1999-01-01' },
      expected: { facts: { protocolVersion: '1999-01-01' } },
    },
    {
      name: 'refuse what is too long to be a version',
      headers: { ...inSession, [VERSION]: '1'.repeat(65) },
      expected: { code: 'unsupported_version' },
    },
  ])('$name', ({ headers, expected }) => {
    expect(classifyBodyless(new Headers(headers as Record<string, string>))).toMatchObject(expected)
  })
})
