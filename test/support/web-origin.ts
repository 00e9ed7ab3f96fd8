/** A real HTTP server that counts its connections and requests: HTTP/2 with HTTP/1.1, or that alone. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { ServerHttp2Session } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Certificate } from './certificate.ts'

/** What both versions have, in the names of HTTP/1.1. */
export type Answer = (
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'httpVersion'>,
  response: Pick<ServerResponse, 'statusCode' | 'write' | 'end' | 'flushHeaders'> & {
    setHeader(name: string, value: string): unknown
  },
  body: string,
) => void

export interface WebOriginOptions {
  answer: Answer
  /** Without it plain HTTP/1.1. */
  certificate?: Certificate
  h2?: boolean
  port?: number
}

export class WebOrigin {
  /** Since it began. */
  connections = 0
  readonly versions: string[] = []
  readonly bodies: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #isSecure: boolean

  static async start(options: WebOriginOptions): Promise<WebOrigin> {
    const origin = new WebOrigin(options)
    origin.#server.listen(options.port ?? 0, '127.0.0.1')
    await once(origin.#server, 'listening')
    return origin
  }

  private constructor({ answer, certificate, h2 = false }: WebOriginOptions) {
    const listener = (
      request: Parameters<Answer>[0] & Readable,
      response: Parameters<Answer>[1],
    ): void => {
      this.versions.push(request.httpVersion)
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const body = Buffer.concat(pieces).toString()
        this.bodies.push(body)
        answer(request, response, body)
      })
      request.on('error', () => undefined)
    }
    this.#isSecure = certificate !== undefined
    this.#server =
      certificate === undefined
        ? createServer()
        : h2
          ? createSecureServer({ ...certificate, allowHTTP1: true })
          : createHttpsServer(certificate)
    this.#server.on('request', listener)
    this.#server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session)
      session.on('close', () => this.#sessions.delete(session))
      session.on('error', () => undefined)
    })
    this.#server.on('connection', (socket) => {
      this.connections += 1
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http${this.#isSecure ? 's' : ''}://127.0.0.1:${this.port}/mcp`
  }

  get liveConnections(): number {
    return this.#sockets.size
  }

  /** What it wrote and nobody has read, on the fullest connection. */
  get waitingBytes(): number {
    return Math.max(0, ...[...this.#sockets].map((socket) => socket.writableLength))
  }

  /** Ends every connection as a crash would. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Tells every HTTP/2 connection that it takes no more requests. */
  goAway(): void {
    for (const session of this.#sessions) session.goaway()
  }

  async close(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close').catch(() => undefined)
  }
}
