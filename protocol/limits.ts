/**
 * Rate limits, quotas and concurrency limits as a tenant's configuration has them; docs/limits.md
 * says what each guarantees.
 */
import * as z from 'zod'

const Pattern = z.string().min(1).max(512)
const Patterns = z.array(Pattern).max(64)
const count = z.int().min(1).max(1_000_000_000)

const Match = z.strictObject({
  servers: Patterns.optional().describe('Names of servers'),
  tools: Patterns.optional().describe('{server}/{tool}; then only tools/call is counted'),
  methods: Patterns.optional().describe('JSON-RPC methods'),
})

const shared = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
    .describe('Told to a caller that is refused; unique in its list'),
  per: z
    .enum(['tenant', 'principal', 'tool'])
    .describe('What is counted together: all of the tenant, each caller, or each {server}/{tool}'),
  match: Match.optional().describe(
    'Counts only requests that match each key given. * stands for any characters. Default: every request but ping',
  ),
}

const onFailure = z.enum(['open', 'closed'])
const rate = {
  ...shared,
  onFailure: onFailure
    .default('open')
    .describe('When the counter cannot be reached: open lets calls pass, closed refuses them'),
}
const windowMs = z
  .int()
  .min(100)
  .max(31 * 86_400_000)

export const Limit = z.discriminatedUnion('algorithm', [
  z.strictObject({
    ...rate,
    algorithm: z.literal('token-bucket'),
    limit: count.describe('Calls that each windowMs gives back, evenly spread'),
    windowMs: windowMs.describe('Milliseconds'),
    burst: count.optional().describe('Calls at once after a rest. Default: limit'),
  }),
  z.strictObject({
    ...rate,
    algorithm: z.literal('sliding-window'),
    limit: count.describe('Most calls in any windowMs'),
    windowMs: windowMs.describe('Milliseconds'),
  }),
  z.strictObject({
    ...rate,
    algorithm: z.literal('fixed-window'),
    limit: count.describe('Most calls in each windowMs'),
    windowMs: windowMs.describe('Milliseconds. Windows begin at multiples of it since 1970, UTC'),
  }),
  z.strictObject({
    ...shared,
    algorithm: z.literal('concurrency'),
    limit: count.describe('Most calls in flight at once'),
  }),
  z.strictObject({
    ...shared,
    algorithm: z.literal('quota'),
    limit: count.describe('Most units in each period'),
    period: z.enum(['day', 'month']).describe('A calendar day or month, UTC'),
    costs: z
      .array(z.strictObject({ tools: Pattern, cost: z.int().min(0).max(1_000_000) }))
      .max(256)
      .optional()
      .describe('Units of a tools/call, by {server}/{tool}: the first that matches. Default: 1'),
    onFailure: onFailure
      .default('closed')
      .describe('When the counter cannot be reached: open lets calls pass, closed refuses them'),
  }),
])
export type Limit = z.infer<typeof Limit>
export type LimitScope = Limit['per']
export type ConcurrencyLimit = Extract<Limit, { algorithm: 'concurrency' }>
/** What the RateLimiter object counts. */
export type CountedLimit = Exclude<Limit, ConcurrencyLimit>

/** A tenant's, or those of one server, which stand in the place of the tenant's of the same name. */
export const Limits = z
  .array(Limit)
  .max(32)
  .refine(
    (limits) => new Set(limits.map(({ name }) => name)).size === limits.length,
    'names must differ',
  )
export type Limits = z.infer<typeof Limits>
