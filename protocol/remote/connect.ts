/** A connection to a remote server, by its transport. */
import { HttpConnection } from './http-connection.ts'
import type { RemoteConnection, RemoteOptions } from './remote.ts'
import { SocketConnection } from './socket-connection.ts'
import { SseConnection } from './sse-connection.ts'

/** Begins at once; `listener` may hear of it before `opened` has settled, but not before this returns. */
export function connectRemote(options: RemoteOptions): RemoteConnection {
  switch (options.transport) {
    case 'http':
      return new HttpConnection(options)
    case 'sse':
      return new SseConnection(options)
    case 'websocket':
      return new SocketConnection(options)
  }
}
