/** A tiny HTTP server that plays a remote MCP server: what it was sent, and answers as a test has them. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'

export interface Received {
  method: string
  path: string
  headers: IncomingHttpHeaders
  /** The JSON-RPC message of a POST. */
  message: { id?: number | string; method?: string; params?: Record<string, unknown> }
}

export interface RemoteHTTP {
  url: string
  origin: string
  port: number
  received: Received[]
  stop(): Promise<void>
}

export type Handler = (request: Received, response: ServerResponse) => void

export async function startRemoteHTTP(handler: Handler, port = 0): Promise<RemoteHTTP> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const { method = '', url: path = '', headers } = request
      const message = text === '' ? {} : (JSON.parse(text) as Received['message'])
      const one = { method, path, headers, message }
      received.push(one)
      handler(one, response)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${bound}/mcp`,
    origin: `http://127.0.0.1:${bound}`,
    port: bound,
    received,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function sendJSON(
  response: ServerResponse,
  body: unknown,
  headers = {},
  status = 200,
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

export function openEvents(response: ServerResponse, headers = {}): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', ...headers })
  response.flushHeaders()
}

export function toEvent(message: unknown, id?: string): string {
  const tag = id === undefined ? '' : `id: ${id}\n`
  return `${tag}data: ${JSON.stringify(message)}\n\n`
}
