/**
 * `/mcp`: a request that names a tool, a prompt or a resource of the catalog becomes a call of the
 * server that has it, under its own name; all that follows is as for `/mcp/{server}`. What is about
 * all servers goes to the object with what the principal may see of them.
 */
import type { Context } from 'hono'
import { hasNothing, isWholeTenants } from '#protocol/access.ts'
import type { CatalogQuery, CatalogTarget, CatalogView } from '#protocol/catalog.ts'
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
import type { CallRecord } from '../telemetry/record.ts'
import { toGatewayError } from './forward.ts'
import { isLazyCatalog, lazyToolOf, unwrapCall } from './lazy-call.ts'
import { findNamed, type NamedParam } from './named-param.ts'

/** The server's own rules are looked at after this. Throws for names that stand for nothing. */
export async function resolveCatalogCall(
  deps: Pick<Deps, 'serverHost' | 'catalogNames'>,
  c: Context<AppEnv>,
  { record, verdict }: { record: CallRecord; verdict: Verdict },
  call: IncomingCall,
): Promise<IncomingCall> {
  if (hasNothing(verdict.grants)) throw new GatewayError('forbidden', { data: { scopes: ['*'] } })
  const isLazy = (): boolean => {
    return isLazyCatalog(c.req.query(TOOLS_PARAM), verdict.policy.catalog.tools)
  }
  const { led, named } = lead(call, isLazy)
  if (named === undefined) {
    const catalog = toView(call, verdict)
    if (isLazy()) catalog.isLazy = true
    if (c.req.query(TOOLS_PARAM) === undefined) catalog.followsTenant = true
    call.facts.catalog = catalog
    return call
  }
  if (led.facts.target !== undefined) record.target = led.facts.target
  const query = toQuery(verdict, named)
  const known = deps.catalogNames.recall(verdict.tenant, query)
  const target = known === undefined ? await resolve(deps, verdict, query) : known.value
  const refusal = target && decideServer(verdict, target.server)
  if (target === undefined || refusal?.code === 'server_not_found') {
    const unknown = refuseNamed(named)
    throw new GatewayError(unknown.code, unknown)
  }
  if (refusal !== undefined) throw new GatewayError(refusal.code, refusal)
  record.server = target.server
  record.target = target.name
  return toServerCall(led, named, target)
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

function toQuery({ principal, policy }: Verdict, { kind, name }: NamedParam): CatalogQuery {
  return { kind, name, principal, configVersion: policy.configVersion }
}

async function resolve(
  { serverHost, catalogNames }: Pick<Deps, 'serverHost' | 'catalogNames'>,
  { tenant }: Verdict,
  query: CatalogQuery,
): Promise<CatalogTarget | undefined> {
  try {
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
