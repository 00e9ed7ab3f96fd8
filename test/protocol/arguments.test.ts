import { expect, test } from 'vitest'
import { ArgumentRules, setArguments } from '#protocol/arguments.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (json: Uint8Array) => new TextDecoder().decode(json)
const set = (request: string, rules: object) =>
  text(setArguments(bytes(request), ArgumentRules.parse(rules)))

const RULES = { fixed: { region: 'eu' }, defaults: { limit: 10 } }

test.each([
  {
    name: 'fixes what the caller set, in its place, and adds what it left out',
    request: '{"params":{"name":"t","arguments":{"region":"us","n":1.10}},"id":1e2}',
    expected: '{"params":{"name":"t","arguments":{"region":"eu","n":1.10,"limit":10}},"id":1e2}',
  },
  {
    name: 'leaves a default that the caller set, also to null',
    request: '{"params":{"arguments":{"limit":null}}}',
    expected: '{"params":{"arguments":{"limit":null,"region":"eu"}}}',
  },
  {
    name: 'makes arguments where there are none',
    request: '{"params":{"name":"t"}}',
    expected: '{"params":{"name":"t","arguments":{"limit":10,"region":"eu"}}}',
  },
  {
    name: 'takes null for none',
    request: '{"params":{"arguments":null}}',
    expected: '{"params":{"arguments":{"limit":10,"region":"eu"}}}',
  },
  {
    name: 'leaves arguments that are no object for the server to refuse',
    request: '{"params":{"arguments":[1]}}',
    expected: '{"params":{"arguments":[1]}}',
  },
  {
    name: 'leaves one member where a caller sent two, whichever a server would read',
    request: '{"params":{"arguments":{"region":"us"},"arguments":{"region":"cn","region":"ru"}}}',
    expected: '{"params":{"arguments":{"region":"eu","limit":10}}}',
  },
  {
    name: 'knows a name that is written with escapes',
    request: '{"params":{"arguments":{"reg\\u0069on":"us","limit":1}}}',
    expected: '{"params":{"arguments":{"reg\\u0069on":"eu","limit":1}}}',
  },
])('$name', ({ request, expected }) => {
  expect(set(request, RULES)).toBe(expected)
})

test('a request comes back as it is when there is nothing to set', () => {
  const request = bytes('{"params":{"arguments":{"a":1}}}')

  expect(setArguments(request, ArgumentRules.parse({ defaults: { a: 2 } }))).toBe(request)
})
