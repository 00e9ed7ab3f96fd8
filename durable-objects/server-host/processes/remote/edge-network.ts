/** How an object reaches remote servers: workerd's own `fetch`, which follows nothing by itself. */
import { toStatusFailure } from '#protocol/remote/failures.ts'
import type { RemoteSocket, RemoteSocketRequest } from '#protocol/remote/remote.ts'
import { withScheme } from '#protocol/remote/url.ts'
import type { Network } from './remote-channel.ts'

const NORMAL_CLOSURE = 1000

export const EDGE_NETWORK: Network = {
  fetch: (url, { method, headers, body, signal }) =>
    fetch(url, { method, headers, signal, redirect: 'manual', ...(body && { body }) }),
  connectWebSocket,
}

async function connectWebSocket(url: string, request: RemoteSocketRequest): Promise<RemoteSocket> {
  const { headers, protocols, signal, onMessage, onClose } = request
  const asked = { ...headers, Upgrade: 'websocket', 'Sec-WebSocket-Protocol': protocols.join(', ') }
  const target = withScheme(url, 'http')
  const response = await fetch(target, { headers: asked, signal, redirect: 'manual' })
  const { webSocket: socket, status } = response
  if (socket === null) {
    await response.body?.cancel()
    throw toStatusFailure(status, target, response.headers.get('retry-after'))
  }
  let isClosed = false
  const close = (why: string): void => {
    if (isClosed) return
    isClosed = true
    onClose(why)
  }
  socket.addEventListener('message', ({ data }) => {
    onMessage(typeof data === 'string' ? data : new Uint8Array(data))
  })
  socket.addEventListener('close', () => close('closed'))
  socket.addEventListener('error', () => close('failed'))
  socket.accept()
  return {
    send: (text) => socket.send(text),
    close: () => {
      try {
        socket.close(NORMAL_CLOSURE)
      } catch {
        // It is closed already.
      }
    },
  }
}
