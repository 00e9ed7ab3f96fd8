/**
 * One request to an MCP endpoint. The body of `serveCall` is the list of what it meets, in this order: each
 * step is in its own file, and what is known so far is in the locals. Where everything is known the request waits
 * twice: for its body, and for the ServerHost object.
 */
import type { Context, Handler } from 'hono'
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import { identifyCaller, readCaller, recallCaller } from './auth/caller.ts'
import { authorizeCall, requireServer } from './authorization/authorize.ts'
import { Intake } from './bodies/intake.ts'
import { readJSONBody } from './body.ts'
import type { AppEnv, Deps, PostedMessage } from './context.ts'
import type { CallRecord } from './telemetry/record.ts'
import type { Batches } from './mcp/batch.ts'
import { resolveCatalogCall } from './mcp/catalog-call.ts'
import { acknowledge, forward } from './mcp/forward.ts'
import { namedServer } from './mcp/named-server.ts'
import { answerPreflight, letRead, requireHost, requireOrigin } from './mcp/origin.ts'
import { readPost, requireAccept } from './mcp/read-post.ts'
import type { Transport } from './mcp/transport.ts'
import type { CallLimits } from './rate-limit/call-limits.ts'
import { refuseFlood } from './rate-limit/shield.ts'
import { refuseCall } from './refuse.ts'
import { routeCall } from './routing/route-call.ts'
import { newRecord } from './telemetry/record.ts'

const TOO_MANY_REQUESTS = 429

/** What the endpoints of an app share. */
export interface Endpoints {
  deps: Deps
  limits: CallLimits
  batches: Batches
}

export function createServeCall(endpoints: Endpoints, transport: Transport): Handler<AppEnv> {
  const { deps, limits, batches } = endpoints
  return async function serveCall(c) {
    const request = c.req.raw
    const record = newRecord()
    let origin: string | null = null
    let intake: Intake | undefined
    try {
      if (deps.floodShield !== undefined) await refuseFlood(deps.floodShield, request, deps)
      requireHost(request, deps)
      origin = requireOrigin(request, deps)
      if (origin !== null && request.method === 'OPTIONS') return answerPreflight(origin, request)

      const server = namedServer(c)
      const caller = readCaller(deps, request, c.req.param('tenant'), server)
      const verdict =
        recallCaller(deps, caller, record) ?? (await identifyCaller(deps, caller, record))

      const http = transport.requireMethod(request)
      let post: PostedMessage | undefined
      if (http === 'POST') {
        intake = new Intake(deps.bodies, verdict)
        const takes = requireAccept(request)
        const body = await readJSONBody(request, deps.maxBodyBytes, intake)
        if (transport.takesBatches && Array.isArray(body.value)) {
          return readable(await batches.answer(c, body, intake), origin)
        }
        post = readPost(body, takes, record)
      }
      requireServer(verdict, server)
      let call = transport.classify(c, { server, http, post }, record)
      if (batches.isPart(request)) call.facts.isBatched = true
      if (server === CATALOG) call = await resolveCatalogCall(deps, c, { record, verdict }, call)

      authorizeCall(verdict, call)
      routeCall(verdict, call)
      const charge = limits.charge(c, { record, verdict }, call)
      const refund = charge instanceof Promise ? await charge : charge

      if (call.isNoOp) return readable(acknowledge(deps, record), origin)
      const response = await forward(deps, { record, verdict }, call)
      // Of what is behind this, concurrency limits alone answer so.
      if (response.status === TOO_MANY_REQUESTS) refund()
      return readable(response, origin)
    } catch (error) {
      const response = await answerRefused(deps, transport, c, { record, intake, error })
      return readable(response, origin)
    } finally {
      intake?.release()
    }
  }
}

/** By the page that asks, if it is one. */
function readable(response: Response, origin: string | null): Response {
  return origin === null ? response : letRead(response, origin)
}

async function answerRefused(
  deps: Deps,
  transport: Transport,
  c: Context<AppEnv>,
  refused: { record: CallRecord; intake: Intake | undefined; error: unknown },
): Promise<Response> {
  const { record, intake } = refused
  const error = GatewayError.from(refused.error)
  // What is left of the body is only thrown away, and that may take a while.
  intake?.release()
  const response = await refuseCall(deps, c.req.raw, record, error)
  if (transport.answerRefused === undefined) return response
  return transport.answerRefused(c, { error, response, record }).catch((failure: unknown) => {
    return refuseCall(deps, c.req.raw, record, GatewayError.from(failure))
  })
}
