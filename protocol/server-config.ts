/**
 * The configuration of stdio servers: `mcpServers` as desktop clients write it, and our own
 * optional keys. One schema; `docs/hearth.schema.json` is its JSON Schema, for editors.
 */
// The namespace import lets the bundler leave out what the worker does not use.
import * as z from 'zod'
import { Limits } from './limits.ts'
import { Scope } from './scopes.ts'
import { hasReference, isWellReferenced, REFERENCE_FORM } from './secrets.ts'

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

const milliseconds = z.int().min(1).max(86_400_000)

const Timeouts = z.strictObject({
  call: milliseconds.default(60_000).describe('Longest a call may take. Milliseconds.'),
  start: milliseconds
    .default(30_000)
    .describe('Longest until a new process answers initialize. Milliseconds.'),
})

export const ServerConfig = z.strictObject({
  command: plain.describe('Program to start: a name on PATH, or a path'),
  args: z.array(referring(32_768)).max(256).default([]),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), referring(65_536))
    .default({})
    .describe('Environment beside a minimal base (PATH, HOME, locale)'),
  cwd: plain.optional().describe('Working folder of the process'),
  enabled: z.boolean().default(true),
  timeoutMs: z
    .union([milliseconds.transform((call) => ({ call, start: 30_000 })), Timeouts])
    .default({ call: 60_000, start: 30_000 })
    .describe('A number bounds calls; {"call", "start"} bounds both. Milliseconds.'),
  sharing: z
    .enum(['session', 'shared'])
    .default('session')
    .describe('session: a process for each session; shared: one for all sessions of the tenant'),
  warm: z.int().min(0).max(16).default(1).describe('Spare processes kept started'),
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
  requiredScopes: z
    .array(Scope)
    .max(64)
    .default([])
    .describe('Scopes that a caller must hold, beside what grants it the server'),
  limits: Limits.default([]).describe("In the place of the tenant's limits of the same name"),
})
export type ServerConfig = z.infer<typeof ServerConfig>

/** A tenant's servers by name, as they are stored. */
export const ServerConfigs = z
  .record(z.string().regex(SERVER_NAME), ServerConfig)
  .refine((servers) => Object.keys(servers).length <= 256, 'at most 256 servers')
export type ServerConfigs = z.infer<typeof ServerConfigs>
