/**
 * Legacy processes that serve modern calls: initialised once for a set of client capabilities, lent
 * to one call at a time, and returned. A burst waits a moment for processes that come free before
 * more are started.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { Channel } from '../link/channel.ts'
import { Connection, type ConnectionOwner } from '../connection.ts'
import { startFailure } from '../servers/eras.ts'
import type { HostContext } from '../host-context.ts'
import { openProcess } from '../servers/open-process.ts'
import type { Server } from '../servers/servers.ts'
import type { Ticker } from '../ticker.ts'
import { toInitializeParams } from '../translate/to-legacy-capabilities.ts'

export class Lease {
  readonly connection: Connection
  /** Canonical JSON of the client capabilities that the process was told. */
  readonly capabilities: string
  /** The level that the process was set to last. */
  logLevel: string | undefined

  constructor(
    channel: Channel,
    ticker: Ticker,
    capabilities: string,
    ownerOf: (lease: Lease) => ConnectionOwner,
  ) {
    this.capabilities = capabilities
    this.connection = new Connection(channel, ticker, ownerOf(this))
  }
}

interface Waiter {
  capabilities: string
  resolve: (lease: Lease) => void
  reject: (error: GatewayError) => void
  deadline: number
  since: number
}

const GROW_AFTER_MS = 20
/** After this long a waiter gets the room of a process that others' calls keep in use. */
const STARVED_AFTER_MS = 1_000
const MAX_WAITERS = 1_000
const CLIENT_INFO = { name: 'hearth', version: '0.1.0' }

export class LeasePool {
  readonly #context: HostContext
  readonly #server: Server
  readonly #owner: (lease: Lease) => ConnectionOwner
  readonly #all = new Set<Lease>()
  #idle: Lease[] = []
  #waiters: Waiter[] = []
  #opening = 0
  #growing = false
  #closed = false

  constructor(context: HostContext, server: Server, owner: (lease: Lease) => ConnectionOwner) {
    this.#context = context
    this.#server = server
    this.#owner = owner
  }

  get size(): number {
    return this.#all.size + this.#opening
  }

  /** Throws what a start can fail with, and `server_busy` when none comes free by `deadline`. */
  async acquire(capabilities: string, deadline: number): Promise<Lease> {
    const at = this.#idle.findLastIndex((lease) => lease.capabilities === capabilities)
    const [lease] = at < 0 ? [] : this.#idle.splice(at, 1)
    if (lease !== undefined) return lease
    if (this.#waiters.length >= MAX_WAITERS) throw new GatewayError('server_busy')
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    this.#waiters.push({ capabilities, resolve, reject, deadline, since: Date.now() })
    if (this.size === 0) this.#grow()
    this.#growLater()
    return promise
  }

  release(lease: Lease): void {
    if (lease.connection.over || !this.#all.has(lease)) return
    const at = this.#waiters.findIndex((waiter) => waiter.capabilities === lease.capabilities)
    if (at !== 0 && this.#starves(this.#waiters[0])) return this.discard(lease)
    const [waiter] = at < 0 ? [] : this.#waiters.splice(at, 1)
    if (waiter !== undefined) waiter.resolve(lease)
    else if (this.#closed) this.discard(lease)
    else this.#idle.push(lease)
  }

  /** The process is gone, or must not be used again. */
  discard(lease: Lease): void {
    this.#all.delete(lease)
    this.#idle = this.#idle.filter((other) => other !== lease)
    lease.connection.close()
    if (this.#waiters.length > 0) this.#growLater()
  }

  /** Keeps no process any more: what is lent is ended when it comes back. */
  close(): void {
    this.#closed = true
    for (const lease of this.#idle) this.discard(lease)
  }

  #starves(waiter: Waiter | undefined): boolean {
    if (waiter === undefined || this.#opening > 0) return false
    const isFull = this.size >= this.#server.config.maxProcesses
    return isFull && Date.now() - waiter.since > STARVED_AFTER_MS
  }

  #growLater(): void {
    if (this.#growing) return
    this.#growing = true
    setTimeout(() => {
      this.#growing = false
      this.#expire()
      if (this.#waiters.length === 0) return
      this.#grow()
      this.#growLater()
    }, GROW_AFTER_MS)
  }

  #expire(): void {
    const now = Date.now()
    const late = this.#waiters.filter(({ deadline }) => deadline <= now)
    if (late.length === 0) return
    this.#waiters = this.#waiters.filter(({ deadline }) => deadline > now)
    const code = this.#all.size === 0 ? 'server_start_timeout' : 'server_busy'
    for (const { reject } of late) reject(new GatewayError(code))
  }

  /** Starts a process for the waiter that has waited longest and has none on its way. */
  #grow(): void {
    const waiter = this.#waiters[this.#opening]
    if (waiter === undefined) return
    if (this.size >= this.#server.config.maxProcesses) {
      // An idle process of other capabilities makes room.
      const [other] = this.#idle
      if (other === undefined) return
      this.discard(other)
    }
    this.#opening++
    this.#open(waiter.capabilities)
      .then(
        (lease) => {
          this.#all.add(lease)
          this.#opening--
          this.release(lease)
        },
        (error: unknown) => {
          this.#opening--
          this.#refuse(waiter, GatewayError.from(error))
        },
      )
      .finally(() => this.#waiters.length > 0 && this.#growLater())
  }

  /** No room for one more is no failure while others are at work and will come free. */
  #refuse(waiter: Waiter, error: GatewayError): void {
    if (error.code === 'server_busy' && this.#all.size > 0) return
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
    waiter.reject(error)
  }

  async #open(capabilities: string): Promise<Lease> {
    const key = `lease:${crypto.randomUUID()}`
    const channel = await openProcess(this.#context, this.#server, key)
    const lease = new Lease(channel, this.#context.ticker, capabilities, this.#owner)
    const { roots, timeoutMs } = this.#server.config
    const params = toInitializeParams({
      capabilities: JSON.parse(capabilities) as Record<string, unknown>,
      clientInfo: CLIENT_INFO,
      roots,
    })
    try {
      await lease.connection.ask('initialize', params, timeoutMs.start)
    } catch (error) {
      lease.connection.close()
      throw startFailure(error, this.#context.servers.launchOf(this.#server))
    }
    lease.connection.tell('notifications/initialized')
    this.#context.guards.watch(this.#server, lease.connection)
    return lease
  }
}
