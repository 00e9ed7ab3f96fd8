/** MCP over a WebSocket: one message in each text frame, as stdio has one on each line. Subprotocol `mcp`. */
import { GatewayError } from '../errors.ts'
import { toProtocolFailure, toUnreachable } from './failures.ts'
import { decodeText, readIncoming, readOutgoing } from './messages.ts'
import type { RemoteConnection, RemoteOptions, RemoteSocket } from './remote.ts'
import { requireAllowed } from './send-request.ts'
import { SentAt } from './sent-at.ts'
import { withScheme } from './url.ts'

/** Longest until the socket is open. */
const OPEN_TIMEOUT_MS = 15_000
const PROTOCOLS = ['mcp']

const encoder = new TextEncoder()

export class SocketConnection implements RemoteConnection {
  readonly #options: RemoteOptions
  readonly #url: URL
  readonly #opened = Promise.withResolvers<void>()
  readonly #sentAt = new SentAt()
  readonly #ending = new AbortController()
  #socket: RemoteSocket | undefined
  #isOver = false

  constructor(options: RemoteOptions) {
    this.#options = options
    this.#url = withScheme(options.url, 'ws')
    this.#opened.promise.catch(() => undefined) // who opened it may look at `onOver` alone
    void this.#open()
  }

  get opened(): Promise<void> {
    return this.#opened.promise
  }

  get inFlight(): number {
    return this.#sentAt.size
  }

  send(payload: Uint8Array): void {
    const message = this.#isOver ? undefined : readOutgoing(payload)
    if (message === undefined) return
    this.#sentAt.note(message)
    try {
      this.#socket?.send(decodeText(payload))
    } catch {
      // It is closing; `onClose` follows.
    }
  }

  async close(): Promise<void> {
    if (this.#isOver) return
    this.#stop()
    this.#opened.reject(new GatewayError('server_exited', { detail: 'it was closed' }))
  }

  async #open(): Promise<void> {
    const timer = setTimeout(() => {
      this.#end(toProtocolFailure('did not open the WebSocket in time', this.#url))
    }, OPEN_TIMEOUT_MS)
    try {
      const socket = await this.#connect()
      if (this.#isOver) return socket.close()
      this.#socket = socket
      this.#opened.resolve()
    } catch (error) {
      this.#end(toUnreachable(error, this.#url))
    } finally {
      clearTimeout(timer)
    }
  }

  async #connect(): Promise<RemoteSocket> {
    const { connectWebSocket, headers, maxMessageBytes } = this.#options
    requireAllowed(this.#url, this.#options)
    return connectWebSocket(this.#url.href, {
      ...{ headers, protocols: PROTOCOLS, maxMessageBytes, signal: this.#ending.signal },
      onMessage: (data) => this.#receive(data),
      onClose: () => this.#closed(),
    })
  }

  #receive(data: string | Uint8Array): void {
    const { listener, maxMessageBytes: maxBytes } = this.#options
    if (this.#isOver) return
    const bytes = typeof data === 'string' ? encoder.encode(data) : data
    if (bytes.length > maxBytes) return listener.onOversize({ maxBytes })
    for (const incoming of readIncoming(bytes)) {
      listener.onMessage(incoming.payload, this.#sentAt.metaOf(incoming))
    }
  }

  #closed(): void {
    const detail = 'the remote server closed the WebSocket'
    this.#end(new GatewayError('server_exited', { detail }))
  }

  #end(error: GatewayError): void {
    if (this.#isOver) return
    this.#stop()
    this.#opened.reject(error)
    this.#options.listener.onOver(error)
  }

  #stop(): void {
    this.#isOver = true
    this.#ending.abort()
    this.#socket?.close()
  }
}
