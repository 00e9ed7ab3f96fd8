import { expect, test } from 'vitest'
import type { ListenFilter } from '#durable-objects/server-host/translate/listen-filter.ts'
import {
  filterAccepts,
  honourFilter,
  readListenFilter,
} from '#durable-objects/server-host/translate/listen-filter.ts'
import {
  tagNotification,
  toAcknowledgement,
  toListenRequest,
  toListenResult,
  untagNotification,
} from '#durable-objects/server-host/translate/listen.ts'
import { INITIALIZE_RESULT, LIST_CHANGED } from './everything-frames.ts'
import { toFrame, toText } from './json.ts'

const ID_KEY = 'io.modelcontextprotocol/subscriptionId'
const everything: ListenFilter = {
  toolsListChanged: true,
  promptsListChanged: true,
  resourcesListChanged: true,
  resourceSubscriptions: ['a://1'],
}

test('a filter has what was asked for, once each, and nothing that was declined', () => {
  const notifications = {
    toolsListChanged: true,
    promptsListChanged: false,
    resourceSubscriptions: ['a://1', 'a://2', 'a://1'],
    other: true,
  }
  expect(readListenFilter({ notifications })).toEqual({
    ok: true,
    filter: { toolsListChanged: true, resourceSubscriptions: ['a://1', 'a://2'] },
  })
})

test.each([
  [undefined],
  [{}],
  [{ notifications: [] }],
  [{ notifications: { toolsListChanged: 'yes' } }],
  [{ notifications: { resourceSubscriptions: 'a://1' } }],
  [{ notifications: { resourceSubscriptions: [1] } }],
  [{ notifications: { resourceSubscriptions: Array.from({ length: 1025 }, String) } }],
  [{ notifications: { resourceSubscriptions: ['a'.repeat(8193)] } }],
])('a filter is refused', (params) => {
  expect(readListenFilter(params)).toMatchObject({ ok: false })
})

test.each([
  ['all', INITIALIZE_RESULT.capabilities, everything],
  ['nothing of a server without capabilities', {}, {}],
  ['lists that change', { tools: { listChanged: true }, prompts: {} }, { toolsListChanged: true }],
  ['resources', { resources: { subscribe: true } }, { resourceSubscriptions: ['a://1'] }],
])('honoured is %s', (_name, capabilities, honoured) => {
  expect(honourFilter(everything, capabilities)).toEqual(honoured)
})

test.each([
  ['notifications/tools/list_changed', undefined, true],
  ['notifications/prompts/list_changed', undefined, false],
  ['notifications/resources/list_changed', undefined, false],
  ['notifications/resources/updated', 'a://1', true],
  ['notifications/resources/updated', 'a://1/part', true],
  ['notifications/resources/updated', 'b://d/file', true],
  ['notifications/resources/updated', 'a://11', false],
  ['notifications/resources/updated', undefined, false],
  ['notifications/progress', undefined, false],
  ['notifications/message', undefined, false],
])('%s of %s is on the stream: %s', (method, uri, accepted) => {
  const filter: ListenFilter = {
    toolsListChanged: true,
    resourceSubscriptions: ['a://1', 'b://d/'],
  }
  expect(filterAccepts(filter, method, uri)).toBe(accepted)
})

test('a stream begins and ends with the id of its request', () => {
  expect(toAcknowledgement('l', { toolsListChanged: true })).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true }, _meta: { [ID_KEY]: 'l' } },
  })
  expect(toListenResult(4)).toEqual({ resultType: 'complete', _meta: { [ID_KEY]: 4 } })
})

test.each([
  [
    LIST_CHANGED,
    `{"method":"notifications/tools/list_changed","jsonrpc":"2.0","params":{"_meta":{"${ID_KEY}":"l"}}}`,
  ],
  ['{"params":{"uri":"a://1"}}', `{"params":{"uri":"a://1","_meta":{"${ID_KEY}":"l"}}}`],
  ['{"params":{"_meta":{"x":1.0}}}', `{"params":{"_meta":{"x":1.0,"${ID_KEY}":"l"}}}`],
])('%s is tagged for its stream', (frame, tagged) => {
  expect(toText(tagNotification(toFrame(frame), 'l'))).toBe(tagged)
})

test.each([
  [`{"params":{"uri":"a://1","_meta":{"${ID_KEY}":"l"}}}`, '{"params":{"uri":"a://1"}}'],
  [`{"params":{"_meta":{"x":1.0,"${ID_KEY}":"l"}}}`, '{"params":{"_meta":{"x":1.0}}}'],
  [LIST_CHANGED, LIST_CHANGED],
])('%s is %s for a legacy session', (frame, untagged) => {
  expect(toText(untagNotification(toFrame(frame)))).toBe(untagged)
})

test('a legacy session listens for all that its server announces, and asks for no logs', () => {
  const client = { capabilities: {}, logLevel: 'debug' }
  const request = toListenRequest(1, { tools: { listChanged: true } }, ['a://1'], client)
  expect(request).toEqual({
    jsonrpc: '2.0',
    id: 1,
    method: 'subscriptions/listen',
    params: {
      notifications: { toolsListChanged: true },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  })
})

test('where nothing is announced nobody listens', () => {
  expect(toListenRequest(1, { tools: {} }, ['a://1'], { capabilities: {} })).toBeUndefined()
})
