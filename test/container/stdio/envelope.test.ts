import { describe, expect, test } from 'vitest'
import { findEdgeId } from '#container/stdio/edge-id.ts'
import { readMessage } from '#container/stdio/envelope.ts'

describe('a line is told apart', () => {
  const cases = [
    ['{"jsonrpc":"2.0","id":1,"method":"m"}', { kind: 'request', id: 1, method: 'm' }],
    ['{"jsonrpc":"2.0","method":"m"}', { kind: 'notification', method: 'm' }],
    ['{"jsonrpc":"2.0","id":"1","result":{}}', { kind: 'response', id: '1', failed: false }],
    ['hello', undefined],
    ['{"id":1}', undefined],
    ['[{"jsonrpc":"2.0","method":"m"}]', undefined],
    ['{"jsonrpc":"2.0","id":1,', undefined],
    ['null', undefined],
  ] as const
  for (const [line, envelope] of cases) {
    test(line, () => expect(readMessage(Buffer.from(line))?.envelope).toEqual(envelope))
  }

  const blob = `"${'\\"é'.repeat(50_000)}"`
  const large = [
    [
      `{"result":{"a":[${blob}]},"jsonrpc":"2.0","id":7}`,
      { kind: 'response', id: 7, failed: false },
    ],
    [`{"jsonrpc":"2.0","error":{"message":${blob}}}`, { kind: 'response', id: null, failed: true }],
    [
      ` { "id" : "x" , "method":"m","params":{"a":${blob}},"jsonrpc":"2.0" } `,
      { kind: 'request', id: 'x', method: 'm' },
    ],
    [`{"x":${blob},"method":"m","jsonrpc":"2.0"}`, { kind: 'notification', method: 'm' }],
    [`{"jsonrpc":"2.0","id":1,"result":{"a":${blob}`, undefined],
    [`{"jsonrpc":"2.0","id":1,"result":${blob}}{}`, undefined],
    [`{"jsonrpc":"2.0","id":nope,"result":${blob}}`, undefined],
    [`{"jsonrpc":"2.0","method":"m","params":[${blob}]}`, undefined],
    [blob, undefined],
    ['x'.repeat(200_000), undefined],
  ] as const
  for (const [line, envelope] of large) {
    test(`large: ${line.slice(0, 30)} … ${line.slice(-30)}`, () => {
      expect(readMessage(Buffer.from(line))?.envelope).toEqual(envelope)
    })
  }

  test('a message keeps its bytes', () => {
    const line = Buffer.from('{"jsonrpc":"2.0", "method":"m","x":1.0}')
    expect(readMessage(line)?.payload).toBe(line)
  })

  test('bytes that are not UTF-8 are replaced, not passed on', () => {
    const line = Buffer.from('{"jsonrpc":"2.0","method":"m","params":{"a":"?"}}')
    line[line.indexOf('?')] = 0xff
    expect(Buffer.from(readMessage(line)?.payload ?? []).toString()).toContain('\ufffd')
  })
})

describe('the id of a discarded line', () => {
  const long = '"result":{"text":"xxxx'
  const cases = [
    { head: `{"jsonrpc":"2.0","id":7,${long}`, tail: 'xx"}}', id: 7 },
    { head: `{ "id" : "a\\"b", ${long}`, tail: 'xx"}}', id: 'a"b' },
    { head: `{${long}`, tail: 'xx"},"jsonrpc":"2.0","id":-3}', id: -3 },
    { head: `{${long}`, tail: 'xx"},"id":"s","jsonrpc":"2.0"}', id: 's' },
    { head: '{"jsonrpc":"2.0","id":4,"method":"m","params":{', tail: '}}', id: undefined },
    { head: '{"method":"m","params":{', tail: '},"jsonrpc":"2.0","id":9}', id: undefined },
    { head: `{${long}`, tail: 'xx,\\"id\\":5}"}}', id: undefined },
    { head: 'xxxx', tail: 'xxxx', id: undefined },
  ]
  for (const { head, tail, id } of cases) {
    test(`${head} … ${tail}`, () => {
      expect(findEdgeId(Buffer.from(head), Buffer.from(tail))).toEqual(id)
    })
  }
})
