import { describe, expect, test } from 'vitest'
import { mendMessage } from '#protocol/lenient-json-rpc.ts'

function mend(text: string): string {
  const mended = mendMessage(JSON.parse(text), () => Buffer.from(text))
  return mended === undefined ? text : Buffer.from(mended).toString()
}

describe('what is only unusual is made usual', () => {
  test.each([
    [
      '{"jsonrpc":"2.0","id":1,"method":"m","params":null}',
      '{"jsonrpc":"2.0","id":1,"method":"m"}',
    ],
    ['{"jsonrpc":"2.0","params":[],"method":"m"}', '{"jsonrpc":"2.0","method":"m"}'],
    ['{"id":1,"result":{"a":1.0}}', '{"id":1,"result":{"a":1.0},"jsonrpc":"2.0"}'],
    ['{"jsonrpc":2.0,"id":1,"result":{}}', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    [
      '{"jsonrpc":"2.0","id":1,"method":null,"error":null,"result":{}}',
      '{"jsonrpc":"2.0","id":1,"result":{}}',
    ],
    ['{"jsonrpc":"2.0","id":1,"result":null}', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ['{"jsonrpc":"2.0","id":1,"result":[]}', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    [
      '{"jsonrpc":"2.0","id":1,"result":null,"error":"boom"}',
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"boom"}}',
    ],
    [
      '{"jsonrpc":"2.0","id":1,"error":{"code":"E","message":"no","data":{}}}',
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no","data":{}}}',
    ],
    [
      '{"jsonrpc":"2.0","id":1,"error":{"reason":"no"}}',
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"{\\"reason\\":\\"no\\"}"}}',
    ],
  ])('%s', (text, mended) => {
    expect(mend(text)).toBe(mended)
    expect(mend(mended)).toBe(mended)
  })
})

test.each([
  '{"jsonrpc":"2.0","id":1,"method":"m","params":{}}',
  '{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}',
  '{"jsonrpc":"2.0","id":1,"result":"text"}',
  '{"level":"info","id":1,"error":"a line of a log"}',
  '{"error":"a line of a log"}',
  '{"id":1}',
  'null',
  '[]',
])('what is right, or has no meaning, stays as it is: %s', (text) => {
  expect(mend(text)).toBe(text)
})

test('a text that stands for an error is not longer than a line', () => {
  expect(mend(`{"id":1,"error":"${'x'.repeat(10_000)}"}`).length).toBeLessThan(400)
})
