/** The question whether a process still answers. */

/** What a process is asked: a legacy one `ping`, a modern one, which knows no `ping`, `server/discover`. */
export interface Probe {
  method: string
  params: Record<string, unknown>
}

export const PING: Probe = { method: 'ping', params: {} }
