/**
 * The response to one request over HTTP: its answer as JSON, or a stream of events that ends with it.
 * A stream that breaks off before is asked for again where it was (2025-11-25, transports, Resumability).
 */
import { mediaType } from './answers.ts'
import { toProtocolFailure, toUnreachable } from './failures.ts'
import type { Flight } from './flights.ts'
import { pause } from './pause.ts'
import { discard, readBody, readEvents, type Position } from './read-body.ts'
import type { RemoteResponse } from './remote.ts'
import type { Answer } from './send-request.ts'

/** In a row, without a new event. */
const MAX_RESUMPTIONS = 5
const RESUME_PAUSE_MS = 500
const LONGEST_RESUME_PAUSE_MS = 30_000

export interface ResponseHooks {
  maxMessageBytes: number
  /** One message, or a batch of them. */
  onMessages: (bytes: Uint8Array) => void
  onOversize: () => void
  /** Sends a GET for what came after an event; absent in an era without. */
  resume: ((lastEventId: string) => Promise<RemoteResponse>) | undefined
}

/** Resolves when nothing more will come. Throws a `GatewayError` when the answer will not. */
export async function readResponse(
  { response, url }: Answer,
  flight: Flight,
  hooks: ResponseHooks,
): Promise<void> {
  const type = mediaType(response.headers.get('content-type'))
  if (type === 'text/event-stream') await readStream(response, url, flight, hooks)
  else if (type === 'application/json') await readJSON(response, url, flight, hooks)
  else {
    await discard(response.body)
    throw toProtocolFailure(`answered HTTP ${response.status} without a message`, url)
  }
  if (!flight.isSettled) throw toProtocolFailure('answered something else than what was asked', url)
}

async function readJSON(
  { body }: RemoteResponse,
  url: URL,
  flight: Flight,
  { maxMessageBytes, onMessages, onOversize }: ResponseHooks,
): Promise<void> {
  const bytes = await readBody(body, maxMessageBytes).catch((error: unknown) => {
    throw toUnreachable(error, url)
  })
  if (bytes !== undefined) onMessages(bytes)
  else if (!flight.isSettled) onOversize()
}

async function readStream(
  response: RemoteResponse,
  url: URL,
  flight: Flight,
  hooks: ResponseHooks,
): Promise<void> {
  const events = toEventOptions(hooks)
  let position = await readEvents(response.body, events)
  for (let attempt = 0; attempt < MAX_RESUMPTIONS && !flight.isSettled; attempt++) {
    const { lastEventId } = position
    if (hooks.resume === undefined || lastEventId === undefined) break
    await pause(waitMs(position, attempt), flight.abort.signal)
    if (flight.abort.signal.aborted) return
    const next = await reopen(hooks.resume, lastEventId, events)
    if (next?.lastEventId !== undefined && next.lastEventId !== lastEventId) attempt = -1
    position = { ...position, ...next, lastEventId: next?.lastEventId ?? lastEventId }
  }
  if (flight.isSettled) return
  const { cut } = position
  throw cut === undefined
    ? toProtocolFailure('ended its response before the answer', url)
    : toUnreachable(cut, url)
}

/** `undefined` when the server has no such stream now. */
async function reopen(
  resume: (lastEventId: string) => Promise<RemoteResponse>,
  lastEventId: string,
  events: Parameters<typeof readEvents>[1],
): Promise<Position | undefined> {
  const response = await resume(lastEventId).catch(() => undefined)
  if (response === undefined) return undefined
  const isStream = mediaType(response.headers.get('content-type')) === 'text/event-stream'
  if (response.status === 200 && isStream) return readEvents(response.body, events)
  await discard(response.body)
  return undefined
}

export function toEventOptions({ maxMessageBytes, onMessages, onOversize }: ResponseHooks) {
  return {
    maxEventBytes: maxMessageBytes,
    // What has another name is not the protocol's.
    onEvent: ({ name, data }: { name: string; data: Uint8Array }) => {
      if (name === 'message' && data.length > 0) onMessages(data)
    },
    onOversize,
  }
}

function waitMs({ retryMs }: Position, attempt: number): number {
  return Math.min((retryMs ?? RESUME_PAUSE_MS) * 2 ** attempt, LONGEST_RESUME_PAUSE_MS)
}
