import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Cell } from './cell.ts'
import type { Cells } from './cells.ts'
import { DEFAULT_CONSOLE_LINES, isLaunchOf, selectLines } from '#protocol/console.ts'
import { LINK_PATH } from '#protocol/link/frame.ts'

/** A frame of the link is smaller, but for `configure`, which has every launch of a tenant. */
const MAX_FRAME_BYTES = 32 * 1024 * 1024

export interface HostServerOptions {
  cells: Cells
  /** Known to the object alone. The servers beside the host program reach its port, too. */
  token: string
}

const CELL_PATH = /^\/cells\/([^/?]+)\/(console|origins)(?:\?(.*))?$/

/** `/link/{name}` (WebSocket), `/cells/{name}/console` and `/cells/{name}/origins`. */
export function createHostServer({ cells, token }: HostServerOptions): Server {
  const refusalOf = createGuard(token)
  const server = createServer((request, response) => {
    const refusal = refusalOf(request)
    if (refusal !== undefined) return reply(response, refusal, { error: STATUS_CODES[refusal] })
    const [, name, part, query] = CELL_PATH.exec(request.url ?? '') ?? []
    const cell = cells.get(decode(name) ?? '')
    if (cell === undefined) return reply(response, 404, { error: 'not_found' })
    if (part === 'origins') return reply(response, 200, { origins: cell.origins() })
    reply(response, 200, readConsole(cell, new URLSearchParams(query)))
  })
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
  })
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy())
    const refusal = refusalOf(request)
    if (refusal !== undefined) return refuse(stream, refusal)
    const name = nameIn(request.url, new RegExp(`^${LINK_PATH}/([^/?]+)$`))
    const isCell = name !== undefined && cells.allows(name)
    if (!isCell || !(stream instanceof Socket)) return refuse(stream, 404)
    const cell = cells.acquire(name)
    if (cell === undefined) return refuse(stream, 503)
    sockets.handleUpgrade(request, stream, head, (socket) => cell.attach(socket, stream))
  })
  return server
}

/** Of all servers, or the newest lines of one. */
function readConsole({ console }: Cell, query: URLSearchParams): object {
  const server = query.get('server')
  if (server === null) return { entries: console.entries() }
  const since = query.get('since')
  const { lines, isCut } = selectLines(
    console.entries((launch) => isLaunchOf(launch, server)),
    {
      lines: Number(query.get('lines') ?? DEFAULT_CONSOLE_LINES),
      ...(since !== null && { since: Number(since) }),
    },
  )
  return { entries: lines, isCut }
}

/** The status with which a request is refused. An object sends no `Origin`; every web page does. */
function createGuard(token: string): (request: IncomingMessage) => 401 | 403 | undefined {
  const wanted = digest(`Bearer ${token}`)
  return ({ headers }) => {
    if (headers.origin !== undefined) return 403
    // Digests are compared, so that the time taken tells nothing of the token.
    return timingSafeEqual(digest(headers.authorization ?? ''), wanted) ? undefined : 401
  }
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

function refuse(stream: Duplex, status: number): void {
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status]}`
  stream.end(`${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
