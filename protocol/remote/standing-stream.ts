/**
 * The GET stream of a legacy session: what the server says that belongs to no request
 * (2025-11-25, transports, Listening for Messages). Opened again where it was after a cut.
 */
import type { EventParserOptions } from './event-parser.ts'
import { mediaType } from './answers.ts'
import { pause } from './pause.ts'
import { discard, readEvents } from './read-body.ts'
import type { RemoteResponse } from './remote.ts'

/** In a row; then the session goes on without the stream. */
const MAX_FAILURES = 10
/** A stream that lived for this long, or told an event's id, was no failure. */
const STABLE_MS = 5_000
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
const MIN_RETRY_MS = 100

export interface StandingStreamOptions {
  /** Sends the GET. Rejects when no answer came. */
  open: (lastEventId: string | undefined) => Promise<RemoteResponse>
  events: EventParserOptions
  /** The server had the stream, and says now that it does not know the session. */
  onSessionOver: () => void
  signal: AbortSignal
}

/** Resolves when the stream will not come, or not come back. Never rejects. */
export async function keepStandingStream(options: StandingStreamOptions): Promise<void> {
  const { signal, events } = options
  let [lastEventId, retryMs]: [string | undefined, number | undefined] = [undefined, undefined]
  let wasOpen = false
  for (let failures = 0; failures < MAX_FAILURES && !signal.aborted; failures++) {
    const verdict = await connect(options, lastEventId)
    if (verdict === 'refused' && wasOpen) return options.onSessionOver()
    if (verdict === 'refused') return
    if (verdict !== 'failed') {
      wasOpen = true
      const openedAt = Date.now()
      const position = await readEvents(verdict.body, events)
      const isStable = position.lastEventId !== undefined || Date.now() - openedAt > STABLE_MS
      if (isStable) failures = -1
      lastEventId = position.lastEventId ?? lastEventId
      retryMs = position.retryMs ?? retryMs
    }
    if (!signal.aborted) await pause(waitMs(Math.max(0, failures), retryMs), signal)
  }
}

/** A server without such a stream answers 405; one that had it and forgot the session 404 or 400. */
async function connect(
  { open }: StandingStreamOptions,
  lastEventId: string | undefined,
): Promise<RemoteResponse | 'refused' | 'failed'> {
  const response = await open(lastEventId).catch(() => undefined)
  if (response === undefined) return 'failed'
  const { status, headers } = response
  if (status === 200 && mediaType(headers.get('content-type')) === 'text/event-stream') {
    return response
  }
  await discard(response.body)
  return status === 429 || status >= 500 ? 'failed' : 'refused'
}

function waitMs(failures: number, retryMs: number | undefined): number {
  const first = retryMs === undefined ? FIRST_PAUSE_MS : Math.max(retryMs, MIN_RETRY_MS)
  return Math.min(first * 2 ** failures, LONGEST_PAUSE_MS)
}
