/** A WebSocket to a remote server. It has a connection of its own, over HTTP/1.1. */
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { RawData } from 'ws'
import { findAddressFault, toConnectOptions } from './connector.ts'
import type { Resolve } from './connector.ts'
import type { OriginCounts } from './figures.ts'
import { Unsent } from './unsent.ts'
import { toStatusFailure } from '#protocol/remote/failures.ts'
import type { RemoteSocketRequest } from '#protocol/remote/remote.ts'

const HANDSHAKE_TIMEOUT_MS = 15_000

export interface WebSocketOptions {
  allowPrivate: boolean
  resolve: Resolve | undefined
  counts: OriginCounts
}

/** Resolves when it is open. Rejects with `Unsent`, or what the server answered instead. */
export async function openWebSocket(
  url: string,
  request: RemoteSocketRequest,
  { allowPrivate, resolve, counts }: WebSocketOptions,
): Promise<WebSocket> {
  const { hostname } = new URL(url)
  const fault = findAddressFault(hostname, allowPrivate)
  if (fault !== undefined) throw new Unsent('not connected', fault)
  const startedAt = performance.now()
  counts.begin()
  const socket = new WebSocket(url, [...request.protocols], {
    headers: request.headers,
    followRedirects: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: request.maxMessageBytes,
    perMessageDeflate: false,
    ...toConnectOptions(allowPrivate, resolve),
  })
  socket.on('message', (data, isBinary) => request.onMessage(toPayload(data, isBinary)))
  const onAbort = (): void => socket.terminate()
  request.signal.addEventListener('abort', onAbort, { once: true })
  try {
    request.signal.throwIfAborted()
    await opened(socket, new URL(url))
    counts.answered(101, performance.now() - startedAt, false)
  } catch (error) {
    counts.failed()
    counts.end()
    socket.terminate()
    throw error
  }
  counts.connected(1)
  socket.on('close', () => {
    request.signal.removeEventListener('abort', onAbort)
    counts.connected(-1)
    counts.end()
    request.onClose('closed')
  })
  return socket
}

function opened(socket: WebSocket, url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve)
    // Of what follows the opening, the close tells.
    socket.on('error', (error) => reject(new Unsent('not connected', error)))
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      response.resume()
      reject(toStatusFailure(response.statusCode ?? 0, url))
    })
  })
}

function toPayload(data: RawData, isBinary: boolean): string | Uint8Array {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
  return isBinary ? bytes : bytes.toString('utf8')
}
