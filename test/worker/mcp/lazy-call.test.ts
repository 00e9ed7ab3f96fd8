/** What `call_tool` becomes before anything is decided about it. */
import { expect, test } from 'vitest'
import { isLazyCatalog, lazyToolOf, unwrapCall } from '#worker/mcp/lazy-call.ts'
import type { IncomingCall } from '#worker/context.ts'

function callOf(text: string, more: Partial<IncomingCall['facts']> = {}): IncomingCall {
  const bytes = new TextEncoder().encode(text)
  const envelope = { kind: 'request', id: 1, method: 'tools/call' } as const
  return {
    ...{ server: '*', http: 'POST', isNoOp: false },
    facts: { era: 'modern', envelope, target: 'call_tool', ...more },
    body: { bytes, text, value: JSON.parse(text) as unknown },
  }
}

const wrap = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`

test('name and arguments take their places, and all else stays byte for byte', () => {
  const call = callOf(
    wrap(
      '{"_meta":{"x":1.0},"name":"call_tool","arguments":{"name":"git__log","arguments":{"n":1e2}},"requestState":"s"}',
    ),
    { params: { region: 'eu' } },
  )
  const { body, facts, server } = unwrapCall(call)

  expect(body?.text).toBe(
    wrap('{"_meta":{"x":1.0},"name":"git__log","arguments":{"n":1e2},"requestState":"s"}'),
  )
  expect(body?.value).toEqual(JSON.parse(body?.text ?? ''))
  expect(facts).toMatchObject({ target: 'git__log', catalog: { isWrapped: true } })
  expect(facts.params).toBeUndefined()
  expect(server).toBe('*')
})

test.each([
  ['no arguments of the tool', '{"name":"call_tool","arguments":{"name":"x"}}', '{"name":"x"}'],
  [
    'arguments twice',
    '{"arguments":{"name":"y"},"name":"call_tool","arguments":{"name":"x","arguments":{}}}',
    '{"name":"x","arguments":{}}',
  ],
  [
    'the tool’s name twice',
    '{"name":"call_tool","arguments":{"name":"y","name":"x","arguments":{"a":1},"arguments":{"a":2}}}',
    '{"name":"x","arguments":{"a":2}}',
  ],
  [
    'an escaped name',
    '{"name":"call_tool","arguments":{"na\\u006de":"\\u0078"}}',
    '{"name":"\\u0078"}',
  ],
])('with %s', (_, params, expected) => {
  const { body, facts } = unwrapCall(callOf(wrap(params)))

  expect(body?.text).toBe(wrap(expected))
  expect(facts.target).toBe('x')
})

test.each(['{}', '{"arguments":{}}', '{"arguments":{"name":1}}', '{"arguments":[]}', '[]'])(
  '%s names no tool',
  (params) => {
    expect(() => unwrapCall(callOf(wrap(params)))).toThrow(/Invalid params: call_tool takes/)
  },
)

test.each(['[]', '"{}"', 'null', '1'])('arguments that are %s are none', (args) => {
  const params = `{"arguments":{"name":"x","arguments":${args}}}`
  expect(() => unwrapCall(callOf(wrap(params)))).toThrow(/must be an object/)
})

test('a long name travels in the body alone', () => {
  const name = 'x'.repeat(3_000)
  const { facts } = unwrapCall(callOf(wrap(`{"arguments":{"name":"${name}"}}`)))

  expect(facts.target).toBeUndefined()
})

test('only the two tools are the catalog’s own', () => {
  const path = ['params', 'name']
  expect(lazyToolOf({ kind: 'tool', name: 'find_tools', path })).toBe('find_tools')
  expect(lazyToolOf({ kind: 'tool', name: 'call_tool', path })).toBe('call_tool')
  expect(lazyToolOf({ kind: 'tool', name: 'git__call_tool', path })).toBeUndefined()
  expect(lazyToolOf({ kind: 'prompt', name: 'find_tools', path })).toBeUndefined()
  expect(lazyToolOf(undefined)).toBeUndefined()
})

test.each([
  [undefined, 'all', false],
  [undefined, 'lazy', true],
  ['all', 'lazy', false],
  ['lazy', 'all', true],
] as const)('?tools=%s with %s configured: lazy is %s', (asked, configured, expected) => {
  expect(isLazyCatalog(asked, configured)).toBe(expected)
})

test.each(['', 'some', 'LAZY'])('?tools=%s is refused', (asked) => {
  expect(() => isLazyCatalog(asked, 'all')).toThrow(/\?tools= is all or lazy/)
})
