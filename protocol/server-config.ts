/**
 * The configuration of servers, started here or reached by URL: `mcpServers` as desktop clients
 * write it, and our own optional keys. `docs/hearth.schema.json` is its JSON Schema, for editors.
 */
// The namespace import lets the bundler leave out what the worker does not use.
import * as z from 'zod'
import { ServerCatalog } from './catalog.ts'
import { Limits } from './limits.ts'
import { findHeaderFault, HEADER_NAME, HEADER_VALUE } from './remote/headers.ts'
import { PoolSettings } from './remote/pool.ts'
import { findURLFault } from './remote/url.ts'
import { DEFAULT_RESILIENCE, Resilience } from './resilience.ts'
import { Scope } from './scopes.ts'
import { hasReference, isWellReferenced, REFERENCE_FORM } from './secrets.ts'
import { Transformers } from './transform.ts'

/** Part of a URL and of a Durable Object's name, so: letters, digits, `.`, `_`, `-`. */
export const SERVER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Which program runs, and where, is no secret: it is named in errors. */
const plain = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !hasReference(text), 'takes no secret: put the reference into args or env')
const referring = (maxChars: number) =>
  z.string().max(maxChars).refine(isWellReferenced, `a reference to a secret is ${REFERENCE_FORM}`)

/** Part of a Durable Object's name. */
export const PLACEMENT = /^[a-z0-9][a-z0-9-]{0,31}$/
/** Server hosts of one tenant: each has a container, and a link to it in the memory of one object. */
export const MAX_PLACEMENTS = 8

const milliseconds = z.int().min(1).max(86_400_000)

const START_MS = 60_000
const TOTAL_MS = 3_600_000

const Timeouts = z.strictObject({
  call: milliseconds
    .default(60_000)
    .describe(
      'Longest a call may take. Each report of its progress begins it again, and it does not run while the client is asked something. Milliseconds.',
    ),
  start: milliseconds
    .default(START_MS)
    .describe(
      'Longest until a new process answers initialize; its installation does not count. Milliseconds.',
    ),
  total: milliseconds
    .default(TOTAL_MS)
    .describe(
      'Longest a call may take with progress and questions. No greater than call: nothing extends that. Milliseconds.',
    ),
})

/** Keys of every server. */
const common = {
  enabled: z.boolean().default(true),
  timeoutMs: z
    .union([
      milliseconds.transform((call) => ({ call, start: START_MS, total: TOTAL_MS })),
      Timeouts,
    ])
    .default({ call: 60_000, start: START_MS, total: TOTAL_MS })
    .describe('A number bounds calls; {"call", "start", "total"} bounds more. Milliseconds.'),
  sharing: z
    .enum(['session', 'pool', 'shared'])
    .default('session')
    .describe(
      'session: a process for each session, and for each client without one; pool: clients without a session take any process that is free, for servers that keep no state; shared: one process for all',
    ),
  warm: z
    .int()
    .min(0)
    .max(16)
    .optional()
    .describe(
      'Spare processes kept started, whatever memory there is. Default: one while the server is in use lately and memory allows it',
    ),
  idleTimeoutMs: milliseconds
    .default(600_000)
    .describe('A process without a call for this long is ended; its session is not. Milliseconds.'),
  maxLifetimeMs: milliseconds
    .default(86_400_000)
    .describe('A process this old is ended when it is idle. Milliseconds.'),
  maxProcesses: z.int().min(1).max(1024).default(64).describe('Most processes at once'),
  roots: z
    .boolean()
    .default(false)
    .describe("Pass the client's roots on to the server, which may then serve what they name"),
  placement: z
    .string()
    .regex(PLACEMENT)
    .default('main')
    .describe('Name of the server host that it runs in: servers of one name share a container'),
  requiredScopes: z
    .array(Scope)
    .max(64)
    .default([])
    .describe('Scopes that a caller must hold, beside what grants it the server'),
  catalog: ServerCatalog.default({ isListed: true }).describe('What of it is at /mcp, and how'),
  limits: Limits.default([]).describe("In the place of the tenant's limits of the same name"),
  resilience: Resilience.default(DEFAULT_RESILIENCE).describe(
    'What keeps a server that fails, or is slow, from spoiling more than its own calls',
  ),
  transform: Transformers.default([]).describe('What is done to its calls, and to their results'),
}

/** A program that is started here and speaks MCP over stdio. */
export const StdioConfig = z.strictObject({
  command: plain.describe('Program to start: a name on PATH, or a path'),
  args: z.array(referring(32_768)).max(256).default([]),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), referring(65_536))
    .default({})
    .describe('Environment beside a minimal base (PATH, HOME, locale)'),
  cwd: plain.optional().describe('Working folder of the process'),
  ...common,
})
export type StdioConfig = z.infer<typeof StdioConfig>

/** A server that runs elsewhere. Its sessions stand where the processes of others do. */
export const RemoteConfig = z.strictObject({
  url: z
    .string()
    .max(4096)
    .refine((text) => !hasReference(text), 'takes no secret: put the reference into headers')
    .refine((text) => findURLFault(text) === undefined, {
      error: ({ input }) => findURLFault(String(input)) ?? '',
    })
    .describe('Its MCP endpoint: http:, https:, and for websocket also ws: or wss:'),
  headers: z
    .record(z.string().regex(HEADER_NAME), referring(16_384).regex(HEADER_VALUE))
    .refine((headers) => findHeaderFault(headers) === undefined, {
      error: ({ input }) => findHeaderFault(input as Record<string, string>) ?? '',
    })
    .default({})
    .describe('Sent with each request, to the origin of the URL alone'),
  transport: z
    .enum(['http', 'sse', 'websocket'])
    .default('http')
    .describe('http: Streamable HTTP; sse: HTTP+SSE of 2024-11-05; websocket: subprotocol mcp'),
  via: z
    .enum(['edge', 'host'])
    .default('edge')
    .describe('From where it is reached: the object at the edge, or the host program'),
  allowPrivate: z
    .boolean()
    .default(false)
    .describe(
      "The host and port of the URL may have a private, loopback or link-local address. The operator's",
    ),
  pool: PoolSettings.optional().describe('Of its connections from the host program'),
  ...common,
})
export type RemoteConfig = z.infer<typeof RemoteConfig>

export const ServerConfig = z.union([StdioConfig, RemoteConfig])
export type ServerConfig = z.infer<typeof ServerConfig>

export function isRemote(server: ServerConfig): server is RemoteConfig {
  return 'url' in server
}

/** Whether nothing of it is in a host program: no process, and no connection. */
export function isAtEdge(server: ServerConfig): boolean {
  return isRemote(server) && server.via === 'edge'
}

/** The server host that something of it is in, a process or connections; of a server at the edge: none. */
export function placementOf(server: ServerConfig): string | undefined {
  return isAtEdge(server) ? undefined : server.placement
}

function countPlacements(servers: Record<string, ServerConfig>): number {
  const placements = Object.values(servers).map(placementOf)
  return new Set(placements.filter((placement) => placement !== undefined)).size
}

/** A tenant's servers by name, as they are stored. */
export const ServerConfigs = z
  .record(z.string().regex(SERVER_NAME), ServerConfig)
  .refine((servers) => Object.keys(servers).length <= 256, 'at most 256 servers')
  .refine(
    (servers) => countPlacements(servers) <= MAX_PLACEMENTS,
    `at most ${MAX_PLACEMENTS} placements`,
  )
export type ServerConfigs = z.infer<typeof ServerConfigs>
