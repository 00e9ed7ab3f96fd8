/**
 * JSON-RPC batches, which 2025-03-26 alone has (basic/transports, Sending Messages). Each message of one goes its
 * way as a request of its own, so that every policy holds for it, and it is a call of its own in the log. What they
 * are answered with becomes one list; once one of the answers is an event stream, one stream.
 */
import type { Context } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { skipSpace, skipValue, walkElements } from '#protocol/json-scan.ts'
import { BATCH_REVISION, HEADER } from '#protocol/mcp.ts'
import type { Intake } from '../bodies/intake.ts'
import type { JSONBody } from '../body.ts'
import type { AppEnv } from '../context.ts'
import { readOnce } from './header-value.ts'
import { mergeEvents } from './merge-events.ts'

/** Each is a request to the object. */
const MAX_BATCH_MESSAGES = 32
const EVENT_STREAM = 'text/event-stream'
const EVENTS = { 'Content-Type': EVENT_STREAM, 'Cache-Control': 'no-cache, no-transform' }

/** Where a request begins: the app itself. */
export type Dispatch = (request: Request, c: Context<AppEnv>) => Promise<Response>

export class Batches {
  readonly #dispatch: Dispatch
  readonly #parts = new WeakSet<Request>()

  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch
  }

  /** Whether the request is one message of a batch: its session must be of the revision that has them. */
  isPart(request: Request): boolean {
    return this.#parts.has(request)
  }

  /** Throws what refuses the batch as a whole. Each of its messages takes room of its own. */
  async answer(c: Context<AppEnv>, body: JSONBody, intake: Intake): Promise<Response> {
    intake.release()
    const messages = requireMessages(c.req.raw, body, this.isPart(c.req.raw))
    const answers = await Promise.all(
      messages.map((message) => {
        const part = toPart(c.req.raw, message)
        this.#parts.add(part)
        return this.#dispatch(part, c)
      }),
    )
    return join(answers)
  }
}

function requireMessages(
  { headers }: Request,
  { bytes, value }: JSONBody,
  isPart: boolean,
): Uint8Array[] {
  const messages = Array.isArray(value) ? (value as unknown[]) : []
  const revision = readOnce(headers, HEADER.protocolVersion) ?? BATCH_REVISION
  const hasSession = readOnce(headers, HEADER.sessionId) !== null
  if (revision !== BATCH_REVISION || !hasSession) throw new GatewayError('batch_unsupported')
  if (isPart) throw invalid('a batch holds messages, and no batches')
  if (messages.length === 0) throw invalid('a batch holds at least one message')
  if (messages.length > MAX_BATCH_MESSAGES) {
    throw invalid(`a batch holds at most ${MAX_BATCH_MESSAGES} messages`)
  }
  if (messages.some((message) => isObject(message) && message.method === 'initialize')) {
    throw invalid('initialize must not be part of a batch')
  }
  const cut: Uint8Array[] = []
  walkElements(bytes, skipSpace(bytes, 0), (at) => {
    const end = skipValue(bytes, at)
    cut.push(bytes.slice(at, end))
    return end
  })
  return cut
}

function toPart(batch: Request, message: Uint8Array): Request {
  const headers = new Headers(batch.headers)
  headers.set('Content-Length', String(message.length))
  return new Request(batch.url, {
    method: 'POST',
    headers,
    body: message as Uint8Array<ArrayBuffer>,
  })
}

/** One status for all where they have one: the session is gone, the token is refused. */
async function join(answers: readonly Response[]): Promise<Response> {
  if (answers.some(isStream)) {
    return new Response(mergeEvents(answers, isStream), { headers: EVENTS })
  }
  const texts = await Promise.all(answers.map((answer) => answer.text()))
  const told = texts.filter((text) => text !== '')
  const [first] = answers
  const status = answers.every((answer) => answer.status === first?.status) ? first?.status : 200
  if (told.length === 0) return new Response(null, { status: status ?? 202 })
  const headers = new Headers({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  const challenge = status === 200 ? null : first?.headers.get('WWW-Authenticate')
  if (challenge) headers.set('WWW-Authenticate', challenge)
  const waits = answers.map((answer) => Number(answer.headers.get('Retry-After') ?? 0))
  const longest = Math.max(...waits)
  // Whoever comes back sooner is refused again with one of them.
  if (longest > 0) headers.set('Retry-After', String(longest))
  return new Response(`[${told.join(',')}]`, { status: status ?? 200, headers })
}

function isStream({ headers }: Response): boolean {
  return headers.get('Content-Type')?.startsWith(EVENT_STREAM) === true
}

function invalid(detail: string): GatewayError {
  return new GatewayError('invalid_message', { detail })
}
