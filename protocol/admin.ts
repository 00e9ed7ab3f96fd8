/**
 * What the admin routes (`/admin/…`) are given. The worker parses by these schemas, and
 * docs/admin-openapi.json is made from them.
 */
import * as z from 'zod'
import { DEFAULT_CONSOLE_LINES, MAX_CONSOLE_LINES } from './console.ts'
import { Issuers } from './issuers.ts'
import { Limits } from './limits.ts'
import { Routes } from './routes.ts'
import { Grants } from './scopes.ts'
import { TOKEN } from './tenant.ts'

const MAX_OVERLAP_MS = 7 * 86_400_000
const MAX_CURSOR_CHARS = 64
const MAX_FILTER_CHARS = 1_024
const MAX_EXPLAINED_CHARS = 8_192

/** `Date.now()` */
const time = z.int().min(0)

export const NewTokenBody = z.strictObject({
  name: z.string().min(1).max(100),
  grants: Grants.default({ scopes: ['*'] }),
  expiresAt: time.optional().describe('Milliseconds since 1970. Default: never'),
  token: z
    .string()
    .regex(TOKEN)
    .optional()
    .describe('Registers this one, which the caller made. The operator alone'),
})

export const RotateBody = z.strictObject({
  overlapMs: z
    .int()
    .min(0)
    .max(MAX_OVERLAP_MS)
    .default(3_600_000)
    .describe('How long the old token stays good. Milliseconds'),
})

export const SecretBody = z.strictObject({
  value: z.string().describe('At most 32 KiB of UTF-8. It is never returned'),
})

export const LimitsBody = z.strictObject({
  limits: Limits,
  shards: z.int().min(1).max(64).default(1).describe('Objects that count. Default: 1'),
})

export const ExplainQuery = z.strictObject({
  kind: z.enum(['tool', 'prompt', 'resource']).default('tool'),
  name: z.string().min(1).max(MAX_EXPLAINED_CHARS).describe('As the catalog says it, or a URI'),
  server: z
    .string()
    .max(64)
    .optional()
    .describe("Whose: the name is then the server's own. A URI needs it where it is not unique"),
})
export type ExplainQuery = z.infer<typeof ExplainQuery>

export const ToolsQuery = z.strictObject({
  server: z.string().max(64).optional().describe('Only its tools'),
})

/** As text, as it comes in a URL. */
export const WarmQueryParameters = z.strictObject({
  lists: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Also ask each server for its tools, unless they are known. Not waited for'),
})

export const ConsoleQueryParameters = z.strictObject({
  since: time.optional().describe('The first millisecond since 1970'),
  lines: z
    .int()
    .min(1)
    .max(MAX_CONSOLE_LINES)
    .default(DEFAULT_CONSOLE_LINES)
    .describe('The newest so many'),
})

export const ApprovalBody = z.strictObject({
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{8,64}$/)
    .optional()
    .describe(
      'Of what was looked at, or how it begins: another definition is not approved. Default: what there is',
    ),
})

export const RoutesBody = z.strictObject({ routes: Routes })

/** Other keys are left out, so that what GET answers can be put. */
export const IssuersBody = z.object({ issuers: Issuers })

export const TenantsQuery = z.strictObject({
  cursor: z.string().max(MAX_CURSOR_CHARS).optional().describe('Of the page before'),
  limit: z.int().min(1).max(1_000).default(100),
})

export const AuditQueryParameters = z.strictObject({
  cursor: z.string().max(MAX_CURSOR_CHARS).optional().describe('Of the page before'),
  limit: z.int().min(1).max(1_000).default(100).describe('Events of a page'),
  action: z.string().max(MAX_FILTER_CHARS).optional().describe('Such as token.create'),
  by: z.string().max(MAX_FILTER_CHARS).optional().describe('operator, or a principal'),
  since: time.optional().describe('The first millisecond since 1970'),
  until: time.optional().describe('The first one that is not in it'),
  format: z
    .enum(['json', 'jsonl'])
    .default('json')
    .describe('jsonl: all of them, a line each, without pages'),
})
