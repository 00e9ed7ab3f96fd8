/** Requests to one origin, over connections with one tenant's settings. */
import type { Dispatcher } from 'undici'
import { toWebBody } from './body.ts'
import { createConnector } from './connector.ts'
import type { Resolve } from './connector.ts'
import { Dispatchers } from './dispatchers.ts'
import type { OriginCounts } from './figures.ts'
import { FirstConnection } from './first-connection.ts'
import { Unsent } from './unsent.ts'
import { toProtocolFailure } from '#protocol/remote/failures.ts'
import type { Pool } from '#protocol/remote/pool.ts'
import type { RemoteRequest, RemoteResponse } from '#protocol/remote/remote.ts'

/** Requests that run, or wait for a connection. */
const MAX_REQUESTS_PER_ORIGIN = 1_024

/** Streams that only listen have connections of their own: over HTTP/1.1 each takes one. */
const MAX_LISTENING_CONNECTIONS = 256

export interface OriginPoolOptions {
  origin: URL
  allowPrivate: boolean
  pool: Pool
  counts: OriginCounts
  resolve?: Resolve | undefined
  /** Nothing was in flight for `keepAliveMs`. */
  onIdle: () => void
}

export interface PooledRequest extends RemoteRequest {
  /** Awaited before each piece of the body is read. */
  hold?: () => Promise<void> | undefined
}

export class OriginPool {
  readonly #options: OriginPoolOptions
  readonly #first: FirstConnection
  readonly #calls: Dispatchers
  readonly #listening: Dispatchers
  #inFlight = 0
  #isDestroyed = false
  #idleTimer: NodeJS.Timeout | undefined

  constructor(options: OriginPoolOptions) {
    this.#options = options
    const { origin, pool, allowPrivate, resolve, counts } = options
    const { maxConnections, keepAliveMs, allowH2 } = pool
    const open = createConnector({ allowPrivate, allowH2, resolve })
    this.#first = new FirstConnection(origin, open, (change) => counts.connected(change))
    const { connect } = this.#first
    const settings = { origin: origin.origin, connect, keepAliveMs }
    this.#calls = new Dispatchers({ ...settings, maxConnections })
    this.#listening = new Dispatchers({ ...settings, maxConnections: MAX_LISTENING_CONNECTIONS })
    this.#watchIdle()
  }

  get isIdle(): boolean {
    return this.#inFlight === 0
  }

  /** Resolves when there is a connection. Rejects with `Unsent`. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#first.isConnected) return
    const { requestTimeoutMs } = this.#options.pool
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)])
    try {
      await abortable(this.#first.ready(), deadline)
    } catch (error) {
      throw error instanceof Unsent ? error : new Unsent('not connected in time', error)
    }
  }

  /** Rejects with `Unsent` when the server has seen nothing of it, else with anything. */
  async fetch(url: URL, request: PooledRequest): Promise<RemoteResponse> {
    if (this.#inFlight >= MAX_REQUESTS_PER_ORIGIN) {
      throw new Unsent(`more than ${MAX_REQUESTS_PER_ORIGIN} requests to its origin`)
    }
    const end = this.#begin()
    try {
      const { statusCode, headers, body } = await this.#send(url, request)
      return {
        status: statusCode,
        headers: { get: (name) => textOf(headers[name.toLowerCase()]) },
        body: toWebBody(body, { hold: request.hold, onEnd: end }),
      }
    } catch (error) {
      // What was given up from here says nothing of the server.
      if (!request.signal.aborted) this.#options.counts.failed()
      end()
      throw error
    }
  }

  /** What is in flight ends in its own time. Never rejects. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer)
    this.#first.close()
    await Promise.all([this.#calls.close(), this.#listening.close()])
  }

  /** What is in flight fails. Never rejects. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true
    clearTimeout(this.#idleTimer)
    this.#first.close()
    await Promise.all([this.#calls.destroy(), this.#listening.destroy()])
  }

  async #send(url: URL, request: PooledRequest): Promise<Dispatcher.ResponseData> {
    const { method, headers, body, signal } = request
    const { pool, counts } = this.#options
    const isListening = isStream(request)
    const deadline = new AbortController()
    const giveUp = (): void => {
      const why = `began no response within ${pool.requestTimeoutMs} ms`
      deadline.abort(toProtocolFailure(why, url))
    }
    const timer = isListening ? undefined : setTimeout(giveUp, pool.requestTimeoutMs)
    const startedAt = performance.now()
    try {
      await this.ready(signal)
      if (this.#isDestroyed) throw new Unsent('its pool is gone')
      const { isH2 } = this.#first
      const response = await (isListening ? this.#listening : this.#calls).pick(isH2).request({
        path: `${url.pathname}${url.search}`,
        ...{ method, headers: { ...headers, 'accept-encoding': 'identity' } },
        signal: AbortSignal.any([signal, deadline.signal]),
        // Not that it may be sent twice: over HTTP/2 it need not wait for the others to end.
        idempotent: true,
        ...(body !== undefined && { body }),
      })
      counts.answered(response.statusCode, performance.now() - startedAt, isH2)
      return response
    } finally {
      clearTimeout(timer)
    }
  }

  #begin(): () => void {
    const { counts } = this.#options
    clearTimeout(this.#idleTimer)
    this.#inFlight += 1
    counts.begin()
    let hasEnded = false
    return () => {
      if (hasEnded) return
      hasEnded = true
      this.#inFlight -= 1
      counts.end()
      if (this.#inFlight === 0) this.#watchIdle()
    }
  }

  #watchIdle(): void {
    const { pool, onIdle } = this.#options
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(onIdle, pool.keepAliveMs).unref()
  }
}

/** It stays open for what comes, if anything does. */
function isStream({ method, headers }: RemoteRequest): boolean {
  const name = Object.entries(headers).find(([key]) => key.toLowerCase() === 'mcp-method')?.[1]
  return method === 'GET' || name === 'subscriptions/listen'
}

function textOf(value: string | string[] | undefined): string | null {
  return Array.isArray(value) ? value.join(', ') : (value ?? null)
}

async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
