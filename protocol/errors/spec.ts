/** What the table says of each failure. */
export interface ErrorSpec {
  /**
   * HTTP status when nothing of the answer has been sent yet. A failure of the server behind an
   * accepted request is an answer to it, so 200: clients match it to their call by its id.
   */
  status: number
  /** JSON-RPC error code. -32000…-32019 are the implementation's, -32020…-32099 the spec's. */
  rpc: number
  /** In the legacy era, where that one has its own. */
  legacyRPC?: number
  /** Whether the same request, sent again by the client, may succeed with no other change. */
  retryable: boolean
  /**
   * Whose doing it is. It turns a breaker against the server for everyone, or, where a process that had come
   * up failed in a call, for that caller. What its client ended says nothing of the server. Absent: nobody's.
   */
  blames?: 'server' | 'caller' | 'client'
  /**
   * Whether a server has seen the call; `maybe`: it may have done what it was asked to; `answered`: with
   * something that its client cannot have. Absent: the answer is final.
   */
  seen?: 'no' | 'maybe' | 'answered'
  /** May heal in a moment, so the gateway itself tries again. What has taken its whole time is none of these. */
  passing?: true
  /** A result that is kept may stand in for the answer. */
  coverable?: true
  /** The gateway itself failed: its cause is logged. */
  logged?: true
  message: string
}
