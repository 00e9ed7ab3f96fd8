import { describe, expect, test } from 'vitest'
import { hasAmbiguousNames } from '#worker/authorization/ambiguous-names.ts'

const isAmbiguous = (json: string): boolean => hasAmbiguousNames(new TextEncoder().encode(json))

describe('a parser could read something else than was decided on', () => {
  test.each([
    '{"method":"tools/call","params":{"name":"rm","name":"echo"}}',
    '{"method":"tools/call","params":{"name":"echo","Name":"rm"}}',
    '{"method":"tools/call","params":{"NAME":"rm"}}',
    '{"method":"tools/call","params":{"name":"echo"},"params":{"name":"rm"}}',
    '{"method":"tools/call","params":{"name":"echo"},"Params":{"name":"rm"}}',
    '{"method":"ping","Method":"tools/call","params":{"name":"rm"}}',
    '{"method":"ping","\\u006dethod":"tools/call"}',
    '{"method":"ping","params":{},"param\u017f":{"name":"rm"}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"Method":"tools/call"}',
    '{"method":"notifications/x","Id":7}',
    '{"method":"resources/read","params":{"uri":"a","URI":"b"}}',
    '{"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","Name":"b"}}}',
    '{"method":"completion/complete","params":{"ref":{"type":"ref/prompt"},"Ref":{}}}',
    '{"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":[],"resourcesubscriptions":["a"]}}}',
    '  {"method":"tools/call","params":{"name":"rm","name":"echo"}}',
  ])('%s', (json) => {
    expect(isAmbiguous(json)).toBe(true)
  })
})

describe('what is said once, or decides nothing, is left alone', () => {
  test.each([
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"name":"a","Name":"b"}}}',
    '{"method":"tools/call","params":{"name":"echo","_meta":{"name":1,"NAME":2}}}',
    '{"method":"tools/call","params":{"title":"a","Title":"b","name":"echo"}}',
    '{"method":"x","params":{"notifications":[{"resourceSubscriptions":1}],"ref":7}}',
    '{"jsonrpc":"2.0","id":1,"result":{"method":"a","Method":"b"}}',
    '{}',
  ])('%s', (json) => {
    expect(isAmbiguous(json)).toBe(false)
  })
})
