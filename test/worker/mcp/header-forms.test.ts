import { describe, expect, test } from 'vitest'
import { decodeHeaderValue, readOnce } from '#worker/mcp/header-value.ts'
import { acceptsEventStream, isJSONContentType, readAccept } from '#worker/mcp/media-type.ts'

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
  ['application/json, text/event-stream', 'both'],
  ['text/event-stream;q=0.5,application/json;q=1', 'both'],
  ['*/*', 'both'],
  ['application/*, text/*', 'both'],
  ['APPLICATION/JSON, Text/Event-Stream', 'both'],
  [null, 'both'],
  ['', 'both'],
  ['application/json', 'json'],
  ['application/json, text/event-stream;q=0', 'json'],
  ['text/html, application/json;q=0.9', 'json'],
  ['text/event-stream', 'events'],
  ['application/jsonx, text/event-streams', 'neither'],
  ['text/html', 'neither'],
])('Accept %j takes %s', (header, expected) => {
  expect(readAccept(header)).toBe(expected)
})

test.each([
  ['2025-06-18', '2025-06-18'],
  ['2025-06-18, 2025-06-18', '2025-06-18'],
  ['2025-06-18,2025-06-18,2025-06-18', '2025-06-18'],
  ['2025-06-18, 2025-11-25', '2025-06-18, 2025-11-25'],
  ['', null],
])('a header that was sent as %j says %j', (header, expected) => {
  expect(readOnce(new Headers({ 'Mcp-Session-Id': header }), 'mcp-session-id')).toBe(expected)
})

test('a GET needs to accept event streams alone', () => {
  expect(acceptsEventStream('text/event-stream')).toBe(true)
  expect(acceptsEventStream(null)).toBe(true)
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
