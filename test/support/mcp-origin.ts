/** MCP servers of the SDK's behind a `WebOrigin`, so that they speak HTTP/2. */
import { randomUUID } from 'node:crypto'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { McpServer as TranslatedServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { z } from 'zod'
import type { Answer } from './web-origin.ts'

type Handle = (request: Request) => Promise<Response>

const INFO = { name: 'over-h2', version: '1.0.0' }
const ECHO = { description: 'Echo', inputSchema: { message: z.string() } }
const say = ({ message }: { message: string }) => ({
  content: [{ type: 'text' as const, text: `Echo: ${message}` }],
})

/** 2026-07-28 alone. */
export function modernHandler(): Handle {
  const { fetch } = createMcpHandler(
    () => {
      const server = new McpServer(INFO)
      server.registerTool('echo', { ...ECHO, inputSchema: z.object(ECHO.inputSchema) }, say)
      return server
    },
    { legacy: 'reject' },
  )
  return async (request) => fetch(request)
}

/** 2025-11-25, with sessions. */
export function legacyHandler(): Handle {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  return async (request) => {
    const id = request.headers.get('mcp-session-id')
    const known = id === null ? undefined : sessions.get(id)
    if (known !== undefined) return known.handleRequest(request)
    if (id !== null) return new Response(null, { status: 404 })
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (made) => void sessions.set(made, transport),
    })
    const server = new TranslatedServer(INFO)
    server.registerTool('echo', ECHO, say)
    await server.connect(transport)
    return transport.handleRequest(request)
  }
}

export function answerWith(handle: Handle): Answer {
  return async ({ method = 'GET', url = '/', headers }, response, body) => {
    const plain = Object.entries(headers).filter(([name]) => !name.startsWith(':'))
    const request = new Request(`https://127.0.0.1${url}`, {
      ...{ method, headers: plain.map(([name, value]) => [name, String(value)]) },
      ...(body !== '' && { body }),
    })
    const answer = await handle(request)
    response.statusCode = answer.status
    for (const [name, value] of answer.headers) {
      if (name !== 'connection') response.setHeader(name, value)
    }
    response.flushHeaders()
    for await (const piece of answer.body ?? []) response.write(piece)
    response.end()
  }
}
