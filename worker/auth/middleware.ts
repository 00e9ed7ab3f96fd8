/** Who is calling: a principal of a tenant, or the operator. */
import type { Context, MiddlewareHandler } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { AppEnv, Deps } from '../context.ts'
import { namedServer } from '../mcp/named-server.ts'
import { authenticate, trustOf, type AuthDeps } from './authenticate.ts'
import { parseBearer } from './bearer.ts'
import { isOperator } from './operator.ts'
import { knowsServer, renewing } from './renewal.ts'
import { metadataURL, scopesOf, toResource, type Resource } from './resource.ts'

const ADMIN_PATH = /^\/admin\/tenants\/([^/]+)/
const ENDPOINT = /^(\/t\/[^/]+)?\/(mcp|sse|messages)(\/|$)/
const NO_BEARER = 'the Authorization header holds no bearer token'
const NO_RESOURCE = 'there is nothing here that a token could be for'

type EdgeDeps = AuthDeps & Pick<Deps, 'publicOrigin' | 'goodCredentials'>
type Answer = { verdict: Verdict } | { refusal: GatewayError }

/**
 * Sets the record's verdict, or answers 401. Where the path names a tenant (`/t/{tenant}/…`) the verdict is
 * that tenant's; else the token says whose it is.
 */
export function requireTenant(deps: EdgeDeps): MiddlewareHandler<AppEnv> {
  return async function requireTenant(c, next) {
    const now = Date.now()
    const { record } = c.var
    const tenant = c.req.param('tenant')
    const server = ENDPOINT.test(c.req.path) ? namedServer(c) : undefined
    const resource = tenant === undefined ? undefined : requireResource(deps, c, tenant, server)
    const known = await answerOf(deps, c.req.raw, resource, now)
    const isComplete = !('verdict' in known) || knowsServer(known.verdict, server)
    const answer = isComplete
      ? known
      : await answerOf({ ...deps, ...renewing(deps, now) }, c.req.raw, resource, now)
    if (resource && (await isAnnounced(deps, resource, answer, now))) {
      record.challenge = { metadataURL: metadataURL(resource), scopes: scopesOf(resource) }
    }
    if ('refusal' in answer) throw answer.refusal
    record.verdict = answer.verdict
    await next()
  }
}

/**
 * Sets `admin`, or answers 401. On `/admin/tenants/{tenant}/…` a tenant's credential is one of that
 * tenant: another's is as unknown as any. What it may do there is decided behind this.
 */
export function requireAdmin(deps: EdgeDeps & Pick<Deps, 'adminToken'>): MiddlewareHandler<AppEnv> {
  return async function requireAdmin(c, next) {
    const token = parseBearer(c.req.raw.headers.get('Authorization'))
    if (token !== undefined && (await isOperator(deps.adminToken, token))) {
      c.set('admin', { isOperator: true })
      return next()
    }
    const tenant = ADMIN_PATH.exec(c.req.path)?.[1]
    const resource = tenant === undefined ? undefined : requireResource(deps, c, tenant)
    const answer = await answerOf(deps, c.req.raw, resource, Date.now())
    if ('refusal' in answer) throw answer.refusal
    c.set('admin', { isOperator: false, verdict: answer.verdict })
    await next()
  }
}

async function answerOf(
  deps: EdgeDeps,
  { headers }: Request,
  resource: Resource | undefined,
  now: number,
): Promise<Answer> {
  const header = headers.get('Authorization')
  if (header === null) return { refusal: unauthorized('no_token') }
  const token = parseBearer(header)
  if (token === undefined) return { refusal: unauthorized('invalid_token', NO_BEARER) }
  const outcome = await authenticate(deps, token, resource, now)
  if ('refused' in outcome) {
    deps.goodCredentials.forget(token)
    return { refusal: unauthorized('invalid_token', outcome.refused) }
  }
  deps.goodCredentials.note(token, outcome.verdict)
  return outcome
}

/** Throws `unauthorized` for names that can be none, before anything is asked about them. */
function requireResource(
  { publicOrigin }: EdgeDeps,
  c: Context<AppEnv>,
  tenant: string,
  server?: string,
): Resource {
  const origin = publicOrigin ?? new URL(c.req.url).origin
  const resource = toResource(origin, tenant, server)
  if (resource === undefined) throw unauthorized('invalid_token', NO_RESOURCE)
  return resource
}

/** Whether the tenant announces where tokens for it come from. */
async function isAnnounced(
  deps: EdgeDeps,
  { tenant }: Resource,
  answer: Answer,
  now: number,
): Promise<boolean> {
  const policy =
    'verdict' in answer ? answer.verdict.policy : (await trustOf(deps, tenant, now)).value?.policy
  return policy !== undefined && policy.authorizationServers.length > 0
}

function unauthorized(reason: 'no_token' | 'invalid_token', detail?: string): GatewayError {
  return new GatewayError('unauthorized', { data: { reason }, ...(detail && { detail }) })
}
