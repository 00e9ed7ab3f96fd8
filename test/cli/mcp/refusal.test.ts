import { SdkError, SdkErrorCode } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { toRefusal } from '#cli/mcp/server-client.ts'

const { error } = z.object({ content: z.array(z.string()) }).safeParse({})

test.each([
  [String(error?.message), 'content: Invalid input: expected array, received undefined'],
  ['not an object', 'not an object'],
])('a result that is none of the protocol is told in a line: %j', (found, told) => {
  const invalid = new SdkError(
    SdkErrorCode.InvalidResult,
    `Invalid result for tools/call: ${found}`,
  )
  expect(toRefusal(invalid)).toEqual({
    message: `the server's answer to tools/call is not what the protocol says: ${told}`,
    data: {},
  })
})
