/** What a session and its upstream are to each other: the upstream is where its messages go. */
import type { GatewayError } from '#protocol/errors.ts'
import type { Envelope } from '#protocol/json-rpc.ts'
import type { MessageMeta } from '#protocol/link.ts'
import type { ServerConfig } from '#protocol/server-config.ts'
import type { ClientCall } from '../../call/client-call.ts'
import type { SessionRecord } from '../../store/session-store.ts'
import type { Asker, Questions } from '../questions.ts'

/** Where a session's messages go. Server messages come back through `ask` and `fromServer`. */
export interface Upstream {
  /**
   * Throws, or rejects, before anything was sent, or takes the call over and settles it. Absent, where a
   * process has it by now; a promise where that waits for something.
   */
  call: (call: ClientCall, body: Uint8Array) => Promise<void> | undefined
  /** A notification of the client's, or a response to what was asked. */
  pass: (body: Uint8Array, envelope: Envelope) => Promise<void>
  cancel: (call: ClientCall) => void
  /** Whether a call that a process has seen may run once more; may ask the server. Absent: it may not. */
  mayRepeat?: (call: ClientCall) => Promise<boolean>
  close: () => void
  /** Of one that the session has to itself: a request of the gateway's own. */
  ask?: (
    method: string,
    params: Record<string, unknown>,
    timeoutMs: number,
  ) => Promise<Record<string, unknown>>
  /** Tells the process the session's log level, where it has one that must be told. */
  setLevel?: (level: string) => void
}

/** What of a server's configuration its sessions go by. */
export interface SessionServer {
  name: string
  config: Pick<ServerConfig, 'timeoutMs' | 'roots'>
}

/** A session as its upstream sees it. */
export interface UpstreamSession {
  readonly record: SessionRecord
  readonly server: SessionServer
  /** What its client has been asked, over all of its servers. */
  readonly questions: Questions
  /** A request of the server's, to the stream where the client expects it. */
  ask: (payload: Uint8Array, meta: MessageMeta, asker: Asker) => void
  /** A notification of the server's, likewise. */
  fromServer: (payload: Uint8Array, meta: MessageMeta) => void
  /** Keeps what a request that succeeded asked for, so that a later process is told again. */
  noteInterest: (method: string, body: Uint8Array) => void
  /** Whether a message of the server's is on a stream already. */
  hasPassedOn: (payload: Uint8Array, meta: MessageMeta) => boolean
  /** A response to a request that a former object took: its stream may be waiting in the log. */
  fromFormerObject: (payload: Uint8Array, meta: MessageMeta) => void
  /** No process answers what a former object took: those streams end with the error. */
  failFormer: (error: GatewayError) => void
}
