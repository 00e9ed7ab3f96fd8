import { expect, test } from 'vitest'
import { toLegacyRequest } from '#durable-objects/server-host/translate/to-legacy-request.ts'
import { toFrame, toText } from './json.ts'

const RESERVED =
  '"io.modelcontextprotocol/protocolVersion":"2026-07-28",' +
  '"io.modelcontextprotocol/clientCapabilities":{"sampling":{}},' +
  '"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},' +
  '"io.modelcontextprotocol/logLevel":"info"'

interface Case {
  name: string
  frame: string
  progressToken?: number
  expected: string
}

const CASES: Case[] = [
  {
    name: 'without the reserved keys, and without a _meta that held nothing else',
    frame: `{"jsonrpc":"2.0","id":"c1","method":"tools/call","params":{"name":"echo","_meta":{${RESERVED}}}}`,
    expected: '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo"}}',
  },
  {
    name: 'with _meta keys that are not reserved',
    frame: `{"id":1,"params":{"_meta":{"traceparent":"00-a",${RESERVED},"x":1.0}}}`,
    expected: '{"id":7,"params":{"_meta":{"traceparent":"00-a","x":1.0}}}',
  },
  {
    name: 'with the progress token of the channel',
    frame: `{"id":1,"params":{"_meta":{"progressToken":"mine",${RESERVED}}}}`,
    progressToken: 31,
    expected: '{"id":7,"params":{"_meta":{"progressToken":31}}}',
  },
  {
    name: "with the client's progress token where none is given",
    frame: `{"id":1,"params":{"_meta":{${RESERVED},"progressToken":"mine"}}}`,
    expected: '{"id":7,"params":{"_meta":{"progressToken":"mine"}}}',
  },
  {
    name: 'with a progress token where the client had no _meta',
    frame: '{"id":1,"params":{"name":"echo"}}',
    progressToken: 31,
    expected: '{"id":7,"params":{"name":"echo","_meta":{"progressToken":31}}}',
  },
  {
    name: 'with a progress token where _meta is no object',
    frame: '{"id":1,"params":{"_meta":"","name":"echo"}}',
    progressToken: 31,
    expected: '{"id":7,"params":{"_meta":{"progressToken":31},"name":"echo"}}',
  },
  {
    name: 'without what a retry carries',
    frame:
      '{"id":1,"params":{"name":"a","inputResponses":{"k":{}},"arguments":{"n":12345678901234567890},"requestState":"s"}}',
    expected: '{"id":7,"params":{"name":"a","arguments":{"n":12345678901234567890}}}',
  },
  {
    name: 'with an id that the client wrote twice replaced where it counts',
    frame: '{"id":1,"method":"tools/list","id":2}',
    expected: '{"id":1,"method":"tools/list","id":7}',
  },
]

test.each(CASES)(
  'a modern request reaches a legacy server $name',
  ({ frame, progressToken, expected }) => {
    const options = { id: 7, ...(progressToken !== undefined && { progressToken }) }
    expect(toText(toLegacyRequest(toFrame(frame), options))).toBe(expected)
  },
)
