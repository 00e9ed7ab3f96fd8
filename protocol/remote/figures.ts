/** What a host program counts of the requests to one origin, since its cell began. */
export interface OriginFigures {
  origin: string
  /** Over HTTP, and upgrades to WebSocket. */
  requests: number
  /** Answered with a status below 500. */
  successes: number
  /** No answer, or a status of 500 and more. */
  failures: number
  /** Until the response began, of those that had one. Milliseconds. */
  meanLatencyMs: number
  /** Of those that were answered: the part over HTTP/2, from 0 to 1. */
  h2Share: number
  inFlight: number
  mostInFlight: number
  connections: number
}

/** Of one tenant. What is reached from the edge is not in it. */
export interface OriginsReport {
  /** False while its containers sleep: the figures began anew with each. */
  isAwake: boolean
  /** `placement`: of the server host that the requests came from, where that is not `main`. */
  origins: (OriginFigures & { placement?: string })[]
}
