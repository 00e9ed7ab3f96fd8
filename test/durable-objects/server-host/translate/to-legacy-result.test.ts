import { expect, test } from 'vitest'
import {
  resultTypeOf,
  toLegacyResult,
} from '#durable-objects/server-host/translate/to-legacy-result.ts'
import { fromFrame, toFrame, toText } from './json.ts'

const INFO = '"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}'

test.each([
  [
    'its type, its caching and its server',
    'tools/list',
    `{"id":1,"result":{"resultType":"complete","ttlMs":5,"tools":[],"cacheScope":"public","_meta":{${INFO}}}}`,
    '{"id":"a","result":{"tools":[]}}',
  ],
  [
    'no other _meta key',
    'tools/call',
    `{"result":{"content":[{"n":1.0}],"_meta":{"x":1,${INFO}},"resultType":"complete"},"id":1}`,
    '{"result":{"content":[{"n":1.0}],"_meta":{"x":1}},"id":"a"}',
  ],
  [
    'nothing where there is nothing to lose',
    'prompts/get',
    '{"id":1,"result":{"messages":[]}}',
    '{"id":"a","result":{"messages":[]}}',
  ],
])('a modern result loses %s', (_name, method, frame, expected) => {
  expect(toText(toLegacyResult(toFrame(frame), { id: 'a', method }))).toBe(expected)
})

test.each([
  ['[1,2.0]', '{"result":[1,2.0]}'],
  ['"x"', '{"result":"x"}'],
  ['null', '{"result":null}'],
  ['{"a":1}', '{"a":1}'],
])('structured content %s is %s for a legacy client', (content, expected) => {
  const frame = toFrame(
    `{"id":1,"result":{"structuredContent":${content},"resultType":"complete"}}`,
  )
  const translated = toLegacyResult(frame, { id: 1, method: 'tools/call' })
  expect(toText(translated)).toBe(`{"id":1,"result":{"structuredContent":${expected}}}`)
})

test('a tool keeps an output schema that describes an object, and no other', () => {
  const object = { name: 'a', outputSchema: { type: 'object' } }
  const array = { name: 'b', outputSchema: { type: 'array' } }
  const frame = toFrame({ id: 1, result: { tools: [object, array], resultType: 'complete' } })

  const translated = toLegacyResult(frame, { id: 1, method: 'tools/list' })

  expect(fromFrame(translated)).toEqual({ id: 1, result: { tools: [object, { name: 'b' }] } })
})

test.each([
  ['{"id":1,"result":{}}', 'complete'],
  ['{"id":1,"result":{"resultType":"complete"}}', 'complete'],
  ['{"id":1,"result":{"resultType":"input_required"}}', 'input_required'],
  ['{"id":1,"result":{"resultType":"task"}}', 'unknown'],
  ['{"id":1,"result":{"resultType":1}}', 'unknown'],
])('%s is %s', (frame, type) => expect(resultTypeOf(toFrame(frame))).toBe(type))

test.each(['null', '"ok"', '""', '[1]', '7'])('a result %s, which is none, passes', (result) => {
  const frame = toLegacyResult(toFrame(`{"id":1,"result":${result}}`), {
    id: 2,
    method: 'tools/list',
  })
  expect(toText(frame)).toBe(`{"id":2,"result":${result}}`)
})
