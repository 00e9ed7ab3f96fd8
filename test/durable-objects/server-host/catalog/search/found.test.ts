import { expect, test } from 'vitest'
import {
  CALL_TOOL_DEFINITION,
  findToolsDefinition,
} from '#durable-objects/server-host/catalog/search/definitions.ts'
import { readQuestion, toFound } from '#durable-objects/server-host/catalog/search/found.ts'
import { countSavings, countTokens } from '#durable-objects/server-host/catalog/search/savings.ts'
import { GatewayError } from '#protocol/errors.ts'

test.each([
  [{ query: 'x' }, { query: 'x', limit: 5 }],
  [
    { query: 'x', limit: 3 },
    { query: 'x', limit: 3 },
  ],
  [
    { query: 'x', limit: 3.4 },
    { query: 'x', limit: 3 },
  ],
  [
    { query: 'x', limit: 1_000 },
    { query: 'x', limit: 25 },
  ],
  [
    { query: 'x', limit: -1 },
    { query: 'x', limit: 1 },
  ],
  [
    { query: '', server: 'git' },
    { query: '', limit: 5, server: 'git' },
  ],
])('%j is a question', (args, question) => {
  expect(readQuestion(args)).toEqual(question)
})

test.each([
  undefined,
  null,
  [],
  {},
  { query: 1 },
  { query: 'x', limit: '3' },
  { query: 'x', server: 1 },
])('%j is none, and the model is told why', (args) => {
  expect(readQuestion(args)).toMatch(/^"(query|limit|server)" must be/)
})

test('text and structured content say the same', () => {
  const text = JSON.stringify({ name: 'a__b', inputSchema: {}, outputSchema: {}, icons: [] })
  const error = new GatewayError('list_timeout')
  const found = toFound([text], [{ server: 'slow', error }])

  expect(found.structuredContent).toEqual({
    tools: [{ name: 'a__b', inputSchema: {} }],
    missing: [{ server: 'slow', message: error.message }],
  })
  const [{ text: shown }] = found.content as [{ text: string }]
  expect(JSON.parse(shown)).toEqual(found.structuredContent)
})

test('a token is four bytes of UTF-8, and the last one may be less', () => {
  expect(countTokens(['abcd', 'e'])).toBe(2)
  expect(countTokens(['üüü'])).toBe(2)
  expect(countTokens([])).toBe(0)
})

test('what is saved is never less than nothing', () => {
  expect(countSavings(['x'.repeat(400)], ['x'.repeat(40)])).toEqual({
    ...{ tools: 1, tokens: 100, savedTokens: 90 },
  })
  expect(countSavings(['x'], ['x'.repeat(40)])).toEqual({ tools: 1, tokens: 1, savedTokens: 0 })
})

test('the two tools take a few hundred tokens, however many servers there are', () => {
  const servers = Array.from({ length: 1_000 }, (_, n) => `server-${n}`)
  const texts = [CALL_TOOL_DEFINITION, findToolsDefinition(servers)].map((one) =>
    JSON.stringify(one),
  )

  expect(countTokens(texts)).toBeLessThan(900)
  expect(texts.join()).toContain('and more')
})
