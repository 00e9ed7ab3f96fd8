/** Which limits a call is counted by, and under which subject. Pure. */
import type { CounterSpec, Occupancy } from '#protocol/limiter.ts'
import type { CountedLimit, Limit, Limits } from '#protocol/limits.ts'
import { matchesAny, matchesPattern } from '#protocol/pattern.ts'
import type { Route } from '#protocol/routes.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { IncomingCall } from '../context.ts'
import { shardOf, shardsFor, toSpec } from './shards.ts'

/** Longer names are counted with those that begin alike. */
const MAX_SUBJECT_CHARS = 512

/** What a call costs of one counter. */
export interface Claim {
  limit: CountedLimit
  /** Names the limit within the tenant: `Ask.limit`. */
  counter: string
  subject: string
  spec: CounterSpec
  cost: number
  /** Names the counter, and what it counts by, among all tenants'. */
  key: string
}

export interface Applicable {
  shard: number
  /** All are charged, or none. */
  claims: Claim[]
  /** Concurrency limits: counted where the call runs. */
  occupancies: Occupancy[]
}

/** A limit as it stands for one server and one principal. */
interface Rule {
  limit: Limit
  /** Where it was configured: a server, `route:{name}`, or empty for the tenant. */
  origin: string
  /** The whole claim where it is the same for every call. */
  claim?: Claim
}

interface Rules {
  verdict: Verdict
  shards: number
  shard: number
  byServer: Map<string, Rule[]>
  byRoute: Map<string, Rule[]>
}

/** A verdict is cached as one object, so its rules are made once while it lives. */
const known = new WeakMap<Verdict, Rules>()
const NOTHING: Applicable = { shard: 0, claims: [], occupancies: [] }

/**
 * JSON-RPC requests count, `ping` does not, nor do notifications, responses, GET and DELETE.
 * What a route may send elsewhere counts for each server that may answer it: none of them is called
 * more often through a route than without one.
 */
export function findApplicable(verdict: Verdict, call: IncomingCall): Applicable {
  const { server, facts, routed } = call
  const { envelope, target } = facts
  if (envelope?.kind !== 'request' || envelope.method === 'ping') return NOTHING
  const rules = rulesOf(verdict)
  const { method } = envelope
  const named = { server, method, name: target ?? '' }
  const applicable = collect(rules, rulesOfServer(rules, server), named)
  if (routed === undefined) return applicable
  const others = (routed.targets ?? []).filter((other) => other.server !== server)
  return merge([
    applicable,
    ...others.map((other) => {
      return collect(rules, rulesOfServer(rules, other.server), { ...other, method })
    }),
    ...routed.routes.map((route) => collect(rules, rulesOfRoute(rules, route), named)),
  ])
}

function collect(
  rules: Rules,
  list: readonly Rule[],
  { server, method, name }: { server: string; method: string; name: string },
): Applicable {
  if (list.length === 0) return NOTHING
  const tool = method === 'tools/call' ? `${server}/${name}` : undefined
  const applicable: Applicable = { shard: rules.shard, claims: [], occupancies: [] }
  const named = { server, method, tool }
  for (const rule of list) {
    if (!counts(rule.limit, named)) continue
    if (rule.claim !== undefined) applicable.claims.push(rule.claim)
    else addVaried(applicable, rules, rule, named)
  }
  return applicable
}

/** What several servers have in common, a limit of the tenant's, counts once. */
function merge([first = NOTHING, ...others]: Applicable[]): Applicable {
  const claims = new Map(first.claims.map((claim) => [claim.key, claim]))
  const occupancies = new Map(first.occupancies.map((one) => [one.key, one]))
  for (const other of others) {
    for (const claim of other.claims) claims.set(claim.key, claim)
    for (const one of other.occupancies) occupancies.set(one.key, one)
  }
  const shard = [first, ...others].find((one) => one !== NOTHING)?.shard ?? 0
  return { shard, claims: [...claims.values()], occupancies: [...occupancies.values()] }
}

function addVaried(
  { claims, occupancies }: Applicable,
  rules: Rules,
  { limit, origin }: Rule,
  { method, tool }: { method: string; tool: string | undefined },
): void {
  const subject = subjectOf(limit, rules.verdict, tool)
  if (limit.algorithm !== 'concurrency') {
    const cost = costOf(limit, tool)
    // What costs nothing is not asked about.
    if (cost > 0) claims.push(toClaim(rules, { limit, origin, subject, cost }))
    return
  }
  // A subscription is open for as long as its client listens: it is no call in flight.
  if (method === 'subscriptions/listen') return
  const { name, per, limit: most } = limit
  occupancies.push({ name, per, key: `${origin}/${name}:${per}:${subject}`, limit: most })
}

function rulesOf(verdict: Verdict): Rules {
  const found = known.get(verdict)
  if (found !== undefined) return found
  const { policy, principal } = verdict
  const owners = [policy, ...Object.values(policy.servers), ...policy.routes]
  const lists = owners.map(({ limits }) => limits)
  const shards = shardsFor(policy.limiterShards, lists.flat().filter(isCounted))
  const rules = {
    verdict,
    shards,
    shard: shardOf(principal, shards),
    byServer: new Map(),
    byRoute: new Map(),
  }
  known.set(verdict, rules)
  return rules
}

function rulesOfServer(rules: Rules, server: string): Rule[] {
  const found = rules.byServer.get(server)
  if (found !== undefined) return found
  const { servers, limits } = rules.verdict.policy
  const own = Object.hasOwn(servers, server) ? (servers[server]?.limits ?? []) : []
  const list = overrideLimits(limits, own, server).map((rule) => toRule(rules, rule))
  rules.byServer.set(server, list)
  return list
}

/** No server is called like the origin. */
function rulesOfRoute(rules: Rules, { name, limits }: Pick<Route, 'name' | 'limits'>): Rule[] {
  const found = rules.byRoute.get(name)
  if (found !== undefined) return found
  const list = limits.map((limit) => toRule(rules, { limit, origin: `route:${name}` }))
  rules.byRoute.set(name, list)
  return list
}

/** With its whole claim, where that is the same for every call. */
function toRule(rules: Rules, { limit, origin }: Pick<Rule, 'limit' | 'origin'>): Rule {
  if (limit.per === 'tool' || !isCounted(limit) || 'costs' in limit) return { limit, origin }
  const subject = subjectOf(limit, rules.verdict, undefined)
  return { limit, origin, claim: toClaim(rules, { limit, origin, subject, cost: 1 }) }
}

/** A server's own stand in the place of the tenant's of the same name. */
function overrideLimits(ofTenant: Limits, own: Limits, server: string) {
  const names = new Set(own.map(({ name }) => name))
  return [
    ...ofTenant.filter(({ name }) => !names.has(name)).map((limit) => ({ limit, origin: '' })),
    ...own.map((limit) => ({ limit, origin: server })),
  ]
}

function isCounted(limit: Limit): limit is CountedLimit {
  return limit.algorithm !== 'concurrency'
}

function counts(
  { per, match }: Limit,
  { server, method, tool }: { server: string; method: string; tool: string | undefined },
): boolean {
  if (per === 'tool' && tool === undefined) return false
  if (match === undefined) return true
  const { servers, tools, methods } = match
  if (servers !== undefined && !matchesAny(servers, server)) return false
  if (methods !== undefined && !matchesAny(methods, method)) return false
  return tools === undefined || (tool !== undefined && matchesAny(tools, tool))
}

function subjectOf({ per }: Limit, { principal }: Verdict, tool: string | undefined): string {
  const whole = { tenant: '', principal, tool: tool ?? '' }[per]
  return whole.slice(0, MAX_SUBJECT_CHARS)
}

function costOf(limit: CountedLimit, tool: string | undefined): number {
  if (limit.algorithm !== 'quota' || tool === undefined) return 1
  return limit.costs?.find(({ tools }) => matchesPattern(tools, tool))?.cost ?? 1
}

function toClaim(
  { verdict, shards, shard }: Rules,
  what: { limit: CountedLimit; origin: string; subject: string; cost: number },
): Claim {
  const { limit, origin, subject, cost } = what
  const spec = toSpec(limit, shards, shard)
  const { algorithm } = spec
  const span = spec.algorithm === 'quota' ? spec.period : spec.windowMs
  const counter = `${origin}/${limit.name}:${limit.per}:${algorithm}:${span}`
  const most = 'burst' in spec ? `${spec.limit}/${spec.burst}` : spec.limit
  const key = `${verdict.tenant}:${shard}:${counter}:${most}:${subject}`
  return { limit, counter, subject, spec, cost, key }
}
