/** Which connection a request takes: one of many over HTTP/1.1, one for many over HTTP/2. */
import { Client, Pool } from 'undici'
import type { buildConnector, Dispatcher } from 'undici'
import { isH2 } from './first-connection.ts'
import { Unsent } from './unsent.ts'

/** What servers commonly let one connection carry at once. */
export const MAX_STREAMS_PER_CONNECTION = 100

export interface DispatchersOptions {
  origin: string
  connect: buildConnector.connector
  maxConnections: number
  keepAliveMs: number
}

/** Connections for one kind of request. Nothing is connected before it is wanted. */
export class Dispatchers {
  readonly #origin: string
  readonly #connect: buildConnector.connector
  readonly #maxConnections: number
  readonly #settings: Client.Options
  readonly #clients: Client[] = []
  #pool: Pool | undefined

  constructor({ origin, connect, maxConnections, keepAliveMs }: DispatchersOptions) {
    this.#origin = origin
    this.#connect = connect
    this.#maxConnections = maxConnections
    this.#settings = {
      connect,
      keepAliveTimeout: keepAliveMs,
      // A server's own hint makes it shorter, not longer.
      keepAliveMaxTimeout: keepAliveMs,
      // Who sends a request has its deadline; what is streamed may be silent for long.
      headersTimeout: 0,
      bodyTimeout: 0,
    }
  }

  pick(overH2: boolean): Dispatcher {
    if (overH2) return this.#pickClient()
    this.#pool ??= new Pool(this.#origin, {
      ...this.#settings,
      connections: this.#maxConnections,
      pipelining: 1,
    })
    return this.#pool
  }

  /** Idle connections end at once, and the others when their requests do. Never rejects. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#all().map((dispatcher) => dispatcher.close()))
  }

  /** Ends what is in flight, too. Never rejects. */
  async destroy(): Promise<void> {
    await Promise.allSettled(this.#all().map((dispatcher) => dispatcher.destroy()))
  }

  /** A client carries all its requests over one connection, which it opens again when it is lost. */
  #pickClient(): Client {
    const free = this.#clients.find(({ stats }) => stats.size < MAX_STREAMS_PER_CONNECTION)
    if (free !== undefined) return free
    if (this.#clients.length < this.#maxConnections) {
      const client = new Client(this.#origin, {
        ...this.#settings,
        connect: (target, callback) => this.#connectH2(target, callback),
        pipelining: MAX_STREAMS_PER_CONNECTION,
      })
      this.#clients.push(client)
      return client
    }
    return this.#clients.reduce((least, client) => {
      return client.stats.size < least.stats.size ? client : least
    })
  }

  /** Over HTTP/1.1 the client would send its requests one after another, unasked, on one connection. */
  #connectH2(target: buildConnector.Options, callback: buildConnector.Callback): void {
    this.#connect(target, (error, socket) => {
      if (error !== null) return callback(error, null)
      if (isH2(socket)) return callback(null, socket)
      socket.destroy()
      callback(new Unsent('it speaks HTTP/2 no more'), null)
    })
  }

  #all(): Dispatcher[] {
    return [...this.#clients, ...(this.#pool === undefined ? [] : [this.#pool])]
  }
}
