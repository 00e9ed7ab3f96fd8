/** What can go wrong between the worker and a Durable Object, beside what the object itself throws. */
import { GatewayError } from '#protocol/errors.ts'

/** Somebody has to make room. */
const FULL_RETRY_AFTER_MS = 30_000

/** A reset, an eviction or a cut between machines: a fresh stub reaches a new instance. */
export function isLost(error: unknown): boolean {
  return (has(error, 'retryable') || has(error, 'durableObjectReset')) && !isOverloaded(error)
}

/** More calls wait for the object than the platform queues: another one makes it worse. */
export function isOverloaded(error: unknown): boolean {
  return has(error, 'overloaded')
}

/** Nothing more can be written where the object's database is. The object was reset, too. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && error.message.includes('SQLITE_FULL')
}

/** As callers are told; `undefined` for what is none of it. */
export function toStorageFault(error: unknown): GatewayError | undefined {
  if (!isFull(error)) return undefined
  return new GatewayError('storage_full', { cause: error, retryAfterMs: FULL_RETRY_AFTER_MS })
}

/**
 * Repeats a call once when its object was lost. The first may have been processed, so only for
 * calls that may happen twice. `call` makes a fresh stub each time.
 */
export async function repeatWhenLost<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!isLost(error)) throw error
    return call()
  }
}

function has(error: unknown, flag: string): boolean {
  return error instanceof Error && (error as Error & Record<string, unknown>)[flag] === true
}
