import { expect, test } from 'vitest'
import { exposeAnswer, exposeTool } from '#durable-objects/server-host/catalog/expose-answer.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function expose(answer: unknown): unknown {
  const payload = encoder.encode(JSON.stringify(answer))
  const exposed = exposeAnswer(payload, (uri) => (uri.startsWith('x:') ? `hearth://a/${uri}` : uri))
  return JSON.parse(decoder.decode(exposed))
}

test('links and embedded resources of a tool’s answer', () => {
  const content = [
    { type: 'text', text: '"uri":"x:no"' },
    { type: 'resource_link', uri: 'x:1', name: 'one' },
    { type: 'resource', resource: { uri: 'x:2', text: 'two' } },
    { type: 'resource_link', uri: 'y:3', name: 'three' },
  ]
  expect(expose({ id: 1, result: { content } })).toEqual({
    id: 1,
    result: {
      content: [
        content[0],
        { type: 'resource_link', uri: 'hearth://a/x:1', name: 'one' },
        { type: 'resource', resource: { uri: 'hearth://a/x:2', text: 'two' } },
        content[3],
      ],
    },
  })
})

test('contents of a resource that was read', () => {
  expect(expose({ result: { contents: [{ uri: 'x:1', text: '' }] } })).toEqual({
    result: { contents: [{ uri: 'hearth://a/x:1', text: '' }] },
  })
})

test('messages of a prompt', () => {
  const message = (uri: string) => ({
    role: 'user',
    content: { type: 'resource', resource: { uri, text: '' } },
  })
  expect(expose({ result: { messages: [message('x:1'), message('y:1')] } })).toEqual({
    result: { messages: [message('hearth://a/x:1'), message('y:1')] },
  })
})

test('the user interface of a result, and of a tool', () => {
  const meta = (uri: string) => ({
    _meta: { ui: { resourceUri: uri, visibility: ['app'] }, 'ui/resourceUri': uri },
  })
  expect(expose({ result: { content: [], ...meta('x:1') } })).toEqual({
    result: { content: [], ...meta('hearth://a/x:1') },
  })
  const old = { result: { _meta: { 'ui/resourceUri': 'x:1' } } }
  expect(expose(old)).toEqual({ result: { _meta: { 'ui/resourceUri': 'hearth://a/x:1' } } })
  const tool = JSON.stringify({ name: 'show', ...meta('x:1') })
  expect(JSON.parse(exposeTool(tool, (uri) => `y:${uri}`))).toEqual({
    name: 'show',
    ...meta('y:x:1'),
  })
})

test('a tool without a user interface stays as it is written', () => {
  const entry = '{"name" : "one","_meta":{"ui":{"resourceUri":"y:1"}}}'
  expect(exposeTool(entry, (uri) => uri)).toBe(entry)
})

test.each([
  '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"no u r i"}]}}',
  '{"id":1, "result":{"content":[{"type":"resource_link","uri":"y:1" ,"name":"n"}]}}',
  '{"id":1,"result":{"structuredContent":{"uri":"x:1"}}}',
  '{"id":1,"error":{"code":1,"message":"\\"uri\\""}}',
])('stays byte for byte: %s', (text) => {
  const payload = encoder.encode(text)
  expect(exposeAnswer(payload, (uri) => (uri === 'x:1' ? 'z' : uri))).toBe(payload)
})
