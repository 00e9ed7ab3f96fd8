import { expect, test } from 'vitest'
import {
  readInputRound,
  toLegacyAsk,
  toRetry,
  toRoundFailure,
} from '#durable-objects/server-host/translate/to-legacy-input-request.ts'
import { toFrame, toText } from './json.ts'

const form = { method: 'elicitation/create', params: { message: 'Name?' } } as const
const round = (members: object): unknown => ({ resultType: 'input_required', ...members })

test('a round has what the server asks, under its own keys, and its state', () => {
  const inputRequests = { user_name: form, r: { method: 'roots/list' } }
  expect(readInputRound(round({ inputRequests, requestState: 's' }))).toEqual({
    asks: [
      { key: 'user_name', ...form },
      { key: 'r', method: 'roots/list' },
    ],
    requestState: 's',
  })
})

test('a round may have a state alone', () => {
  expect(readInputRound(round({ requestState: 's' }))).toEqual({ asks: [], requestState: 's' })
})

test.each([
  ['neither asks nor state', {}],
  ['no asks and no state', { inputRequests: {} }],
  ['an ask of another kind', { inputRequests: { k: { method: 'ping' } } }],
  ['an ask without params', { inputRequests: { k: { method: 'elicitation/create' } } }],
  ['a list of asks', { inputRequests: [form] }],
  ['a state that is no string', { inputRequests: { k: form }, requestState: 1 }],
  [
    'too many asks',
    { inputRequests: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [at, form])) },
  ],
])('a result with %s is no round', (_name, members) => {
  expect(readInputRound(round(members))).toBeUndefined()
})

test('an ask is a request of its own to a legacy client; a URL gets its id', () => {
  expect(toLegacyAsk({ key: 'k', ...form }, 'h:1', 'e')).toEqual({
    jsonrpc: '2.0',
    id: 'h:1',
    ...form,
  })
  const url = { mode: 'url', url: 'https://a.example/', message: 'm' }
  expect(toLegacyAsk({ key: 'k', method: form.method, params: url }, 2, 'e').params).toEqual({
    ...url,
    elicitationId: 'e',
  })
})

test('a retry is the same call with a new id, the answers and the very state', () => {
  const frame = toFrame('{"id":1,"method":"tools/call","params":{"name":"a","n":1.0}}')
  const inputResponses = { user_name: { action: 'decline' } }

  const first = toRetry(frame, { id: 2, inputResponses, requestState: 'é"' })
  const second = toRetry(first, { id: 3, inputResponses: {} })

  expect(toText(first)).toBe(
    '{"id":2,"method":"tools/call","params":{"name":"a","n":1.0,' +
      '"inputResponses":{"user_name":{"action":"decline"}},"requestState":"é\\""}}',
  )
  expect(toText(second)).toBe('{"id":3,"method":"tools/call","params":{"name":"a","n":1.0}}')
})

test('a round that fails is an error result of a tool, and an error of anything else', () => {
  expect(toRoundFailure(1, 'tools/call', 'no')).toMatchObject({ id: 1, result: { isError: true } })
  expect(toRoundFailure(1, 'prompts/get', 'no')).toMatchObject({ id: 1, error: { code: -32603 } })
})
