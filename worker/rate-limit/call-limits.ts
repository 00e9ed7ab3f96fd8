/** How often may this principal do this? The one place that asks the RateLimiter object. */
import type { Context } from 'hono'
import { GatewayError } from '#protocol/errors.ts'
import { limiterName, type Answer, type Ask } from '#protocol/limiter.ts'
import type { Verdict } from '#protocol/tenant.ts'
import { within } from '#protocol/within.ts'
import type { AppEnv, Deps, IncomingCall } from '../context.ts'
import type { CallRecord } from '../telemetry/record.ts'
import { repeatWhenLost } from '../durable-call.ts'
import { findApplicable, type Applicable } from './applicable.ts'
import type { Errand } from './lease-request.ts'
import { createLeaseBook, type LeaseBook, type Refused } from './leases.ts'
import { createOutages, OUTAGE_MS, type Outages } from './outages.ts'
import { toRefusal } from './refusal.ts'

/** Longest wait for the object: a call that cannot be counted does not hang. */
const LIMITER_TIMEOUT_MS = 1_000

type LimitDeps = Pick<Deps, 'limiter' | 'log'>

/** What one isolate knows of its counters. */
interface Isolate {
  deps: LimitDeps
  book: LeaseBook
  outages: Outages
}

/** For whom which object is asked. */
interface Asking {
  isolate: Isolate
  record: CallRecord
  limiter: string
}

/** Gives back what can be, of a call that came to nothing. */
export type Refund = () => void

const NO_REFUND: Refund = () => {}

export interface CallLimits {
  /**
   * Charges the call to every limit that it counts for, or throws what refuses it and charges none. A promise
   * only where the isolate itself does not know.
   */
  charge(
    c: Context<AppEnv>,
    known: { record: CallRecord; verdict: Verdict },
    call: IncomingCall,
  ): Refund | Promise<Refund>
}

export function createCallLimits(deps: LimitDeps): CallLimits {
  const isolate = { deps, book: createLeaseBook(), outages: createOutages() }
  return {
    charge(c, { record, verdict }, call) {
      const applicable = findApplicable(verdict, call)
      const { claims, shard, occupancies } = applicable
      if (occupancies.length > 0) call.occupancies = occupancies
      if (claims.length === 0) return NO_REFUND
      const plan = isolate.book.plan(claims, Date.now())
      if (plan.kind === 'refused') throw toRefusal(plan.refused)
      const toAsking = () => ({ isolate, record, limiter: limiterName(verdict.tenant, shard) })
      if (plan.kind === 'unknown') return chargeThere(toAsking(), plan.errand, applicable)
      if (plan.renewal !== undefined) runBeside(c, renew(toAsking(), plan.renewal))
      return refundOf(isolate.book, applicable)
    },
  }
}

async function chargeThere(
  asking: Asking,
  errand: Errand,
  applicable: Applicable,
): Promise<Refund> {
  refuse(await ask(asking, errand))
  return refundOf(asking.isolate.book, applicable)
}

/** Only concurrency limits, which the object counts, refuse a call that was charged. */
function refundOf(book: LeaseBook, { claims, occupancies }: Applicable): Refund {
  return occupancies.length > 0 ? book.refundOf(claims) : NO_REFUND
}

function refuse([first, ...others]: Refused[]): void {
  if (first !== undefined) throw toRefusal([first, ...others])
}

async function ask({ isolate, record, limiter }: Asking, errand: Errand): Promise<Refused[]> {
  const { deps, book, outages } = isolate
  const outageMs = outages.remainingMs(limiter, errand.sentAt)
  if (outageMs > 0) return goOnUncounted(book, errand, outageMs)
  try {
    const answer = await withinTime(take(deps, limiter, errand.asks))
    return book.settle(errand, answer, Date.now())
  } catch (error) {
    outages.begin(limiter, Date.now())
    deps.log.fault(record, new GatewayError('limiter_unavailable', { cause: error }))
    return goOnUncounted(book, errand, OUTAGE_MS)
  }
}

/** What the next requests will need: a request that has all it needs does not wait for it. */
async function renew(asking: Asking, errand: Errand): Promise<void> {
  try {
    await ask(asking, errand)
  } catch {
    // The requests that find nothing left say what is wrong.
  }
}

/** The platform ends what is not done when the response is, unless it is told to wait. */
function runBeside(c: Context<AppEnv>, work: Promise<void>): void {
  try {
    c.executionCtx.waitUntil(work)
  } catch {
    // Outside of workerd there is no such context, and nothing ends the work.
  }
}

/** A lost object may have charged the first time, which is on the safe side; it is given back to once. */
function take(deps: LimitDeps, limiter: string, asks: Ask[]): Promise<Answer> {
  let next = asks
  return repeatWhenLost(() => {
    const these = next
    next = asks.map(withoutBack)
    return deps.limiter(limiter).take(these)
  })
}

function withoutBack(ask: Ask): Ask {
  const { back: _, ...others } = ask
  return others
}

/** Throws `limiter_unavailable` when one of the limits that cannot be counted is to fail closed. */
function goOnUncounted(book: LeaseBook, errand: Errand, retryAfterMs: number): [] {
  const closed = errand.asked.find(({ claim }) => claim.limit.onFailure === 'closed')
  book.giveUp(errand, closed === undefined)
  if (closed === undefined) return []
  const { name, per } = closed.claim.limit
  throw new GatewayError('limiter_unavailable', { retryAfterMs, data: { limit: name, scope: per } })
}

function withinTime<T>(work: Promise<T>): Promise<T> {
  return within(work, LIMITER_TIMEOUT_MS, () => {
    throw new Error(`no answer within ${LIMITER_TIMEOUT_MS} ms`)
  })
}
