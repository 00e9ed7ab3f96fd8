/** The `subscriptions/listen` streams of modern clients on one legacy server. */
import { GatewayError } from '#protocol/errors.ts'
import { OWN_CLIENT } from '#protocol/host-call.ts'
import { isObject, toResult } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../call/client-call.ts'
import { decode, encode } from '../processes/connection.ts'
import { oldestOfGreedier } from '../call/fair-share.ts'
import type { Server } from '../processes/servers.ts'
import type { ServerFacts } from '../translate/server-facts.ts'
import {
  filterAccepts,
  honourFilter,
  readListenFilter,
  type ListenFilter,
} from '../translate/listen-filter.ts'
import { mayTell, UPDATED, withoutForbidden } from '../translate/listen-access.ts'
import { tagNotification, toAcknowledgement, toListenResult } from '../translate/listen.ts'
import { callerOf, type Lease } from './lease.ts'
import type { Processes } from './processes.ts'

const MAX_LISTENERS = 1_024

interface Listener {
  /** See `Caller.key`. */
  caller: string
  filter: ListenFilter
  /** Held for as long as the stream when it has resource subscriptions. */
  lease: Lease | undefined
  /** What its process was asked to tell of. */
  uris: string[]
  /** Its acknowledgement, which comes before everything else, is sent. */
  acknowledged: boolean
}

export class Listeners {
  readonly #facts: ServerFacts
  readonly #server: Server
  readonly #processes: Processes
  readonly #listeners = new Map<ClientCall, Listener>()

  constructor(facts: ServerFacts, server: Server, processes: Processes) {
    this.#facts = facts
    this.#server = server
    this.#processes = processes
  }

  /**
   * `isJoining`: the stream was acknowledged before, by what served it then. Throws `invalid_params`,
   * `server_busy` and what a start can fail with.
   */
  async add(client: ClientCall, body: Uint8Array, isJoining = false): Promise<void> {
    this.#requireRoom(client)
    const asked = readListenFilter(decode(body).params)
    if (!asked.ok) throw new GatewayError('invalid_params', { detail: asked.detail })
    const { access } = client.host
    const filter = access === undefined ? asked.filter : withoutForbidden(asked.filter, access)
    const listener: Listener = {
      caller: callerOf(client.host).key,
      filter: honourFilter(filter, this.#facts.capabilities),
      lease: undefined,
      uris: [],
      acknowledged: false,
    }
    this.#listeners.set(client, listener)
    try {
      await this.#subscribe(client, listener)
    } catch (error) {
      this.delete(client)
      throw error
    }
    listener.acknowledged = true
    if (!isJoining) client.event(encode(toAcknowledgement(client.id, listener.filter)))
  }

  /** Whoever has most gives way to who would have less; its client listens anew. Throws `server_busy`. */
  #requireRoom({ host }: ClientCall): void {
    if (this.#listeners.size < MAX_LISTENERS) return
    // The gateway's own, of which there is one, takes no client's place.
    const clients = [...this.#listeners.keys()].filter((one) => one.host.client !== OWN_CLIENT)
    if (clients.length < MAX_LISTENERS || host.client === OWN_CLIENT) return
    const ownerOf = (client: ClientCall): string => client.host.principal
    const greedier = oldestOfGreedier(clients, ownerOf, host.principal)
    if (greedier === undefined) throw new GatewayError('server_busy')
    this.#end(greedier)
  }

  delete(client: ClientCall): void {
    const listener = this.#listeners.get(client)
    this.#listeners.delete(client)
    if (listener?.lease === undefined) return
    for (const uri of listener.uris) listener.lease.unsubscribe(uri)
    // One that tells of resources is not lent to a call.
    this.#processes.release(listener.lease, false)
  }

  /**
   * What a process says is its client's; without `lease`, everyone's. The gateway's own listeners hear of
   * each process that a list changed, and no more: they ask for the list themselves.
   */
  publish(payload: Uint8Array, method: string, lease?: Lease): void {
    if (this.#listeners.size === 0) return
    const { params } = decode(payload)
    const uri = isObject(params) && typeof params.uri === 'string' ? params.uri : undefined
    const whose = lease?.caller?.key
    for (const [client, { caller, filter, acknowledged }] of this.#listeners) {
      if (!acknowledged || !filterAccepts(filter, method, uri)) continue
      const isIts = whose === undefined || caller === whose
      const isOwn = client.host.client === OWN_CLIENT && method !== UPDATED
      if (!isIts && !isOwn) continue
      // A legacy server may report a part of what was subscribed to.
      if (!mayTell(method, params, client.host.access)) continue
      const told = isIts ? payload : encode({ jsonrpc: '2.0', method })
      client.hear(method)
      client.event(tagNotification(told, client.id))
    }
  }

  tell(client: ClientCall, method: string): void {
    const { filter = {} } = this.#listeners.get(client) ?? {}
    if (!filterAccepts(filter, method)) return
    client.event(tagNotification(encode({ jsonrpc: '2.0', method }), client.id))
  }

  close(): void {
    for (const client of this.#listeners.keys()) this.#end(client)
  }

  /**
   * A process with subscriptions is gone. After a crash the next one is started, and told of them; where
   * it was ended, or cannot be started, the clients are told to listen anew.
   */
  lose(lease: Lease, error: GatewayError): void {
    const clients = [...this.#listeners].flatMap(([client, listener]) => {
      return listener.lease === lease ? [client] : []
    })
    if (clients.length === 0) return
    const end = (): void => {
      for (const client of clients) if (this.#listeners.has(client)) this.#end(client)
    }
    if (error.isBlameless) end()
    else lease.process.start().catch(end)
  }

  #end(client: ClientCall): void {
    this.delete(client)
    const result = toListenResult(client.id, this.#facts.serverInfo)
    client.answer(encode(toResult(client.id, result)), 'ok')
  }

  async #subscribe(client: ClientCall, listener: Listener): Promise<void> {
    const uris = listener.filter.resourceSubscriptions ?? []
    if (uris.length === 0) return
    const { start } = this.#server.config.timeoutMs
    const lease = await this.#processes.acquire(callerOf(client.host), {
      deadline: Date.now() + start,
    })
    // The client may be gone by now.
    if (!this.#listeners.has(client)) return this.#processes.release(lease, true)
    listener.lease = lease
    for (const uri of uris) {
      // What the server refuses is left out of the acknowledgement.
      if (!(await lease.subscribe(uri))) continue
      if (!this.#listeners.has(client)) return lease.unsubscribe(uri)
      listener.uris.push(uri)
    }
    const { resourceSubscriptions: _, ...others } = listener.filter
    listener.filter =
      listener.uris.length === 0 ? others : { ...others, resourceSubscriptions: listener.uris }
  }
}
