/**
 * Answers calls from what was answered before: fresh results at once, stale ones while a new one is
 * fetched or when the server fails, and equal calls at the same time by one that runs.
 */
import type { CallLog } from '#protocol/call-log.ts'
import { GatewayError, specOf } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { CacheRule } from '#protocol/transform.ts'
import type { AnsweredCall } from '../../call/client-call.ts'
import type { CallTransform } from '../../call/call-transform.ts'
import type { Dispatcher } from '../../call/dispatcher.ts'
import { createBackgroundCall } from './background-call.ts'
import { Cache, type Entry } from './cache.ts'
import { CachedTransform, type Outcome } from './cached-transform.ts'
import { Flight, type Follower } from './flight.ts'
import { toOwnKey } from './key.ts'
import { keepableResult, stateAt, toEntry } from './policy.ts'
import { toResponse } from './to-response.ts'

export interface CachedCall {
  host: HostCall
  /** As it goes to the server. */
  request: Uint8Array
  rule: CacheRule
  /** Of the call without its principal. */
  key: string
  /** Whether nobody else may have the result. */
  isOwn: boolean
  /** Throws what making a call throws. */
  createCall: (transform: CallTransform) => AnsweredCall
  dispatcher: Pick<Dispatcher, 'run' | 'timeoutOf'>
  createTransform: () => CallTransform
  /** Makes the response to this call of a kept one, with its log line. */
  answer: (payload: Uint8Array, cache: CallLog['cache']) => Response
}

export class CachedCalls {
  readonly #cache = new Cache()
  readonly #flights = new Map<string, Flight>()

  /** Forgets what is known of a server; what runs is answered, and not kept. */
  drop(server: string): void {
    this.#cache.drop(server)
  }

  /** Throws what making a call throws. */
  begin(asked: CachedCall): Response | Promise<Response> {
    const now = Date.now()
    const entry = this.#find(asked)
    const state = entry === undefined ? 'expired' : stateAt(entry, now)
    if (entry !== undefined && state !== 'expired') {
      if (state === 'stale') this.#refresh(asked)
      return asked.answer(
        toResponse(entry, idOf(asked.host), now),
        state === 'fresh' ? 'hit' : 'stale',
      )
    }
    const transform = this.#createTransform(asked)
    const { call, response } = asked.createCall(transform)
    const run = (others: Follower[]): void => {
      this.#lead(asked, transform, new Flight(others))
      asked.dispatcher.run(call, asked.request)
    }
    const flight = this.#flights.get(flightKey(asked))
    if (flight === undefined || flight.isFull) run([])
    else flight.join({ call, principal: asked.host.principal, run })
    return response
  }

  #find({ key, isOwn, host }: CachedCall): Entry | undefined {
    const own = this.#cache.get(toOwnKey(key, host.principal))
    return own ?? (isOwn ? undefined : this.#cache.get(key))
  }

  #createTransform(asked: CachedCall): CachedTransform {
    return new CachedTransform({
      inner: asked.createTransform(),
      principal: asked.host.principal,
      whenLost: (error) => {
        if (specOf(error.code)?.coverable !== true) return undefined
        const now = Date.now()
        const entry = this.#find(asked)
        if (entry === undefined || now >= entry.errorUntil) return undefined
        return toResponse(entry, idOf(asked.host), now)
      },
    })
  }

  #lead(asked: CachedCall, transform: CachedTransform, flight: Flight): void {
    const key = flightKey(asked)
    const generation = this.#cache.generationOf(asked.host.server)
    if (!this.#flights.has(key)) this.#flights.set(key, flight)
    transform.lead((outcome) => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
      if (generation === this.#cache.generationOf(asked.host.server)) this.#keep(asked, outcome)
      flight.land(outcome.landing)
    })
  }

  #keep(asked: CachedCall, { landing: { response }, freshness }: Outcome): void {
    if (response?.outcome !== 'ok') return
    const result = keepableResult(response.payload)
    if (result === undefined) return
    const { host, rule, key } = asked
    const entry = toEntry(host.server, result, rule, freshness, Date.now())
    if (entry === undefined) return
    const isOwn = asked.isOwn || freshness?.isPrivate === true
    this.#cache.set(isOwn ? toOwnKey(key, host.principal) : key, entry)
  }

  /** One at a time. What it fails with, the next call without a kept result is told. */
  #refresh(asked: CachedCall): void {
    if (this.#flights.has(flightKey(asked))) return
    const transform = new CachedTransform({
      inner: asked.createTransform(),
      principal: asked.host.principal,
      whenLost: () => undefined,
    })
    const { host, request, dispatcher } = asked
    const { call, body } = createBackgroundCall(
      host,
      request,
      dispatcher.timeoutOf(host),
      transform,
    )
    this.#lead(asked, transform, new Flight())
    dispatcher.run(call, body)
  }
}

function flightKey({ key, isOwn, host }: CachedCall): string {
  return isOwn ? toOwnKey(key, host.principal) : key
}

function idOf({ envelope }: HostCall): string | number {
  if (envelope?.kind !== 'request') throw new GatewayError('invalid_message')
  return envelope.id
}
