/**
 * A remote server as a process is one: JSON-RPC messages in and out, one outcome for each request,
 * one end. `connectRemote` (connect.ts) speaks MCP's HTTP, SSE and WebSocket transports over what it
 * is given to fetch with, so that the object in workerd and the host program in Node run the same.
 * Types only.
 */
import type { GatewayError } from '../errors.ts'
import type { RequestId } from '../json-rpc.ts'
import type { MessageMeta, OversizeMeta, UndeliveredMeta } from '../link.ts'

/** http: Streamable HTTP of both eras; sse: HTTP+SSE of 2024-11-05; websocket: subprotocol `mcp`. */
export type RemoteTransport = 'http' | 'sse' | 'websocket'

/** Where a remote server is, with references to secrets resolved. In memory alone, as `Launch` is. */
export interface RemoteTarget {
  url: string
  /** Sent to the origin of `url`, and to no other. */
  headers: Record<string, string>
  transport: RemoteTransport
  /** Whether the host and port of `url` may have a private, loopback or link-local address. */
  allowPrivate: boolean
}

export interface RemoteRequest {
  method: 'GET' | 'POST' | 'DELETE'
  headers: Record<string, string>
  body?: Uint8Array
  signal: AbortSignal
}

/** A `Response` of fetch is one. */
export interface RemoteResponse {
  status: number
  headers: { get(name: string): string | null }
  body: ReadableStream<Uint8Array> | null
}

/**
 * Sends one request. Resolves when the headers are there, whatever the status; never follows a
 * redirect; ends request and body when `signal` aborts. Rejects when no answer came: with a
 * `GatewayError`, which is passed on as it is, or anything else, which becomes `remote_unreachable`.
 * Who can resolve names refuses forbidden addresses here with `remote_address_forbidden`, unless the
 * target allows them: the engine has checked the literal host alone.
 */
export type RemoteFetch = (url: string, request: RemoteRequest) => Promise<RemoteResponse>

export interface RemoteSocketRequest {
  headers: Record<string, string>
  protocols: readonly string[]
  maxMessageBytes: number
  signal: AbortSignal
  onMessage: (data: string | Uint8Array) => void
  /** Called once after the promise has resolved, whoever closed it. `why` holds no secret. */
  onClose: (why: string) => void
}

export interface RemoteSocket {
  send(text: string): void
  close(): void
}

/** `url` begins with `ws:` or `wss:`. Resolves when the socket is open; rejects as `RemoteFetch` does. */
export type ConnectWebSocket = (url: string, request: RemoteSocketRequest) => Promise<RemoteSocket>

/** What a remote server says. Exactly one `onOver` ends it, unless it was closed from here. */
export interface RemoteListener {
  /** `meta.ms` of a response: milliseconds since its request was sent. */
  onMessage: (payload: Uint8Array, meta: MessageMeta) => void
  /** A message over `maxMessageBytes` was discarded. */
  onOversize: (meta: OversizeMeta) => void
  /** Comes before `onOver`: the server has not taken this request, so another session may. */
  onUndelivered: (meta: UndeliveredMeta) => void
  /**
   * One request has no answer; the others go on. `remote_unreachable`, `remote_refused`,
   * `remote_failed`, `remote_address_forbidden`. The request may have been carried out, unless it
   * could not be sent.
   */
  onFailed: (id: RequestId, error: GatewayError) => void
  /** Nothing can be sent any more: `server_exited` when a session is over, or why it never began. */
  onOver: (error: GatewayError) => void
}

export interface RemoteOptions extends RemoteTarget {
  fetch: RemoteFetch
  connectWebSocket: ConnectWebSocket
  listener: RemoteListener
  /** Largest message from the server. */
  maxMessageBytes: number
}

/**
 * One connection: a session of the legacy era, or the requests of one caller of the modern one. The
 * engine tells the eras by each request's `_meta`. `notifications/cancelled` ends the request that
 * it names, as the era has it.
 */
export interface RemoteConnection {
  /** Resolves when messages may be sent: at once for http. Rejects with what `onOver` is called with. */
  readonly opened: Promise<void>
  /** Requests that were sent and have neither an answer nor been cancelled. */
  readonly inFlight: number
  /** One JSON-RPC message. What is sent after the end is dropped. Throws nothing. */
  send(payload: Uint8Array): void
  /**
   * Ends the session and everything in flight; the listener hears nothing more. Resolves when the
   * server has been told or has not answered in time; nobody needs to wait for it.
   */
  close(): Promise<void>
}
