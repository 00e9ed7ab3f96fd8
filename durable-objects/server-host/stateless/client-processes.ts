/**
 * One legacy process for each modern client, as each legacy session has one: all that it calls and
 * listens to is there, at once if it likes, and later calls find it again. Never another principal's.
 */
import { GatewayError } from '#protocol/errors.ts'
import { findYielding } from '#protocol/yielding.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../processes/servers.ts'
import { createLease, ownerOf, type Caller, type Lease, type LeaseOwner } from './lease.ts'
import type { Processes, Until } from './processes.ts'

/** Clients of one server that have a process, and of one principal: the one that called longest ago and needs nothing makes room. */
const MAX_CLIENTS = 1_024
const MAX_CLIENTS_PER_PRINCIPAL = 32
const MAX_WAITERS = 1_000

interface Waiter {
  caller: Caller
  resolve: (lease: Lease) => void
  timer: number
}

export class ClientProcesses implements Processes {
  readonly #context: HostContext
  readonly #server: Server
  readonly #owner: LeaseOwner
  /** By the caller's key; those that are there, or needed. Used least recently first. */
  readonly #leases = new Map<string, Lease>()
  readonly #waiters = new Set<Waiter>()
  #isClosed = false

  constructor(context: HostContext, server: Server, owner: LeaseOwner) {
    this.#context = context
    this.#server = server
    this.#owner = owner
  }

  async acquire(caller: Caller, { deadline }: Until): Promise<Lease> {
    const lease = this.#take(caller)
    if (lease !== undefined) return lease
    if (this.#waiters.size >= MAX_WAITERS) throw new GatewayError('server_busy')
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    const timer = setTimeout(
      () => {
        this.#waiters.delete(waiter)
        reject(new GatewayError('server_busy'))
      },
      Math.max(0, deadline - Date.now()),
    )
    const waiter: Waiter = { caller, resolve, timer }
    this.#waiters.add(waiter)
    return promise
  }

  release(lease: Lease): void {
    lease.users--
    if (lease.users > 0) return
    if (this.#isClosed || !lease.process.isUp) this.#end(lease)
    else lease.endSoon(() => this.lose(lease))
    this.#admit()
  }

  lose(lease: Lease): void {
    if (lease.users > 0) return
    this.#end(lease)
    this.#admit()
  }

  close(): void {
    this.#isClosed = true
    for (const lease of this.#leases.values()) if (lease.users === 0) this.#end(lease)
  }

  /** `undefined`: there is no room. */
  #take(caller: Caller): Lease | undefined {
    const known = this.#leases.get(caller.key)
    if (known === undefined && !this.#makeRoom(caller)) return undefined
    const lease = known ?? createLease(this.#context, this.#server, caller, this.#owner)
    this.#leases.delete(caller.key)
    this.#leases.set(caller.key, lease)
    lease.users++
    return lease
  }

  #makeRoom(taker: Caller): boolean {
    const all = [...this.#leases.values()]
    const own = all.filter(({ caller }) => caller?.principal === taker.principal)
    if (own.length >= MAX_CLIENTS_PER_PRINCIPAL) return this.#evict(own, taker)
    const { maxProcesses } = this.#server.config
    return all.length < Math.min(maxProcesses, MAX_CLIENTS) || this.#evict(all, taker)
  }

  #evict(leases: Lease[], caller: Caller): boolean {
    const unused = leases.filter(({ users }) => users === 0)
    const idle = findYielding(unused, ownerOf, leases.map(ownerOf), ownerOf({ caller }))
    if (idle !== undefined) this.#end(idle)
    return idle !== undefined
  }

  #end(lease: Lease): void {
    const { key = '' } = lease.caller ?? {}
    if (this.#leases.get(key) === lease) this.#leases.delete(key)
    lease.process.close()
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      const lease = this.#take(waiter.caller)
      if (lease === undefined) continue
      this.#waiters.delete(waiter)
      clearTimeout(waiter.timer)
      waiter.resolve(lease)
    }
  }
}
