/**
 * The deprecated HTTP+SSE transport (2024-11-05, basic/transports), for clients that know no other:
 * `GET /sse/{server}` opens a stream whose first event names the URL to post to, and whatever is
 * answered comes on that stream. A message is made what it would be over Streamable HTTP, and meets the
 * same policies in the same order.
 */
import type { Context } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { eraOf, HEADER, META } from '#protocol/mcp.ts'
import { SESSION_ID, type Verdict } from '#protocol/tenant.ts'
import { toChallenge } from '../auth/challenge.ts'
import type { AppEnv, CallFacts, Deps, PostedMessage } from '../context.ts'
import type { CallRecord } from '../telemetry/record.ts'
import { requireCall } from './classification.ts'
import { classifyPost } from './classify.ts'
import { sendToHost, toFault, toHostCall } from './forward.ts'
import { acceptsEventStream } from './media-type.ts'
import { namedServer } from './named-server.ts'
import type { Refused, Transport } from './transport.ts'

const OK = 200
const SESSION_PARAM = 'sessionId'
/** Parameters of a stream's URL that are those of its messages, too. */
const KEPT_PARAMS = ['tools']
/** Which a client of this transport need not send, and which it cannot choose. */
const ACCEPT = 'application/json, text/event-stream'
const OF_ENDPOINT = /\/mcp(\/[^/]+)?$/

/** `/sse` and `/sse/{server}`. */
export const openingOfSSE: Transport = {
  requireMethod: (request) => requireOnly('GET', request),
  takesBatches: false,
  classify(c, message, record) {
    if (!acceptsEventStream(c.req.raw.headers.get('Accept'))) {
      throw new GatewayError('not_acceptable', { detail: 'a GET takes text/event-stream' })
    }
    const facts: CallFacts = { era: 'legacy', sse: { endpoint: endpointOf(c) } }
    record.method = message.http
    return requireCall(message, { kind: 'call', facts }, record)
  },
  answerRefused: (_, refused) => Promise.resolve(challengeForTenant(refused)),
}

/** `/messages` and `/messages/{server}`. */
export function createMessagesOfSSE(deps: Pick<Deps, 'serverHost' | 'room'>): Transport {
  return {
    requireMethod: (request) => requireOnly('POST', request),
    takesBatches: false,
    classify(c, message, record) {
      const { post } = message
      const sessionId = requireSessionId(c.req.query(SESSION_PARAM))
      if (post === undefined) throw new TypeError('this transport takes POST alone')
      if (isModern(post)) {
        const detail = 'HTTP+SSE carries the revisions that begin with initialize'
        throw new GatewayError('unknown_method', { detail })
      }
      const { headers } = c.req.raw
      const classification = classifyPost(headers, post.envelope, post.body.value)
      const call = requireCall(message, classification, record)
      call.facts.sessionId = sessionId
      call.facts.sse = {}
      return call
    },
    async answerRefused(c, refused) {
      return (await tellOnStream(deps, c, refused)) ?? challengeForTenant(refused)
    },
  }
}

/** What a client of this transport posts, as one of Streamable HTTP would. */
export function asStreamableHTTP(c: Context<AppEnv>): Request {
  const headers = new Headers(c.req.raw.headers)
  headers.set('Accept', ACCEPT)
  // `initialize` has one, too: here the stream comes first.
  headers.set(HEADER.sessionId, c.req.query(SESSION_PARAM) ?? '')
  return new Request(c.req.raw, { headers })
}

function requireOnly(method: HostCall['http'], request: Request): HostCall['http'] {
  if (request.method === method) return method
  throw new GatewayError('method_not_allowed', { headers: { Allow: `${method}, OPTIONS` } })
}

/**
 * A request that the worker refuses is answered on the stream, where its client waits. `undefined` where it is
 * not, or not there alone: refusals with a status of their own are told by that, too.
 */
async function tellOnStream(
  deps: Pick<Deps, 'serverHost' | 'room'>,
  c: Context<AppEnv>,
  { response, record }: Refused,
): Promise<Response | undefined> {
  const { verdict, id, forwarded } = record
  const sessionId = c.req.query(SESSION_PARAM) ?? ''
  // A stranger is told nothing but the status, and what has no id has no answer.
  if (verdict === undefined || id === undefined || forwarded === true) return undefined
  if (!SESSION_ID.test(sessionId)) return undefined
  const text = await response.clone().text()
  const call = toAnswer(record, verdict, { server: namedServer(c), sessionId })
  const body = { text, bytes: new TextEncoder().encode(text) }
  const told = await sendToHost(deps, call, body).catch((error: unknown) => {
    throw toFault(deps, error)
  })
  if (response.status === OK) return told
  await told.body?.cancel()
  return undefined
}

/**
 * Clients compare a resource's URL with the one that they were given, and that of the server's endpoint
 * is another. The tenant's is part of both, and a token for the tenant is good here.
 */
function challengeForTenant({ error, response, record: { challenge } }: Refused): Response {
  if (challenge === undefined || !response.headers.has('WWW-Authenticate')) return response
  const metadataURL = challenge.metadataURL.replace(OF_ENDPOINT, '')
  response.headers.set('WWW-Authenticate', toChallenge(error, { ...challenge, metadataURL }))
  return response
}

function requireSessionId(id: string | undefined): string {
  if (id === undefined) {
    throw new GatewayError('invalid_params', { detail: `the URL has no ${SESSION_PARAM}` })
  }
  if (!SESSION_ID.test(id)) throw new GatewayError('session_not_found')
  return id
}

/** As the client sees it from its own URL: no origin, so that it holds behind any proxy. */
function endpointOf(c: Context<AppEnv>): string {
  const { tenant, server } = c.req.param() as { tenant?: string; server?: string }
  const path = `${tenant === undefined ? '' : `/t/${tenant}`}/messages${server === undefined ? '' : `/${server}`}`
  const kept = KEPT_PARAMS.flatMap((name) => {
    const value = c.req.query(name)
    return value === undefined ? [] : [[name, value]]
  })
  return kept.length === 0 ? path : `${path}?${new URLSearchParams(kept)}`
}

/** Clients of several eras ask every transport for the modern one: they are to take it for a legacy one. */
function isModern({ envelope, body }: PostedMessage): boolean {
  const params = isObject(body.value) ? body.value.params : undefined
  const meta = isObject(params) ? params._meta : undefined
  const claimed = isObject(meta) ? meta[META.protocolVersion] : undefined
  return envelope.kind === 'request' && typeof claimed === 'string' && eraOf(claimed) === 'modern'
}

function toAnswer(
  record: CallRecord,
  verdict: Verdict,
  { server, sessionId }: { server: string; sessionId: string },
): HostCall {
  const facts: CallFacts = { era: 'legacy', sessionId, sse: { isAnswer: true } }
  const call = { server, http: 'POST' as const, facts, isNoOp: false, body: undefined }
  return toHostCall(record, verdict, call)
}
