/** POSTs that are refused, each for one fault, and the code that says which. */
import type { ErrorCode } from '#protocol/errors.ts'

export const UNKNOWN_SESSION = `main.${'0'.repeat(32)}`

export const message = (changes = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 'r1', method: 'tools/list', ...changes })

const latin1 = (value: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(value, 'latin1'))

interface Case {
  name: string
  body: string | Uint8Array<ArrayBuffer>
  headers?: Record<string, string | undefined>
  code: ErrorCode
  id?: unknown
}

export const CASES: Case[] = [
  { name: 'malformed JSON', body: '{"jsonrpc":"2.0","id":1', code: 'parse_error' },
  { name: 'an empty body', body: '', code: 'parse_error' },
  {
    name: 'bytes that are not UTF-8',
    body: latin1(message({ method: 'tools/\xff' })),
    code: 'parse_error',
  },
  { name: 'a batch', body: `[${message()}]`, code: 'batch_unsupported' },
  { name: 'an empty batch', body: '[]', code: 'batch_unsupported' },
  { name: 'a bare value', body: '"hello"', code: 'invalid_message' },
  {
    name: 'another JSON-RPC version',
    body: message({ jsonrpc: '1.0' }),
    code: 'invalid_message',
    id: 'r1',
  },
  { name: 'a null id', body: message({ id: null }), code: 'invalid_message' },
  {
    name: 'params that are a list',
    body: message({ params: [1] }),
    code: 'invalid_message',
    id: 'r1',
  },
  {
    name: 'an endless method',
    body: message({ method: 'm'.repeat(2_000) }),
    code: 'invalid_message',
    id: 'r1',
  },
  {
    name: 'another content type',
    ...{ body: message(), headers: { 'Content-Type': 'text/plain' } },
    code: 'unsupported_media_type',
  },
  {
    name: 'a content type that only contains the right one',
    ...{ body: message(), headers: { 'Content-Type': 'text/x; a=application/json' } },
    code: 'unsupported_media_type',
  },
  {
    name: 'an Accept of neither JSON nor event streams',
    ...{ body: message(), headers: { Accept: 'text/html' } },
    code: 'not_acceptable',
  },
  { name: 'no session', body: message(), code: 'session_required', id: 'r1' },
  {
    name: 'a malformed session',
    ...{ body: message(), headers: { 'Mcp-Session-Id': '../../etc' } },
    ...{ code: 'session_not_found', id: 'r1' },
  },
  {
    name: 'a session that was never issued',
    ...{ body: message(), headers: { 'Mcp-Session-Id': UNKNOWN_SESSION } },
    ...{ code: 'session_not_found', id: 'r1' },
  },
  {
    name: 'a revision that is none',
    ...{
      body: message(),
      headers: { 'Mcp-Session-Id': UNKNOWN_SESSION, 'MCP-Protocol-Version': '1'.repeat(65) },
    },
    ...{ code: 'unsupported_version', id: 'r1' },
  },
  {
    name: 'initialize without params',
    ...{ body: message({ method: 'initialize' }), code: 'invalid_params', id: 'r1' },
  },
  {
    name: 'a page of another origin',
    ...{ body: message(), headers: { Origin: 'https://evil.example' } },
    code: 'origin_forbidden',
  },
  {
    name: 'no token',
    ...{ body: message(), headers: { Authorization: undefined } },
    code: 'unauthorized',
  },
  {
    name: 'another scheme',
    ...{ body: message(), headers: { Authorization: 'Basic aGVhcnRo' } },
    code: 'unauthorized',
  },
  {
    name: 'a token that was never issued',
    ...{
      body: message(),
      headers: { Authorization: `Bearer hearth_local_00000000_${'0'.repeat(64)}` },
    },
    code: 'unauthorized',
  },
]
