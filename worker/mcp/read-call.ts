/** The first steps of `/mcp/{server}`: what the request is, told from its body and its headers. */
import type { MiddlewareHandler } from 'hono'
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject, isRequestId } from '#protocol/json-rpc.ts'
import { eraOf } from '#protocol/mcp.ts'
import { mendMessage } from '#protocol/mend.ts'
import { SERVER_NAME } from '#protocol/server-config.ts'
import { Intake, type Sender } from '../bodies/intake.ts'
import { parseBody, readJSONBody, type JSONBody } from '../body.ts'
import type {
  AppEnv,
  CallFacts,
  CallRecord,
  Deps,
  IncomingMessage,
  PostedMessage,
} from '../context.ts'
import type { Batches } from './batch.ts'
import { classifyBodyless } from './classify-legacy.ts'
import { classifyPost, readEnvelope } from './classify.ts'
import type { Classification, Rejection } from './classification.ts'
import { namedServer } from './named-server.ts'
import { acceptsEventStream, isJSONContentType, readAccept } from './media-type.ts'

const LISTEN = 'subscriptions/listen'

/** Sets `message`, and tells the record which request an error would answer. Without `batches`, one is refused. */
export function readMessage(
  deps: Pick<Deps, 'maxBodyBytes' | 'bodies'>,
  batches?: Pick<Batches, 'answer'>,
): MiddlewareHandler<AppEnv> {
  return async function readMessage(c, next) {
    const { record } = c.var
    const request = c.req.raw
    const server = namedServer(c)
    if (server === CATALOG || SERVER_NAME.test(server)) record.server = server
    const http = requireHTTPMethod(request)
    if (http !== 'POST') {
      c.set('message', { server, http })
      return next()
    }
    const intake = new Intake(deps.bodies, requireSender(record))
    try {
      const takes = requireAccept(request)
      const body = await readJSONBody(request, deps.maxBodyBytes, intake)
      if (batches !== undefined && Array.isArray(body.value)) {
        // Each of its messages takes room of its own.
        intake.release()
        return await batches.answer(c, body)
      }
      const post = readPost(mended(body), record)
      c.set('message', { server, http, post: { ...post, ...(takes !== 'both' && { takes }) } })
      await next()
    } finally {
      intake.release()
    }
  }
}

/** Sets `call`. Whether there is such a server at all has been said before. */
export function classifyCall(batches: Pick<Batches, 'isPart'>): MiddlewareHandler<AppEnv> {
  return async function classifyCall(c, next) {
    const { record, message } = c.var
    const { server, http, post } = message
    const classification = classify(c.req.raw, message)
    if (classification.kind === 'rejected') throw toError(classification)
    const { kind, facts } = classification
    addFacts(record, facts)
    if (post?.takes !== undefined) facts.takes = requireTaken(post.takes, record)
    if (batches.isPart(c.req.raw)) facts.isBatched = true
    if (record.method === 'server/discover' && isModernOnly(c.req.query('protocol'))) {
      facts.isModernOnly = true
    }
    c.set('call', {
      ...{ server, http, facts, isNoOp: kind === 'accepted' },
      ...(post && { body: post.body }),
    })
    await next()
  }
}

/** A subscription is a stream. */
function requireTaken(takes: 'json' | 'events', { method }: CallRecord): 'json' | 'events' {
  if (takes === 'events' || method !== LISTEN) return takes
  throw new GatewayError('not_acceptable', { detail: `${LISTEN} is answered by text/event-stream` })
}

/** For clients that would give up where older revisions alone are announced. */
function isModernOnly(protocol: string | undefined): boolean {
  return protocol !== undefined && eraOf(protocol) === 'modern'
}

function requireHTTPMethod({ method }: Request): HostCall['http'] {
  if (method === 'POST' || method === 'GET' || method === 'DELETE') return method
  throw new GatewayError('method_not_allowed')
}

function requireSender({ verdict }: CallRecord): Sender {
  if (verdict === undefined) throw new TypeError('the route stands behind requireTenant')
  return verdict
}

/** What a POST may be answered with. */
function requireAccept({ headers }: Request): 'both' | 'json' | 'events' {
  if (!isJSONContentType(headers.get('Content-Type'))) {
    throw new GatewayError('unsupported_media_type')
  }
  const takes = readAccept(headers.get('Accept'))
  if (takes === 'neither') throw new GatewayError('not_acceptable')
  return takes
}

function readPost(body: JSONBody, record: CallRecord): PostedMessage {
  const envelope = readEnvelope(body.value)
  if (envelope.kind === 'rejected') {
    // An unanswerable message may still carry an id that its sender waits for.
    if (isObject(body.value) && isRequestId(body.value.id)) record.id = body.value.id
    throw toError(envelope)
  }
  if (envelope.kind === 'request') record.id = envelope.id
  if (envelope.kind !== 'response') record.method = envelope.method
  return { envelope, body }
}

/** What strict servers would drop without a word. */
function mended(body: JSONBody): JSONBody {
  const bytes = mendMessage(body.value, () => body.bytes)
  return bytes === undefined ? body : parseBody(bytes)
}

function classify(request: Request, { http, post }: IncomingMessage): Classification {
  const { headers } = request
  if (post !== undefined) return classifyPost(headers, post.envelope, post.body.value)
  if (http === 'GET' && !acceptsEventStream(headers.get('Accept'))) {
    const detail = 'a GET takes text/event-stream'
    return { kind: 'rejected', code: 'not_acceptable', detail }
  }
  return classifyBodyless(headers)
}

export function addFacts(record: CallRecord, { era, target }: CallFacts): void {
  record.era = era
  if (target !== undefined) record.target = target
}

export function toError({ code, detail, data }: Rejection): GatewayError {
  return new GatewayError(code, { ...(detail && { detail }), ...(data && { data }) })
}
