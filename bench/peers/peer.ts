/** What every measured thing offers, so that one set of measures fits all of them. */

/** The stdio server that all peers put on the network. */
export interface Target {
  name: 'echo' | 'everything'
  command: string
  args: string[]
  /** Longer than it takes to start: after this pause a peer that keeps spares has one again. */
  pauseMs: number
}

/** One client's conversation. Each method rejects with `CallFailed` or a network error. */
export interface Session {
  request(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>>
  close(): Promise<void>
}

export interface Endpoint {
  url: string
  token?: string
  modern: boolean
  /** What the server's own tool names are preceded by. */
  toolPrefix?: string
}

export interface RunningPeer {
  /** Absent for a peer that is not on the network. */
  endpoint?: Endpoint
  /** Roots of the process tree that memory and CPU time are read from. */
  pids(): number[]
  /** `initialize` and `notifications/initialized`, to the end of both. */
  openSession(): Promise<Session>
  /** A 2026-07-28 client, which has no handshake. Absent where the peer has no such face. */
  openModern?(): Session
  /** Ends every process. Never rejects. */
  stop(): Promise<void>
}

export type Isolation = 'process per session' | 'process per request' | 'one process' | 'none'

/**
 * `floor`: nothing between can be faster. `peer`: a pipe, which puts one server behind HTTP.
 * `gateway`: serves several servers as one and asks for a token. `subject`: this project.
 * `variant`: this project, set up otherwise. `former`: this project at another commit.
 */
export type Role = 'floor' | 'peer' | 'gateway' | 'subject' | 'variant' | 'former'

export interface Peer {
  name: string
  version: string
  isolation: Isolation
  role: Role
  /** Brings it onto this machine, unless it is there. Throws where it cannot be had, which leaves it out. */
  install?(): void
  /** Processes of an earlier start of the same peer are gone before this is called. */
  start(target: Target): Promise<RunningPeer>
}

/** An answer that is not a result: the HTTP status and what the peer said. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed'
  readonly status: number

  constructor(status: number, detail: string) {
    super(`${status}: ${detail.slice(0, 500)}`)
    this.status = status
  }
}
