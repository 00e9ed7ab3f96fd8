/**
 * What keeps a server that fails, or is slow, from spoiling more than its own calls: the key
 * `resilience` of its configuration, and what is told of it. docs/resilience.md says how it behaves.
 */
import * as z from 'zod'
import type { ErrorCode } from './errors.ts'

const milliseconds = z.int().min(1).max(86_400_000)

const Breaker = z.strictObject({
  failureRate: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe('The part of the calls within windowMs whose failure opens it'),
  minimumCalls: z
    .int()
    .min(1)
    .max(100_000)
    .default(20)
    .describe('With fewer calls within windowMs the rate says nothing'),
  windowMs: milliseconds.default(30_000).describe('Milliseconds'),
  consecutiveFailures: z
    .int()
    .min(1)
    .max(10_000)
    .default(10)
    .describe('So many failures with no success between them open it, too'),
  openMs: milliseconds
    .default(10_000)
    .describe('How long calls are refused before one may try again. Milliseconds.'),
  halfOpenCalls: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe('Calls that may try; all of them must succeed to close it'),
})
export type BreakerPolicy = z.infer<typeof Breaker>

const Retries = z.strictObject({
  attempts: z.int().min(1).max(10).default(2).describe('Most tries of a call, the first included'),
  baseMs: milliseconds
    .default(100)
    .describe('Longest pause before the second try; each later one is twice that. Milliseconds.'),
  maxMs: milliseconds.default(2_000).describe('The longest of these pauses. Milliseconds.'),
  budgetRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe('Retries for each call, over many calls'),
})
export type RetryPolicy = z.infer<typeof Retries>

const Health = z.strictObject({
  intervalMs: z.int().min(100).max(86_400_000).default(30_000).describe('Milliseconds'),
  timeoutMs: milliseconds.default(5_000).describe('Milliseconds'),
})
export type HealthPolicy = z.infer<typeof Health>

export const Resilience = z.strictObject({
  breaker: z
    .union([Breaker, z.literal(false)])
    .default(Breaker.parse({}))
    .describe('Refuses calls at once while the server fails them'),
  retries: z
    .union([Retries, z.literal(false)])
    .default(Retries.parse({}))
    .describe('Tries again what is safe to repeat'),
  health: z
    .union([Health, z.literal(false)])
    .default(false)
    .describe('Asks processes that run anyway whether they answer. Starts and wakes nothing'),
  maxConcurrent: z.int().min(1).max(10_000).default(1_000).describe('Most calls at once'),
  maxQueued: z.int().min(0).max(10_000).default(1_000).describe('Most calls that wait beside them'),
  queueMs: milliseconds.default(10_000).describe('Longest such wait. Milliseconds.'),
})
export type ResiliencePolicy = z.infer<typeof Resilience>

export const DEFAULT_RESILIENCE: ResiliencePolicy = Resilience.parse({})

/** closed: calls pass; open: they are refused; half-open: a few may try. */
export type BreakerPhase = 'closed' | 'open' | 'half-open'

/**
 * healthy: what was heard last is good; failing: it is a failure; unhealthy: calls are refused, or
 * active checks fail; unknown: nothing was heard yet.
 */
export type Health = 'unknown' | 'healthy' | 'failing' | 'unhealthy'

/** How a server fares. Of a personal server: all principals' together, the worst of each. */
export interface ResilienceReport {
  health: Health
  /** Absent where it is switched off. */
  breaker?: {
    state: BreakerPhase
    /** `Date.now()` of the last change; absent while there was none. */
    since?: number
    /** While it is open: until a call may try. Milliseconds. */
    retryAfterMs?: number
  }
  inFlight: number
  queued: number
  /** Outcomes within the breaker's window, and those of them that failed. */
  calls: number
  failures: number
  lastFailure?: { code: ErrorCode; at: number }
  /** `Date.now()` of the last call, or health check, that it answered, as long as it is remembered. */
  answeredAt?: number
}
