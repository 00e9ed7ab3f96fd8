import { describe, expect, test } from 'vitest'
import { decodeHeaderValue } from '#worker/mcp/header-value.ts'
import { acceptsBoth, acceptsEventStream, isJSONContentType } from '#worker/mcp/media-type.ts'

test.each([
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['Application/JSON ;charset="utf-8"', true],
  ['application/jsonx', false],
  ['application/json-rpc', false],
  ['text/plain; application/json', false],
  ['', false],
  [null, false],
])('Content-Type %j is JSON: %j', (header, expected) => {
  expect(isJSONContentType(header)).toBe(expected)
})

test.each([
  ['application/json, text/event-stream', true],
  ['text/event-stream;q=0.5,application/json;q=1', true],
  ['*/*', true],
  ['application/*, text/*', true],
  ['APPLICATION/JSON, Text/Event-Stream', true],
  ['application/json', false],
  ['text/event-stream', false],
  ['application/json, text/event-stream;q=0', false],
  ['application/jsonx, text/event-streams', false],
  [null, false],
])('Accept %j takes both: %j', (header, expected) => {
  expect(acceptsBoth(header)).toBe(expected)
})

test('a GET needs to accept event streams alone', () => {
  expect(acceptsEventStream('text/event-stream')).toBe(true)
  expect(acceptsEventStream('application/json')).toBe(false)
})

describe('a header value', () => {
  test.each([
    ['plain', 'plain'],
    ['=?base64?SGVsbG8=?=', 'Hello'],
    ['=?base64??=', ''],
    ['=?base64?SGVsbG8=', '=?base64?SGVsbG8='],
    ['SGVsbG8=?=', 'SGVsbG8=?='],
    ['=?base64?=', '=?base64?='],
    ['=?base64?SGVsbG8?=', undefined],
    ['=?base64?SGVs!!!bG8=?=', undefined],
    ['=?base64?/////w==?=', undefined],
  ])('%j stands for %j', (header, expected) => {
    expect(decodeHeaderValue(header)).toBe(expected)
  })
})
