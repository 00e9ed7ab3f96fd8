/**
 * Legacy processes that keep no state, for modern calls: initialised once for a client, lent to one of
 * its calls at a time, and returned. What a process says late can reach nobody but its own client. A
 * burst waits a moment for processes that come free before more are started.
 */
import { GatewayError } from '#protocol/errors.ts'
import { findYielding, yieldsTo, type Owner } from '#protocol/yielding.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../processes/servers.ts'
import { createLease, ownerOf, type Caller, type Lease, type LeaseOwner } from './lease.ts'
import type { Processes, Until } from './processes.ts'

interface Waiter {
  caller: Caller
  resolve: (lease: Lease) => void
  reject: (error: GatewayError) => void
  until: Until
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
  readonly #opening = new Set<Lease>()
  #growing = false
  #closed = false

  constructor(context: HostContext, server: Server, owner: LeaseOwner) {
    this.#context = context
    this.#server = server
    this.#owner = owner
  }

  get size(): number {
    return this.#all.size + this.#opening.size
  }

  async acquire(caller: Caller, until: Until): Promise<Lease> {
    const at = this.#idle.findLastIndex((lease) => lease.caller?.key === caller.key)
    const [lease] = at < 0 ? [] : this.#idle.splice(at, 1)
    if (lease !== undefined) return lease
    if (this.#waiters.length >= MAX_WAITERS) throw new GatewayError('server_busy')
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    this.#waiters.push({ caller, resolve, reject, until, since: Date.now() })
    if (this.size === 0) this.#grow()
    this.#growLater()
    return promise
  }

  /** What goes on after its call could ask the next one: such a process is not lent again. */
  release(lease: Lease, isClean: boolean): void {
    if (!this.#all.has(lease)) return
    if (!isClean || !lease.process.isUp) return this.lose(lease)
    const at = this.#waiters.findIndex(({ caller }) => caller.key === lease.caller?.key)
    if (at !== 0 && this.#starves(this.#waiters[0], lease)) return this.lose(lease)
    const [waiter] = at < 0 ? [] : this.#waiters.splice(at, 1)
    if (waiter !== undefined) waiter.resolve(lease)
    else if (this.#closed) this.lose(lease)
    else {
      this.#idle.push(lease)
      lease.endSoon(() => this.#idle.includes(lease) && this.lose(lease))
    }
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

  get #isFull(): boolean {
    return this.size >= this.#server.config.maxProcesses
  }

  /** Whose the processes are. */
  get #held(): Owner[] {
    return [...this.#all, ...this.#opening].map(ownerOf)
  }

  /** Whether it has waited long, and `lease` may give way to it. */
  #starves(waiter: Waiter | undefined, lease: Lease): boolean {
    if (waiter === undefined || this.#opening.size > 0 || !this.#isFull) return false
    if (Date.now() - waiter.since <= STARVED_AFTER_MS) return false
    return yieldsTo(ownerOf(lease), this.#held, ownerOf(waiter))
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
    const late = this.#waiters.filter(({ until }) => until.deadline <= now)
    if (late.length === 0) return
    this.#waiters = this.#waiters.filter(({ until }) => until.deadline > now)
    const code = this.#all.size === 0 ? 'server_start_timeout' : 'server_busy'
    for (const { reject } of late) reject(new GatewayError(code))
  }

  /** Starts a process for the waiter that has waited longest and has none on its way, of those there is room for. */
  #grow(): void {
    const waiting = this.#waiters.slice(this.#opening.size)
    const waiter = this.#isFull ? this.#makeRoom(waiting) : waiting[0]
    if (waiter === undefined) return
    const lease = createLease(this.#context, this.#server, waiter.caller, this.#owner)
    this.#opening.add(lease)
    lease.process
      .start()
      .then(
        () => {
          this.#opening.delete(lease)
          this.#all.add(lease)
          this.release(lease, true)
        },
        (error: unknown) => {
          this.#opening.delete(lease)
          this.#refuse(waiter, GatewayError.from(error))
        },
      )
      .finally(() => this.#waiters.length > 0 && this.#growLater())
  }

  /** Ends an idle process of another client for the first of these that it may give way to. */
  #makeRoom(waiting: Waiter[]): Waiter | undefined {
    if (this.#idle.length === 0) return undefined
    const held = this.#held
    const asked = new Set<Owner>()
    for (const waiter of waiting) {
      const taker = ownerOf(waiter)
      if (asked.has(taker)) continue
      asked.add(taker)
      const other = findYielding(this.#idle, ownerOf, held, taker)
      if (other === undefined) continue
      this.lose(other)
      return waiter
    }
    return undefined
  }

  /** No room for one more is no failure while others are at work and will come free. */
  #refuse(waiter: Waiter, error: GatewayError): void {
    if (error.code === 'server_busy' && this.#all.size > 0) return
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
    waiter.reject(error)
  }
}
