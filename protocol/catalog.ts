/**
 * The catalog: all servers of a tenant as one MCP server, at `/mcp`. What the worker, the Tenant
 * object and the ServerHost object agree on about it.
 */
import * as z from 'zod'
import { ArgumentRules } from './arguments.ts'
import type { ErrorCode } from './errors.ts'
import { describeKnownNames } from './known-names.ts'
import type { Grants, Kind } from './scopes.ts'

/** Stands where a server's name stands, for all of them as one. No server is called so. */
export const CATALOG = '*'

/** Between a server's name and a tool's, if nothing else is configured. */
const DEFAULT_SEPARATOR = '__'

const milliseconds = z.int().min(1).max(86_400_000)

const Patterns = z.array(z.string().min(1).max(512)).max(256)

/** A tenant's. */
export const CatalogSettings = z.strictObject({
  naming: z
    .enum(['always', 'conflict', 'priority'])
    .default('always')
    .describe(
      'always: {server}{separator}{name}; conflict: only where two servers have the same name; ' +
        'priority: the first server of "priority" keeps the bare name',
    ),
  separator: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,8}$/)
    .default(DEFAULT_SEPARATOR),
  priority: z
    .array(z.string().max(64))
    .max(256)
    .default([])
    .describe('Names of servers. Those that are not in it come last'),
  listTtlMs: milliseconds
    .default(300_000)
    .describe("A server's lists are asked for again after this long. Milliseconds."),
  listTimeoutMs: milliseconds
    .default(1_500)
    .describe(
      'A list waits this long for servers that were never listed. Those that failed, or were late, ' +
        'when they were asked before are not waited for. Milliseconds.',
    ),
  pageSize: z.int().min(1).max(10_000).default(1_000).describe('Entries of one page of a list'),
  tools: z
    .enum(['all', 'lazy'])
    .default('all')
    .describe('lazy: find_tools and call_tool in the place of all tools. Also: ?tools=lazy'),
  whenToolChanges: z
    .enum(['allow', 'warn', 'quarantine'])
    .default('allow')
    .describe('What becomes of a tool whose definition changes after it was approved'),
  whenToolAppears: z
    .enum(['allow', 'hold'])
    .optional()
    .describe(
      'What becomes of a tool that a server did not have when its tools were seen first. ' +
        'Default: hold where whenToolChanges is quarantine, else allow',
    ),
})
export type CatalogSettings = z.infer<typeof CatalogSettings>

/** A line for each name of `priority` that no server has. */
export function describeUnknownPriority(
  { priority }: Pick<CatalogSettings, 'priority'>,
  names: readonly string[],
): string[] {
  return priority
    .filter((name) => !names.includes(name))
    .map((name) => {
      const known = describeKnownNames(name, names)
      return `priority: there is no server ${JSON.stringify(name)}: ${known}`
    })
}

/** A quarantine that let new names pass would be none. */
export function appearancePolicy({
  whenToolAppears,
  whenToolChanges,
}: Pick<CatalogSettings, 'whenToolAppears' | 'whenToolChanges'>): 'allow' | 'hold' {
  return whenToolAppears ?? (whenToolChanges === 'quarantine' ? 'hold' : 'allow')
}

export const DEFAULT_CATALOG: CatalogSettings = CatalogSettings.parse({})

const Shown = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/)
    .optional()
    .describe('In the place of its own name'),
  title: z.string().max(256).optional(),
  description: z.string().max(8_192).optional(),
}

const ToolOverride = z.strictObject({
  ...Shown,
  annotations: z.record(z.string().max(64), z.unknown()).optional(),
  arguments: ArgumentRules.optional(),
})

const listed = { allow: Patterns.optional(), deny: Patterns.optional() }

/** What of a server is in the catalog, and under which names. Patterns: `*` is any run of characters. */
export const ServerCatalog = z.strictObject({
  isListed: z.boolean().default(true).describe('false: the server is not in the catalog at all'),
  tools: z
    .strictObject({
      ...listed,
      everywhere: z
        .boolean()
        .optional()
        .describe('true: allow and deny hold at /mcp/{server}, too, for lists and for calls'),
      overrides: z.record(z.string(), ToolOverride).default({}),
    })
    .optional(),
  prompts: z
    .strictObject({
      ...listed,
      overrides: z.record(z.string(), z.strictObject(Shown)).default({}),
    })
    .optional(),
  resources: z.strictObject(listed).optional(),
})
export type ServerCatalog = z.infer<typeof ServerCatalog>

/** What the worker tells the object of a call that came in at `/mcp`. */
export interface CatalogView {
  /** What the principal may use, of a call that is about more than one server. */
  servers?: string[]
  /** The principal's, of such a call; absent where everything of the tenant is granted. */
  grants?: Grants
  /** Two tools that find and call in the place of all. */
  isLazy?: boolean
  /** As the tenant has configured it: its client has asked for neither. */
  followsTenant?: true
  /** Of a tool's call: it came in as one of `call_tool`, and so did its headers. */
  isWrapped?: true
}

/** What a name of the catalog stands for. */
export interface CatalogQuery {
  kind: Kind
  /** As the client says it: a tool's or a prompt's name, a URI or a URI template. */
  name: string
  principal: string
  configVersion: number
}

export interface CatalogTarget {
  server: string
  /** As the server says it. */
  name: string
}

/** How many of each kind a server offers, as far as it is known. */
export interface ListsReport {
  tools?: number
  prompts?: number
  resources?: number
  templates?: number
  /** Why one of them could not be got last. */
  failure?: ErrorCode
  /** What was left out although the server answered, and why. */
  notes?: string[]
}
