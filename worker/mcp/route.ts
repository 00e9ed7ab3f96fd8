/** `/mcp/{server}`: one server over Streamable HTTP, at both eras. */
import type { Context } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject, isRequestId } from '#protocol/json-rpc.ts'
import { SERVER_NAME } from '#protocol/server-config.ts'
import type { Verdict } from '#protocol/tenant.ts'
import { readJSONBody, type JSONBody } from '../body.ts'
import type { AppEnv, CallFacts, CallRecord, Deps } from '../context.ts'
import { classifyBodyless } from './classify-legacy.ts'
import { classifyPost, readEnvelope } from './classify.ts'
import type { Classification, Rejection } from './classification.ts'
import { forwardCall } from './forward.ts'
import { acceptsBoth, acceptsEventStream, isJSONContentType } from './media-type.ts'

type RouteDeps = Pick<Deps, 'serverHost' | 'maxBodyBytes' | 'log'>

export function createMCPRoute(deps: RouteDeps) {
  return async function callServer(c: Context<AppEnv, '/mcp/:server'>): Promise<Response> {
    const record = c.get('record')
    const request = c.req.raw
    const server = c.req.param('server')
    if (SERVER_NAME.test(server)) record.server = server
    const http = requireHTTPMethod(request)
    const body = http === 'POST' ? await readPost(request, record, deps.maxBodyBytes) : undefined
    const verdict = requireServer(record.verdict, server)
    const classification = body?.classify() ?? classifyWithoutBody(request, http)
    if (classification.kind === 'rejected') throw toError(classification)
    addFacts(record, classification.facts)
    if (classification.kind === 'accepted') {
      deps.log.call(record, 'ok')
      return new Response(null, { status: 202, headers: { 'X-Request-Id': record.requestId } })
    }
    record.forwarded = true
    const call = toHostCall(record, verdict, server, http, classification.facts)
    return forwardCall(deps, call, body)
  }
}

function requireHTTPMethod({ method }: Request): HostCall['http'] {
  if (method === 'POST' || method === 'GET' || method === 'DELETE') return method
  throw new GatewayError('method_not_allowed')
}

interface Post extends JSONBody {
  classify(): Classification
}

/** Also tells the record which request an error would answer. */
async function readPost(request: Request, record: CallRecord, maxBytes: number): Promise<Post> {
  const { headers } = request
  if (!isJSONContentType(headers.get('Content-Type'))) {
    throw new GatewayError('unsupported_media_type')
  }
  if (!acceptsBoth(headers.get('Accept'))) throw new GatewayError('not_acceptable')
  const body = await readJSONBody(request, maxBytes)
  const envelope = readEnvelope(body.value)
  if (envelope.kind === 'rejected') {
    // An unanswerable message may still carry an id that its sender waits for.
    if (isObject(body.value) && isRequestId(body.value.id)) record.id = body.value.id
    throw toError(envelope)
  }
  if (envelope.kind === 'request') record.id = envelope.id
  if (envelope.kind !== 'response') record.method = envelope.method
  return { ...body, classify: () => classifyPost(headers, envelope, body.value) }
}

function classifyWithoutBody({ headers }: Request, http: HostCall['http']): Classification {
  if (http === 'GET' && !acceptsEventStream(headers.get('Accept'))) {
    const detail = 'a GET takes text/event-stream'
    return { kind: 'rejected', code: 'not_acceptable', detail }
  }
  return classifyBodyless(headers)
}

function requireServer(verdict: Verdict | undefined, server: string): Verdict {
  if (verdict === undefined) throw new TypeError('the route stands behind requireTenant')
  if (!verdict.servers.includes(server)) throw new GatewayError('server_not_found')
  return verdict
}

function addFacts(record: CallRecord, { era, target }: CallFacts): void {
  record.era = era
  if (target !== undefined) record.target = target
}

function toHostCall(
  { requestId, receivedAt }: CallRecord,
  verdict: Verdict,
  server: string,
  http: HostCall['http'],
  facts: CallFacts,
): HostCall {
  const { tenant, principal, configVersion } = verdict
  return { requestId, receivedAt, tenant, principal, server, configVersion, http, ...facts }
}

function toError({ code, detail, data }: Rejection): GatewayError {
  return new GatewayError(code, { ...(detail && { detail }), ...(data && { data }) })
}
