/** The requests that the worker's tests send, and how a JSON-RPC refusal looks. */
import { expect } from 'vitest'
import { ERRORS, type ErrorCode } from '#protocol/errors.ts'
import { SESSION } from './fake-deps.ts'

export const URL_OF_SERVER = 'http://localhost:8787/mcp/everything'
export const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }
export const callTool = {
  jsonrpc: '2.0',
  id: 'c1',
  method: 'tools/call',
  params: { name: 'echo', _meta: { progressToken: 5 } },
}
export const inSession = { 'Mcp-Session-Id': SESSION }

export async function expectError(response: Response, code: ErrorCode, id: unknown): Promise<void> {
  expect(response.status).toBe(ERRORS[code].status)
  expect(response.headers.get('Content-Type')).toBe('application/json')
  expect(response.headers.get('X-Request-Id')).toBeTruthy()
  expect(await response.json()).toMatchObject({
    jsonrpc: '2.0',
    id,
    error: { code: ERRORS[code].rpc, data: { code, retryable: ERRORS[code].retryable } },
  })
}
