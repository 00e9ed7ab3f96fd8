/**
 * What is done to calls on their way to a server and back: a list of transformers, of a server's
 * configuration. Whatever the order of the list, they run in the order of docs/transformers.md.
 */
import * as z from 'zod'
import { ArgumentRules } from './arguments.ts'
import { MAX_GLOB_CHARS, readGlob } from './glob.ts'

const milliseconds = z.int().min(0).max(86_400_000)

const Pattern = z
  .string()
  .min(1)
  .max(MAX_GLOB_CHARS)
  .superRefine((text, context) => {
    const reading = readGlob(text)
    if ('problem' in reading) context.addIssue(reading.problem)
  })
const Patterns = z.array(Pattern).max(256)

/** What ends a word for the patterns of a redaction. */
export const WORD_END = /[\s"'`,;()[\]{}<>=&|]/

const match = z
  .strictObject({
    tools: Patterns.optional(),
    prompts: Patterns.optional(),
    resources: Patterns.optional().describe('By URI'),
  })
  .optional()
  .describe("Calls by the server's own names; absent: every call. What is not named is not meant")

const Metadata = z.strictObject({
  use: z.literal('metadata'),
  match,
  gateway: z.string().min(1).max(256).default('hearth').describe("The gateway's name"),
})

export const PERSONAL_KINDS = ['email', 'phone', 'card', 'iban'] as const
export type PersonalKind = (typeof PERSONAL_KINDS)[number]

const Redaction = z.strictObject({
  use: z.literal('redaction'),
  match,
  in: z
    .array(z.enum(['arguments', 'results', 'logs']))
    .min(1)
    .max(3)
    .default(['results', 'logs'])
    .describe('results: also what a server says before its result. logs: those of the gateway'),
  secrets: z
    .boolean()
    .default(true)
    .describe(
      'API keys of well-known vendors, bearer tokens, private keys, JWTs, passwords in URLs',
    ),
  personal: z.array(z.enum(PERSONAL_KINDS)).max(4).default([]),
  fields: Patterns.default([]).describe('Names of members, in any letters: their values go'),
  patterns: z
    .array(Pattern.refine((text) => !WORD_END.test(text.replace(/[{},]/g, '')), 'one word'))
    .max(256)
    .default([])
    .describe('Words that go: what stands between spaces, quotes, commas, brackets, =, & and |'),
  keepTypes: z
    .boolean()
    .default(false)
    .describe('A field that is no text becomes 0, false, {} or [] in the place of "[redacted]"'),
})
export type Redaction = z.infer<typeof Redaction>

const Arguments = z.strictObject({
  use: z.literal('arguments'),
  match,
  ...ArgumentRules.shape,
})

const ResultSize = z.strictObject({
  use: z.literal('result-size'),
  match,
  maxBytes: z
    .int()
    .min(1_024)
    .max(33_554_432)
    .default(262_144)
    .describe('Of a result as JSON. A larger one is cut, or spilled'),
  whenLarger: z
    .enum(['truncate', 'spill'])
    .default('truncate')
    .describe('spill: the whole is kept for a while, and read as a resource by the same principal'),
  keepMs: milliseconds
    .min(1_000)
    .default(600_000)
    .describe('How long what is spilled can be read. Milliseconds.'),
})
export type ResultSize = z.infer<typeof ResultSize>

const Cache = z.strictObject({
  use: z.literal('cache'),
  match: match.describe(
    'What is kept; absent: results of tools that say of themselves that they only read (readOnlyHint)',
  ),
  ttlMs: milliseconds.default(60_000).describe('A modern server’s own `ttlMs` comes first'),
  staleWhileRevalidateMs: milliseconds
    .default(0)
    .describe('Beyond it, answered so long while a new one is fetched. Milliseconds.'),
  staleIfErrorMs: milliseconds
    .default(0)
    .describe('Beyond it, answered so long when the server fails. Milliseconds.'),
  per: z
    .enum(['tenant', 'principal'])
    .default('tenant')
    .describe('tenant: one result for all callers that may use the whole server'),
})
export type CacheRule = z.infer<typeof Cache>

const Custom = z.strictObject({
  use: z.literal('custom'),
  match,
  name: z.string().min(1).max(64).describe('As it is registered in the gateway that was built'),
  options: z.record(z.string(), z.unknown()).default({}),
})

const Transformer = z.discriminatedUnion('use', [
  Metadata,
  Redaction,
  Arguments,
  ResultSize,
  Cache,
  Custom,
])
export type TransformerConfig = z.infer<typeof Transformer>
export type CallMatch = NonNullable<TransformerConfig['match']>

export const Transformers = z.array(Transformer).max(32)
export type Transformers = z.infer<typeof Transformers>

/** In front of the id of a result that was spilled. */
export const SPILL_URI = 'hearth://spill/'

/** `_meta` keys of ours: `prefix/name` (2026-07-28, basic/index.mdx, `_meta`). */
export const HEARTH_META = {
  requestId: 'hearth/requestId',
  client: 'hearth/client',
  gateway: 'hearth/gateway',
} as const
