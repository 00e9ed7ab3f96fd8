import { describe, expect, test } from 'vitest'
import { classifyMessage, idKey } from '#protocol/json-rpc.ts'

const MESSAGES: { name: string; value: unknown; kind: string }[] = [
  { name: 'a request', value: { jsonrpc: '2.0', id: 1, method: 'ping' }, kind: 'request' },
  { name: 'a request with id 0', value: { jsonrpc: '2.0', id: 0, method: 'm' }, kind: 'request' },
  {
    name: 'a notification',
    value: { jsonrpc: '2.0', method: 'm', params: {} },
    kind: 'notification',
  },
  { name: 'a result', value: { jsonrpc: '2.0', id: 'a', result: {} }, kind: 'response' },
  { name: 'an error', value: { jsonrpc: '2.0', id: 1, error: { code: 1 } }, kind: 'response' },
  {
    name: 'an error that answers nothing it could read',
    value: { jsonrpc: '2.0', id: null, error: {} },
    kind: 'response',
  },
]

const OTHERS: { name: string; value: unknown }[] = [
  { name: 'a string', value: 'ping' },
  { name: 'null', value: null },
  { name: 'a batch', value: [{ jsonrpc: '2.0', id: 1, method: 'ping' }] },
  { name: 'another version', value: { jsonrpc: '1.0', id: 1, method: 'ping' } },
  { name: 'a request with id null', value: { jsonrpc: '2.0', id: null, method: 'ping' } },
  { name: 'a request with an object for an id', value: { jsonrpc: '2.0', id: {}, method: 'ping' } },
  { name: 'params that are a list', value: { jsonrpc: '2.0', id: 1, method: 'm', params: [] } },
  { name: 'a method that is no string', value: { jsonrpc: '2.0', id: 1, method: 1 } },
  { name: 'a result without an id', value: { jsonrpc: '2.0', result: {} } },
  { name: 'an id alone', value: { jsonrpc: '2.0', id: 1 } },
]

describe('classifyMessage', () => {
  test.each(MESSAGES)('tells $name', ({ value, kind }) => {
    expect(classifyMessage(value)?.kind).toBe(kind)
  })

  test.each(OTHERS)('takes $name for no message', ({ value }) => {
    expect(classifyMessage(value)).toBeUndefined()
  })

  test('tells a failed response from a result', () => {
    expect(classifyMessage({ jsonrpc: '2.0', id: 1, error: {} })).toMatchObject({ failed: true })
    expect(classifyMessage({ jsonrpc: '2.0', id: 1, result: {} })).toMatchObject({ failed: false })
  })
})

test('the ids 1 and "1" are two', () => {
  expect(idKey(1)).not.toBe(idKey('1'))
})
