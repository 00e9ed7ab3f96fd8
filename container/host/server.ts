import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Cells } from './cells.ts'
import { LINK_PATH } from '#protocol/link.ts'

/** A frame of the link is smaller, but for `configure`, which has every launch of a tenant. */
const MAX_FRAME_BYTES = 32 * 1024 * 1024

export interface HostServerOptions {
  cells: Cells
  /** Without it every caller is let in: in a container only its object can reach the port. */
  token: string | undefined
}

const CELL_PATH = /^\/cells\/([^/?]+)\/(console|origins)(?:\?.*)?$/

/** `/health`, `/link/{name}` (WebSocket), `/cells/{name}/console` and `/cells/{name}/origins`. */
export function createHostServer({ cells, token }: HostServerOptions): Server {
  const isAllowed = createGuard(token)
  const server = createServer((request, response) => {
    if (request.url === '/health') return reply(response, 200, { status: 'ok' })
    if (!isAllowed(request)) return reply(response, 401, { error: 'unauthorized' })
    const [, name, part] = CELL_PATH.exec(request.url ?? '') ?? []
    const cell = cells.get(decode(name) ?? '')
    if (cell === undefined) return reply(response, 404, { error: 'not_found' })
    if (part === 'origins') return reply(response, 200, { origins: cell.origins() })
    reply(response, 200, { entries: cell.console.entries() })
  })
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
  })
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy())
    if (!isAllowed(request)) return refuse(stream, '401 Unauthorized')
    const name = nameIn(request.url, new RegExp(`^${LINK_PATH}/([^/?]+)$`))
    if (name === undefined || !(stream instanceof Socket)) return refuse(stream, '404 Not Found')
    const cell = cells.acquire(name)
    if (cell === undefined) return refuse(stream, '503 Service Unavailable')
    sockets.handleUpgrade(request, stream, head, (socket) => cell.attach(socket, stream))
  })
  return server
}

/** Compares digests, so that the time taken tells nothing of the token. */
function createGuard(token: string | undefined): (request: IncomingMessage) => boolean {
  if (token === undefined) return () => true
  const wanted = digest(`Bearer ${token}`)
  return (request) => timingSafeEqual(digest(request.headers.authorization ?? ''), wanted)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function nameIn(url: string | undefined, path: RegExp): string | undefined {
  return decode(path.exec(url ?? '')?.[1])
}

function decode(encoded: string | undefined): string | undefined {
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
