import { expect, test } from 'vitest'
import { toModernResult } from '#durable-objects/server-host/translate/to-modern-result.ts'
import { ECHO_RESPONSE, INITIALIZE_RESULT } from './everything-frames.ts'
import { fromFrame, toFrame, toText } from './json.ts'

const { serverInfo } = INITIALIZE_RESULT
const STAMP = `"io.modelcontextprotocol/serverInfo":${JSON.stringify(serverInfo)}`

test('a legacy result gets its type, its server and the id of the client', () => {
  const frame = toModernResult(toFrame(ECHO_RESPONSE), {
    id: 'c-1',
    method: 'tools/call',
    serverInfo,
  })

  expect(toText(frame)).toBe(
    '{"result":{"content":[{"type":"text","text":"Echo: hi"}],"resultType":"complete",' +
      `"_meta":{${STAMP}}},"jsonrpc":"2.0","id":"c-1"}`,
  )
})

test('numbers, spaces and _meta of the result stay as the server wrote them', () => {
  const response =
    '{"jsonrpc":"2.0","id":1,"result":{ "structuredContent":{"n":12345678901234567890,"f":1.0},' +
    '"_meta":{"x":1e2}}}'

  const frame = toModernResult(toFrame(response), { id: 2, method: 'tools/call', serverInfo })

  expect(toText(frame)).toBe(
    '{"jsonrpc":"2.0","id":2,"result":{ "structuredContent":{"n":12345678901234567890,"f":1.0},' +
      `"_meta":{"x":1e2,${STAMP}},"resultType":"complete"}}`,
  )
})

test.each([
  ['tools/list', true],
  ['prompts/list', true],
  ['resources/list', true],
  ['resources/templates/list', true],
  ['resources/read', true],
  ['tools/call', false],
  ['prompts/get', false],
  ['completion/complete', false],
])('%s: that the result may be cached is said: %s', (method, cacheable) => {
  const frame = toModernResult(toFrame('{"id":1,"result":{}}'), { id: 1, method })

  const hints = cacheable ? { ttlMs: 0, cacheScope: 'private' } : {}
  expect(fromFrame(frame)).toEqual({ id: 1, result: { resultType: 'complete', ...hints } })
})

test('a server of the old era cannot call its results public, or unfinished', () => {
  const response =
    '{"id":1,"result":{"resultType":"task","cacheScope":"public","ttlMs":9,"tools":[]}}'

  const frame = toModernResult(toFrame(response), { id: 1, method: 'tools/list' })

  expect(fromFrame(frame)).toEqual({
    id: 1,
    result: { resultType: 'complete', cacheScope: 'private', ttlMs: 0, tools: [] },
  })
})

test.each(['null', '"ok"', '""', '[1]', '7'])('a result %s, which is none, passes', (result) => {
  const frame = toModernResult(toFrame(`{"id":1,"result":${result}}`), {
    id: 2,
    method: 'tools/list',
  })
  expect(toText(frame)).toBe(`{"id":2,"result":${result}}`)
})
