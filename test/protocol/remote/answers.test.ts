/** What a status that is no success means for the request that it answers. */
import { expect, test } from 'vitest'
import { judge, readRPCError } from '#protocol/remote/answers.ts'

const error = (code: number, message = 'no') => ({ code, message })

test.each([
  { status: 404, isOfSession: true, is: 'session-over' },
  { status: 404, isOfSession: true, error: error(-32001, 'Session not found'), is: 'session-over' },
  { status: 404, isOfSession: true, error: error(-32601), is: 'answer' },
  {
    status: 400,
    isOfSession: true,
    error: error(-32000, 'No valid session ID'),
    is: 'session-over',
  },
  {
    status: 400,
    isOfSession: true,
    error: error(-32000, 'Server not initialized'),
    is: 'session-over',
  },
  { status: 400, isOfSession: true, error: error(-32602, 'bad params'), is: 'answer' },
  { status: 400, isOfSession: true, is: 'failure' },
  { status: 404, error: error(-32601), is: 'answer' },
  { status: 404, is: 'failure' },
  { status: 400, error: error(-32020), method: 'tools/call', is: 'header-mismatch' },
  { status: 400, error: error(-32020), method: 'tools/list', is: 'answer' },
  { status: 401, error: error(-32000), is: 'failure' },
  { status: 403, error: error(-32000), is: 'failure' },
  { status: 429, error: error(-32000), is: 'failure' },
  { status: 500, error: error(-32603), is: 'failure' },
  { status: 302, is: 'failure' },
  { status: 404, method: 'server/discover', is: 'answer' },
  { status: 405, method: 'server/discover', is: 'answer' },
  { status: 401, method: 'server/discover', is: 'failure' },
  { status: 500, method: 'server/discover', is: 'failure' },
])('HTTP $status with $error.code for $method of a session: $isOfSession', (row) => {
  const { status, error, method = 'ping', isOfSession = false, is } = row

  expect(judge({ status, error, method, isOfSession }).kind).toBe(is)
})

test('a body that is no error of JSON-RPC is none', () => {
  const read = (text: string) => readRPCError(new TextEncoder().encode(text), {})

  expect(read('{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x","data":1}}')).toEqual({
    code: -32000,
    message: 'x',
    data: 1,
  })
  for (const text of ['', '<html>', '{"error":"no"}', '{"error":{"code":"x"}}', '[]']) {
    expect(read(text)).toBeUndefined()
  }
})

test('a credential that a refusal quotes is taken out of it', () => {
  const error = {
    code: -32000,
    message: 'Invalid token secret-of-the-remote',
    data: ['Basic "s3cr3t"-s3cr3t'],
  }
  const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', id: 1, error }))
  const headers = {
    Authorization: 'Bearer secret-of-the-remote',
    B: 'Basic "s3cr3t"-s3cr3t',
    C: 'token',
  }

  expect(readRPCError(body, headers)).toEqual({
    code: -32000,
    message: 'Invalid token [redacted]',
    data: ['[redacted]'],
  })
})
