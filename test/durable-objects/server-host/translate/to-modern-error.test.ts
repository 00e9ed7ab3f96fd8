import { expect, test } from 'vitest'
import { toModernError } from '#durable-objects/server-host/translate/to-modern-error.ts'

const read = { method: 'resources/read', uri: 'demo://nope' }

test('a resource that is not found is an invalid param that names the URI', () => {
  expect(toModernError({ code: -32002, message: 'gone', data: { hint: 1 } }, read)).toEqual({
    kind: 'error',
    status: 200,
    error: { code: -32602, message: 'gone', data: { hint: 1, uri: 'demo://nope' } },
  })
})

test('so is one that the server called an invalid param itself', () => {
  const message = 'MCP error -32602: Resource demo://nope not found'
  expect(toModernError({ code: -32602, message }, read)).toEqual({
    kind: 'error',
    status: 200,
    error: { code: -32602, message, data: { uri: 'demo://nope' } },
  })
})

test('an unknown method is 404', () => {
  const error = { code: -32601, message: 'Method not found' }
  const mapped = toModernError(error, { method: 'prompts/list' })
  expect(mapped).toEqual({ kind: 'error', status: 404, error })
})

test.each([-32602, -32603, -32000, -32019, -32100, 1])('%d passes as it is', (code) => {
  const error = { code, message: 'm', data: [1] }
  expect(toModernError(error, read)).toEqual({ kind: 'error', status: 200, error })
})

test.each([-32020, -32021, -32042, -32099])('%d is not a code of this server to send', (code) => {
  expect(toModernError({ code, message: 'm' }, { method: 'tools/list' })).toEqual({
    kind: 'error',
    status: 200,
    error: { code: -32603, message: 'm' },
  })
})

test('URLs that must be visited first are asks, without their elicitation ids', () => {
  const elicitations = [
    { mode: 'url', elicitationId: 'e1', url: 'https://a.example/', message: 'Sign in' },
    { mode: 'url', elicitationId: 'e2', url: 'https://b.example/', message: 'Agree' },
  ]
  const error = { code: -32042, message: 'm', data: { elicitations } }

  expect(toModernError(error, { method: 'tools/call', ordinal: 3 })).toEqual({
    kind: 'asks',
    asks: [
      {
        key: 'elicitation-3',
        method: 'elicitation/create',
        params: { mode: 'url', message: 'Sign in', url: 'https://a.example/' },
      },
      {
        key: 'elicitation-4',
        method: 'elicitation/create',
        params: { mode: 'url', message: 'Agree', url: 'https://b.example/' },
      },
    ],
  })
})
