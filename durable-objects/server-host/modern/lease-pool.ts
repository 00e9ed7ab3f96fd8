/**
 * Legacy processes that keep no state, for modern calls: initialised once for a client, lent to one of
 * its calls at a time, and returned. What a process says late can reach nobody but its own client. A
 * burst waits a moment for processes that come free before more are started.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../servers/servers.ts'
import { createLease, type Caller, type Lease, type LeaseOwner } from './lease.ts'
import type { Processes } from './processes.ts'

interface Waiter {
  caller: Caller
  resolve: (lease: Lease) => void
  reject: (error: GatewayError) => void
  deadline: number
  since: number
}

const GROW_AFTER_MS = 20
/** After this long a waiter gets the room of a process that others' calls keep in use. */
const STARVED_AFTER_MS = 1_000
const MAX_WAITERS = 1_000

export class LeasePool implements Processes {
  readonly #context: HostContext
  readonly #server: Server
  readonly #owner: LeaseOwner
  readonly #all = new Set<Lease>()
  #idle: Lease[] = []
  #waiters: Waiter[] = []
  #opening = 0
  #growing = false
  #closed = false

  constructor(context: HostContext, server: Server, owner: LeaseOwner) {
    this.#context = context
    this.#server = server
    this.#owner = owner
  }

  get size(): number {
    return this.#all.size + this.#opening
  }

  async acquire(caller: Caller, deadline: number): Promise<Lease> {
    const at = this.#idle.findLastIndex((lease) => lease.caller?.key === caller.key)
    const [lease] = at < 0 ? [] : this.#idle.splice(at, 1)
    if (lease !== undefined) return lease
    if (this.#waiters.length >= MAX_WAITERS) throw new GatewayError('server_busy')
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    this.#waiters.push({ caller, resolve, reject, deadline, since: Date.now() })
    if (this.size === 0) this.#grow()
    this.#growLater()
    return promise
  }

  /** What goes on after its call could ask the next one: such a process is not lent again. */
  release(lease: Lease, isClean: boolean): void {
    if (!this.#all.has(lease)) return
    if (!isClean || !lease.process.isUp) return this.lose(lease)
    const at = this.#waiters.findIndex(({ caller }) => caller.key === lease.caller?.key)
    if (at !== 0 && this.#starves(this.#waiters[0])) return this.lose(lease)
    const [waiter] = at < 0 ? [] : this.#waiters.splice(at, 1)
    if (waiter !== undefined) waiter.resolve(lease)
    else if (this.#closed) this.lose(lease)
    else this.#idle.push(lease)
  }

  /** The process is gone, or must not be used again. */
  lose(lease: Lease): void {
    this.#all.delete(lease)
    this.#idle = this.#idle.filter((other) => other !== lease)
    lease.process.close()
    if (this.#waiters.length > 0) this.#growLater()
  }

  close(): void {
    this.#closed = true
    for (const lease of this.#idle) this.lose(lease)
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
      // An idle process of another client makes room.
      const [other] = this.#idle
      if (other === undefined) return
      this.lose(other)
    }
    this.#opening++
    this.#open(waiter.caller)
      .then(
        (lease) => {
          this.#all.add(lease)
          this.#opening--
          this.release(lease, true)
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

  async #open(caller: Caller): Promise<Lease> {
    const lease = createLease(this.#context, this.#server, caller, this.#owner)
    await lease.process.start()
    return lease
  }
}
