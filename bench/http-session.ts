/** MCP over Streamable HTTP, both eras, the same for every peer. */
import { requireResult, type Answer, type HTTPClient } from './http-client.ts'
import { CallFailed, type Session } from './peers/peer.ts'

const LEGACY = '2025-11-25'
const MODERN = '2026-07-28'
const CLIENT = { name: 'hearth-bench', version: '1.0.0' }
const BASE_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

/** `initialize`, `notifications/initialized`, and what the session's requests then need. */
export async function openLegacySession(client: HTTPClient, token?: string): Promise<Session> {
  const first = await sendInitialize(client, token)
  const headers: Record<string, string> = {
    ...BASE_HEADERS,
    ...bearer(token),
    'mcp-protocol-version': `${requireResult(first, 0).protocolVersion}`,
  }
  const sessionId = first.headers['mcp-session-id']
  if (typeof sessionId === 'string') headers['mcp-session-id'] = sessionId
  const post = (message: object): Promise<Answer> =>
    client.send('POST', headers, JSON.stringify({ jsonrpc: '2.0', ...message }))

  const second = await post({ method: 'notifications/initialized' })
  if (second.status >= 300) throw new CallFailed(second.status, second.text)
  let lastId = 0
  return {
    request: async (method, params) => {
      const id = ++lastId
      return requireResult(await post({ id, method, params }), id)
    },
    close: async () => {
      if (sessionId !== undefined) await client.send('DELETE', headers)
    },
  }
}

/** The request alone, with id 0: a client that says no more has a session that never began. */
export function sendInitialize(client: HTTPClient, token?: string): Promise<Answer> {
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: CLIENT }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
  return client.send('POST', { ...BASE_HEADERS, ...bearer(token) }, body)
}

/** A client of 2026-07-28: every request names its revision and capabilities, nothing is opened. */
export function createModernClient(client: HTTPClient, token?: string): Session {
  const base = { ...BASE_HEADERS, ...bearer(token), 'mcp-protocol-version': MODERN }
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': CLIENT,
  }
  let lastId = 0
  return {
    request: async (method, params) => {
      const id = ++lastId
      const headers: Record<string, string> = { ...base, 'mcp-method': method }
      if (typeof params.name === 'string') headers['mcp-name'] = params.name
      const message = { jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }
      return requireResult(await client.send('POST', headers, JSON.stringify(message)), id)
    },
    close: async () => {},
  }
}

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}
