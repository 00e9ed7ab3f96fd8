/**
 * Routes: ordered rules over what clients call, with the policies of those calls and the servers that
 * answer them; docs/routing.md says how one is chosen.
 */
import * as z from 'zod'
import { Limits } from './limits.ts'
import { MAX_GLOB_CHARS, readGlob } from './glob.ts'
import { describeKnownNames } from './known-names.ts'
import type { Kind } from './scopes.ts'
import { Scope } from './scopes.ts'
import { SERVER_NAME } from './server-config.ts'
import { Transformers } from './transform.ts'

export const MAX_ROUTES = 256
const MAX_TARGETS = 16
/** `{a,b}` counts for two: each is compared with every name that is called. */
const MAX_ROUTES_ALTERNATIVES = 1_024

const Glob = z
  .string()
  .min(1)
  .max(MAX_GLOB_CHARS)
  .superRefine((text, context) => {
    const reading = readGlob(text)
    if ('problem' in reading) {
      context.addIssue({ code: 'custom', message: `${JSON.stringify(text)}: ${reading.problem}` })
    }
  })
const Globs = z.array(Glob).min(1).max(32)

const Match = z
  .strictObject({
    tools: Globs.optional().describe('{server}__{tool}'),
    prompts: Globs.optional().describe('{server}__{prompt}'),
    resources: Globs.optional().describe('URIs'),
    servers: Globs.optional().describe('Names of servers: then only what is theirs'),
  })
  .refine(
    ({ tools, prompts, resources }) =>
      tools !== undefined || prompts !== undefined || resources !== undefined,
    'must have tools, prompts or resources',
  )

const serverName = z.string().regex(SERVER_NAME)

const Target = z.union([
  serverName.transform((server): RouteTarget => ({ server, weight: 1 })),
  z.strictObject({
    server: serverName,
    name: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe('What it is called there. Default: the same'),
    weight: z
      .int()
      .min(0)
      .max(1_000)
      .default(1)
      .describe('Its share, where the strategy is weighted'),
  }),
])
export interface RouteTarget {
  server: string
  name?: string | undefined
  weight: number
}

export const Strategy = z.enum(['failover', 'round-robin', 'least-in-flight', 'weighted', 'sticky'])
export type Strategy = z.infer<typeof Strategy>

export const Route = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
    .describe('Told to a caller that is refused; unique'),
  match: Match.optional().describe(
    'One pattern must match. Without it: the default route, for what no other matches',
  ),
  priority: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .default(0)
    .describe('Greater ones are looked at first, equal ones in their order'),
  servers: z
    .array(Target)
    .max(MAX_TARGETS)
    .default([])
    .describe('What answers. Default: the server that is named'),
  strategy: Strategy.default('failover').describe(
    'failover: the first that can; the others choose which one is the first, and fail over, too',
  ),
  requiredScopes: z.array(Scope).max(64).default([]).describe('Beside those of the server'),
  limits: Limits.default([]).describe("Beside the tenant's and the server's"),
  timeoutMs: z
    .int()
    .min(1)
    .max(86_400_000)
    .optional()
    .describe("All tries together; the sooner of this and the server's. Milliseconds"),
  retries: z
    .strictObject({
      attempts: z
        .int()
        .min(1)
        .max(10)
        .describe("Most tries at one server, in the place of the server's"),
    })
    .optional(),
  transform: Transformers.optional().describe("Beside the server's; a cache is one of them"),
})
export type Route = z.infer<typeof Route>

/** A tenant's. */
export const Routes = z
  .array(Route)
  .max(MAX_ROUTES, `at most ${MAX_ROUTES} routes`)
  .superRefine((routes, context) => {
    for (const [index, message] of findFaults(routes)) {
      context.addIssue({ code: 'custom', message, path: [index] })
    }
    const count = countAlternatives(routes)
    if (count > MAX_ROUTES_ALTERNATIVES) {
      const message = `the patterns of all routes stand for ${count} names, at most ${MAX_ROUTES_ALTERNATIVES}`
      context.addIssue({ code: 'custom', message })
    }
  })
export type Routes = z.infer<typeof Routes>

/** The list of patterns that names of a kind are compared with. */
export const GLOBS_OF_KIND = {
  tool: 'tools',
  prompt: 'prompts',
  resource: 'resources',
} as const satisfies Record<Kind, string>

/** A line for each server of a route that there is not. */
export function describeUnknownServers(routes: Routes, names: readonly string[]): string[] {
  return routes.flatMap((route) =>
    route.servers
      .filter(({ server }) => !names.includes(server))
      .map(({ server }) => {
        const known = describeKnownNames(server, names)
        return `the route "${route.name}" has "${server}", and there is no such server: ${known}`
      }),
  )
}

function countAlternatives(routes: Route[]): number {
  const texts = routes.flatMap(({ match: { tools, prompts, resources, servers } = {} }) =>
    [tools, prompts, resources, servers].flatMap((list) => list ?? []),
  )
  return texts.reduce((sum, text) => {
    const reading = readGlob(text)
    return sum + ('glob' in reading ? reading.glob.length : 0)
  }, 0)
}

function findFaults(routes: Route[]): [index: number, message: string][] {
  const names = new Map<string, number>()
  let defaultRoute: string | undefined
  return routes.flatMap((route, index) => {
    const { name, match, servers } = route
    const faults: [number, string][] = []
    if (names.has(name)) faults.push([index, `there is another route named "${name}"`])
    names.set(name, index)
    if (match === undefined && defaultRoute !== undefined) {
      faults.push([index, `"${defaultRoute}" is the default route: "${name}" needs a match`])
    }
    if (match === undefined) defaultRoute ??= name
    const targets = servers.map((target) => target.server)
    const twice = targets.find((server, at) => targets.indexOf(server) !== at)
    if (twice !== undefined) faults.push([index, `has the server "${twice}" twice`])
    return faults
  })
}
