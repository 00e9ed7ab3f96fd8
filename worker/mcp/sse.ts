/**
 * The deprecated HTTP+SSE transport (2024-11-05, basic/transports), for clients that know no other:
 * `GET /sse/{server}` opens a stream whose first event names the URL to post to, and whatever is
 * answered comes on that stream. A message is made what it would be over Streamable HTTP, and meets the
 * same policies in the same order.
 */
import type { Context, Hono, MiddlewareHandler } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { eraOf, HEADER, META } from '#protocol/mcp.ts'
import { SESSION_ID } from '#protocol/tenant.ts'
import { toChallenge } from '../auth/challenge.ts'
import type { AppEnv, CallFacts, CallRecord, Deps, PostedMessage } from '../context.ts'
import { classifyPost } from './classify.ts'
import { forwardCall, toHostCall } from './forward.ts'
import { namedServer } from './named-server.ts'
import { acceptsEventStream } from './media-type.ts'
import { addFacts, toError } from './read-call.ts'

type Handler = MiddlewareHandler<AppEnv>

/** What each request meets, as at `/mcp/{server}`. */
export interface Pipeline {
  tenantOnly: Handler
  /** Behind these there is a message, and its server exists for the caller. */
  reading: readonly Handler[]
  /** What becomes of a call. */
  answering: readonly Handler[]
}

const OK = 200
const SESSION_PARAM = 'sessionId'
/** Parameters of a stream's URL that are those of its messages, too. */
const KEPT_PARAMS = ['tools']
/** Which a client of this transport need not send, and which it cannot choose. */
const ACCEPT = 'application/json, text/event-stream'
const OF_ENDPOINT = /\/mcp(\/[^/]+)?$/

/** `base`: nothing, or `/t/:tenant`. */
export function addSSERoutes(
  app: Hono<AppEnv>,
  base: string,
  deps: Pick<Deps, 'serverHost' | 'room'>,
  { tenantOnly, reading, answering }: Pipeline,
): void {
  const opening: [Handler, ...Handler[]] = [
    challengeForTenant,
    ...[tenantOnly, takeOnly('GET'), ...reading, classifyOpening, ...answering],
  ]
  const posting: [Handler, ...Handler[]] = [
    challengeForTenant,
    ...[tellOnStream(deps), asStreamableHTTP, tenantOnly],
    ...[takeOnly('POST'), ...reading, classifyMessage, ...answering],
  ]
  for (const server of ['', '/:server']) {
    app.all(`${base}/sse${server}`, ...opening)
    app.all(`${base}/messages${server}`, ...posting)
  }
}

function takeOnly(method: HostCall['http']): Handler {
  return async function takeOnly(c, next) {
    if (c.req.raw.method !== method) {
      throw new GatewayError('method_not_allowed', { headers: { Allow: `${method}, OPTIONS` } })
    }
    await next()
  }
}

const asStreamableHTTP: Handler = async function asStreamableHTTP(c, next) {
  const headers = new Headers(c.req.raw.headers)
  headers.set('Accept', ACCEPT)
  // `initialize` has one, too: here the stream comes first.
  headers.set(HEADER.sessionId, c.req.query(SESSION_PARAM) ?? '')
  c.req.raw = new Request(c.req.raw, { headers })
  await next()
}

const classifyOpening: Handler = async function classifyOpening(c, next) {
  const { record, message } = c.var
  if (!acceptsEventStream(c.req.raw.headers.get('Accept'))) {
    throw new GatewayError('not_acceptable', { detail: 'a GET takes text/event-stream' })
  }
  setCall(c, { era: 'legacy', sse: { endpoint: endpointOf(c) } })
  record.method = message.http
  await next()
}

const classifyMessage: Handler = async function classifyMessage(c, next) {
  const { post } = c.var.message
  const sessionId = requireSessionId(c.req.query(SESSION_PARAM))
  if (post === undefined) throw new TypeError('the route takes POST alone')
  if (isModern(post)) {
    const detail = 'HTTP+SSE carries the revisions that begin with initialize'
    throw new GatewayError('unknown_method', { detail })
  }
  const classification = classifyPost(c.req.raw.headers, post.envelope, post.body.value)
  if (classification.kind === 'rejected') throw toError(classification)
  const { kind, facts } = classification
  setCall(c, { ...facts, sessionId, sse: {} }, kind === 'accepted')
  await next()
}

/**
 * A request that the worker refuses is answered on the stream, where its client waits. Refusals with a
 * status of their own are told by that, too.
 */
function tellOnStream(deps: Pick<Deps, 'serverHost' | 'room'>): Handler {
  return async function tellOnStream(c, next) {
    await next()
    const { record } = c.var
    const sessionId = c.req.query(SESSION_PARAM) ?? ''
    const isRefused = c.error !== undefined && record.forwarded !== true
    if (!isRefused || !isAnswerable(record) || !SESSION_ID.test(sessionId)) return
    const text = await c.res.clone().text()
    const call = toAnswer(record, namedServer(c), sessionId)
    const body = { text, bytes: new TextEncoder().encode(text), value: undefined }
    const told = await forwardCall(deps, call, body)
    if (c.res.status !== OK) return told.body?.cancel()
    c.res = undefined
    c.res = told
  }
}

/**
 * Clients compare a resource's URL with the one that they were given, and that of the server's endpoint
 * is another. The tenant's is part of both, and a token for the tenant is good here.
 */
const challengeForTenant: Handler = async function challengeForTenant(c, next) {
  await next()
  const { challenge } = c.var.record
  if (challenge === undefined || !GatewayError.is(c.error)) return
  if (!c.res.headers.has('WWW-Authenticate')) return
  const metadataURL = challenge.metadataURL.replace(OF_ENDPOINT, '')
  c.res.headers.set('WWW-Authenticate', toChallenge(c.error, { ...challenge, metadataURL }))
}

function setCall(c: Context<AppEnv>, facts: CallFacts, isNoOp = false): void {
  const { record, message } = c.var
  const { server, http, post } = message
  addFacts(record, facts)
  c.set('call', { ...{ server, http, facts, isNoOp }, ...(post && { body: post.body }) })
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

/** A stranger is told nothing but the status, and what has no id has no answer. */
function isAnswerable({ verdict, id }: CallRecord): boolean {
  return verdict !== undefined && id !== undefined
}

function toAnswer(record: CallRecord, server: string, sessionId: string): HostCall {
  const facts: CallFacts = { era: 'legacy', sessionId, sse: { isAnswer: true } }
  return toHostCall(record, { server, http: 'POST', facts, isNoOp: false })
}
