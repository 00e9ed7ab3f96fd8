/**
 * `/mcp`: a request that names a tool, a prompt or a resource of the catalog becomes a call of the
 * server that has it, under its own name; all that follows is as for `/mcp/{server}`. What is about
 * all servers goes to the object with what the principal may see of them.
 */
import type { MiddlewareHandler } from 'hono'
import { hasNothing, isWholeTenants } from '#protocol/access.ts'
import { CATALOG, type CatalogTarget, type CatalogView } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { setValue, type Path } from '#protocol/json-splice.ts'
import { FIND_TOOLS, TOOLS_PARAM } from '#protocol/lazy-tools.ts'
import type { Verdict } from '#protocol/tenant.ts'
import { hasAmbiguousNames } from '../authorization/ambiguous-names.ts'
import { decideServer } from '../authorization/decide.ts'
import { refuseNamed } from '../authorization/decide-restricted.ts'
import type { JSONBody } from '../body.ts'
import type { AppEnv, Deps, IncomingCall } from '../context.ts'
import { toGatewayError } from './forward.ts'
import { isLazyCatalog, lazyToolOf, unwrapCall } from './lazy-call.ts'
import { findNamed, type NamedParam } from './named-param.ts'

/** Sets `call` anew. Behind `classifyCall`; the server's own rules are looked at after this. */
export function routeCall(
  deps: Pick<Deps, 'serverHost' | 'catalogNames'>,
): MiddlewareHandler<AppEnv> {
  return async function routeCall(c, next) {
    const { record, call } = c.var
    if (call.server !== CATALOG) return next()
    const { verdict } = record
    if (verdict === undefined) throw new TypeError('the route stands behind requireTenant')
    if (hasNothing(verdict.grants)) throw new GatewayError('forbidden', { data: { scopes: ['*'] } })
    const isLazy = (): boolean => {
      return isLazyCatalog(c.req.query(TOOLS_PARAM), verdict.policy.catalog.tools)
    }
    const { led, named } = lead(call, isLazy)
    if (named === undefined) {
      const follows = c.req.query(TOOLS_PARAM) === undefined && { followsTenant: true as const }
      const catalog = { ...toView(call, verdict), ...(isLazy() && { isLazy: true }), ...follows }
      c.set('call', { ...call, facts: { ...call.facts, catalog } })
      return next()
    }
    if (led.facts.target !== undefined) record.target = led.facts.target
    const target = await resolve(deps, verdict, named)
    const refusal = target && decideServer(verdict, target.server)
    if (target === undefined || refusal?.code === 'server_not_found') {
      const unknown = refuseNamed(named)
      throw new GatewayError(unknown.code, unknown)
    }
    if (refusal !== undefined) throw new GatewayError(refusal.code, refusal)
    record.server = target.server
    record.target = target.name
    c.set('call', toServerCall(led, named, target))
    await next()
  }
}

/** What a call is about: nothing that a server has, or what it names, itself or as the tool in `call_tool`. */
function lead(
  call: IncomingCall,
  isLazy: () => boolean,
): { led: IncomingCall; named: NamedParam | undefined } {
  const asked = namedIn(call)
  const own = lazyToolOf(asked)
  if (own === undefined || !isLazy()) return { led: call, named: asked }
  if (own === FIND_TOOLS) return { led: call, named: undefined }
  const led = unwrapCall(call)
  return { led, named: namedIn(led) }
}

/** Throws for a request that should name something, and does not, or does so twice. */
function namedIn({ facts, body }: IncomingCall): NamedParam | undefined {
  const { envelope } = facts
  if (envelope?.kind !== 'request' || body === undefined) return undefined
  const named = findNamed(envelope.method, isObject(body.value) ? body.value.params : undefined)
  if (named === undefined) return undefined
  if (hasAmbiguousNames(body.bytes)) {
    const detail = 'a member that says what is asked for occurs twice, or in other letters'
    throw new GatewayError('invalid_message', { detail })
  }
  if (named === 'malformed') {
    throw new GatewayError('invalid_params', { detail: 'no name or URI that is a string' })
  }
  return named
}

async function resolve(
  { serverHost, catalogNames }: Pick<Deps, 'serverHost' | 'catalogNames'>,
  { tenant, principal, policy: { configVersion } }: Verdict,
  { kind, name }: NamedParam,
): Promise<CatalogTarget | undefined> {
  try {
    const query = { kind, name, principal, configVersion }
    return await catalogNames.find(tenant, query, () => serverHost(tenant))
  } catch (error) {
    throw toGatewayError(error)
  }
}

/** What the principal may see, where the object has to know: for lists, and what is told later. */
function toView({ facts, http }: IncomingCall, { grants, policy }: Verdict): CatalogView {
  const { envelope } = facts
  if (http === 'DELETE' || (http === 'POST' && envelope?.kind !== 'request')) return {}
  const servers = Object.keys(policy.servers).filter(
    (server) => decideServer({ grants, policy }, server) === undefined,
  )
  return { servers, ...(!isWholeTenants(grants) && { grants }) }
}

function toServerCall(call: IncomingCall, named: NamedParam, target: CatalogTarget): IncomingCall {
  const { facts, body } = call
  return {
    ...call,
    named,
    server: target.server,
    facts: {
      ...facts,
      ...(facts.target !== undefined && { target: target.name }),
      catalog: facts.catalog ?? {},
    },
    ...(body && { body: rename(body, named.path, target.name) }),
  }
}

const decoder = new TextDecoder()

function rename(body: JSONBody, path: Path, name: string): JSONBody {
  const bytes = setValue(body.bytes, path, JSON.stringify(name))
  const text = decoder.decode(bytes)
  return { bytes, text, value: withName(body.value, path, name) }
}

/** A large body is not parsed twice. */
function withName(value: unknown, [key, ...rest]: Path, name: string): unknown {
  if (key === undefined) return name
  const object = isObject(value) ? value : {}
  return { ...object, [key]: withName(object[key], rest, name) }
}
