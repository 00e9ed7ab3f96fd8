import { expect, test } from 'vitest'
import { toModernRequest } from '#durable-objects/server-host/translate/to-modern-request.ts'
import { toFrame, toText } from './json.ts'

const CLIENT = { id: 9, capabilities: { sampling: {} }, clientInfo: { name: 'c', version: '1' } }
const META =
  '"io.modelcontextprotocol/protocolVersion":"2026-07-28",' +
  '"io.modelcontextprotocol/clientCapabilities":{"sampling":{}},' +
  '"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}'

test.each([
  [
    'without params',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    `{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{"_meta":{${META}}}}`,
  ],
  [
    'without params and with its id last',
    ' {"method":"tools/list","id":"x"}\n',
    ` {"method":"tools/list","id":9,"params":{"_meta":{${META}}}}\n`,
  ],
  [
    'without _meta, its arguments as they were',
    '{"id":1,"params":{"arguments":{"n":12345678901234567890, "f":1.0}}}',
    `{"id":9,"params":{"arguments":{"n":12345678901234567890, "f":1.0},"_meta":{${META}}}}`,
  ],
  [
    'with its progress token and its own keys',
    '{"id":1,"params":{"_meta":{"progressToken":"p","x":1}}}',
    `{"id":9,"params":{"_meta":{"progressToken":"p","x":1,${META}}}}`,
  ],
  [
    'without a task',
    '{"id":1,"params":{"task":{"ttl":1},"name":"a"}}',
    `{"id":9,"params":{"name":"a","_meta":{${META}}}}`,
  ],
])('a legacy request %s says who asks', (_name, frame, expected) => {
  expect(toText(toModernRequest(toFrame(frame), CLIENT))).toBe(expected)
})

test('the level of the session asks for logs', () => {
  const frame = toModernRequest(toFrame('{"id":1,"params":{}}'), { ...CLIENT, logLevel: 'debug' })
  expect(toText(frame)).toContain('"io.modelcontextprotocol/logLevel":"debug"')
})

test('a client cannot write the reserved keys itself', () => {
  const own =
    '"io.modelcontextprotocol/clientCapabilities":{"roots":{}},' +
    '"io.modelcontextprotocol/logLevel":"debug",' +
    '"io.modelcontextprotocol/protocolVersion":"2026-07-28",' +
    '"io.modelcontextprotocol/clientInfo":{"name":"other","version":"0"}'

  const frame = toModernRequest(toFrame(`{"id":1,"params":{"_meta":{${own}}}}`), CLIENT)

  expect(JSON.parse(toText(frame))).toEqual({
    id: 9,
    params: { _meta: JSON.parse(`{${META}}`) as unknown },
  })
})
