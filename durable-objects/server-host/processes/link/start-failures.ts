/** What it means that the platform started no container, and when trying again is left to the client. */
import { GatewayError } from '#protocol/errors.ts'

/** Starts in a row that may fail for a reason that is not known; each is waited for a little longer. */
const MAX_UNKNOWN_FAILURES = 6
const FIRST_PAUSE_MS = 100
const RETRY_AFTER_MS = 5_000
const RATE_RETRY_AFTER_MS = 1_000

/** The platform has no codes for these: its words, in lower case. Trying again within a call does not help. */
const KNOWN = [
  {
    says: 'maximum number of running container instances',
    detail:
      'as many containers run as `max_instances` in wrangler.toml allows; raise it, or lower SLEEP_AFTER',
    retryAfterMs: RETRY_AFTER_MS,
  },
  {
    says: 'no container instance',
    detail:
      'the platform has no container to give: all that `max_instances` allows are in use, or the image is still being rolled out',
    retryAfterMs: RETRY_AFTER_MS,
  },
  {
    says: 'too many containers per second',
    detail: 'too many containers were started in this second',
    retryAfterMs: RATE_RETRY_AFTER_MS,
  },
] as const

export class StartFailures {
  #unknown = 0

  /** A container came up. */
  reset(): void {
    this.#unknown = 0
  }

  /**
   * What to throw for a start that failed: a `GatewayError` is told to the client, anything else is tried
   * again. Resolves when that may be.
   */
  async judge(error: unknown): Promise<unknown> {
    const known = recognise(error)
    if (known !== undefined) return known
    this.#unknown += 1
    if (this.#unknown >= MAX_UNKNOWN_FAILURES) {
      const detail = "its container does not start; the gateway's log has the reason"
      return unavailable(detail, RETRY_AFTER_MS, error)
    }
    await new Promise((resolve) => {
      setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (this.#unknown - 1))
    })
    return error
  }
}

function recognise(error: unknown): GatewayError | undefined {
  if (!(error instanceof Error)) return undefined
  const words = error.message.toLowerCase()
  const known = KNOWN.find(({ says }) => words.includes(says))
  return known && unavailable(known.detail, known.retryAfterMs, error)
}

function unavailable(detail: string, retryAfterMs: number, cause: unknown): GatewayError {
  return new GatewayError('host_unavailable', { detail, retryAfterMs, cause })
}
