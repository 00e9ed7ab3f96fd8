/** Launches of remote servers, and one that answers as a server of 2025-11-25 does. */
import { randomUUID } from 'node:crypto'
import type { RemoteLaunch } from '#protocol/link.ts'
import { PoolSettings, resolvePool } from '#protocol/remote/pool.ts'
import type { Answer } from './web-origin.ts'

type Changes = Partial<Omit<RemoteLaunch, 'remote'>> & {
  remote?: Partial<RemoteLaunch['remote']>
}

export function remoteLaunchOf(url: string, { remote, ...changes }: Changes = {}): RemoteLaunch {
  return {
    name: 'remote',
    digest: JSON.stringify([url, remote]),
    warm: 0,
    maxProcesses: 8,
    idleTimeoutMs: 600_000,
    maxLifetimeMs: 86_400_000,
    ...changes,
    remote: {
      url,
      headers: {},
      transport: 'http',
      allowPrivate: true,
      pool: resolvePool(PoolSettings.parse({})),
      ...remote,
    },
  }
}

export interface AnsweringOptions {
  /** Ids of sessions that it knows; those of another life are not among them. */
  sessions?: Set<string>
  /** The result of a tools/call; `undefined` is no answer. Default: its arguments as text. */
  call?: (args: Record<string, unknown>, headers: Record<string, unknown>) => unknown
  /** A GET stream is opened, and stays. */
  listens?: boolean
}

export function answerAsServer(options: AnsweringOptions = {}): Answer {
  const { sessions = new Set<string>(), call, listens = false } = options
  return (request, response, body) => {
    const end = (status: number, message?: object): void => {
      response.statusCode = status
      response.setHeader('content-type', 'application/json')
      response.end(message === undefined ? '' : JSON.stringify({ jsonrpc: '2.0', ...message }))
    }
    if (request.method === 'GET' && listens) {
      response.setHeader('content-type', 'text/event-stream')
      return response.flushHeaders()
    }
    if (request.method === 'GET') return end(405)
    const session = String(request.headers['mcp-session-id'] ?? '')
    if (request.method === 'DELETE') return end(sessions.delete(session) ? 204 : 404)
    const { id, method, params } = JSON.parse(body) as {
      id?: number
      method: string
      params: { protocolVersion: string; arguments: Record<string, unknown> }
    }
    if (method === 'initialize') {
      const made = randomUUID()
      sessions.add(made)
      response.setHeader('mcp-session-id', made)
      const { protocolVersion } = params
      const serverInfo = { name: 'remote', version: '1.0.0' }
      return end(200, { id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo } })
    }
    if (!sessions.has(session)) return end(404)
    if (id === undefined) return end(202)
    if (method !== 'tools/call') return end(200, { id, error: { code: -32601, message: method } })
    const value = call === undefined ? params.arguments : call(params.arguments, request.headers)
    if (value === undefined) return
    end(200, { id, result: { content: [{ type: 'text', text: JSON.stringify(value) }] } })
  }
}
