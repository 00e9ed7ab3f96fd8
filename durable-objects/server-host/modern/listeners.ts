/** The `subscriptions/listen` streams of modern clients on one legacy server. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, toResult } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../calls/client-call.ts'
import { decode, encode } from '../connection.ts'
import type { Server } from '../servers/servers.ts'
import type { ServerFacts } from '../translate/discover.ts'
import {
  filterAccepts,
  honourFilter,
  readListenFilter,
  type ListenFilter,
} from '../translate/listen-filter.ts'
import { mayTell, withoutForbidden } from '../translate/listen-access.ts'
import { tagNotification, toAcknowledgement, toListenResult } from '../translate/listen.ts'
import type { Lease, LeasePool } from './lease-pool.ts'
import { tellLists } from './listening.ts'

const MAX_LISTENERS = 1_024

interface Listener {
  filter: ListenFilter
  /** Held for as long as the stream when it has resource subscriptions. */
  lease: Lease | undefined
  /** Its acknowledgement, which comes before everything else, is sent. */
  acknowledged: boolean
}

export class Listeners {
  readonly #facts: ServerFacts
  readonly #server: Server
  readonly #pool: LeasePool
  readonly #listeners = new Map<ClientCall, Listener>()

  constructor(facts: ServerFacts, server: Server, pool: LeasePool) {
    this.#facts = facts
    this.#server = server
    this.#pool = pool
  }

  /**
   * `isJoining`: the stream was acknowledged before, by what served it then. Throws `invalid_params`,
   * `server_busy` and what a start can fail with.
   */
  async add(client: ClientCall, body: Uint8Array, isJoining = false): Promise<void> {
    if (this.#listeners.size >= MAX_LISTENERS) throw new GatewayError('server_busy')
    const asked = readListenFilter(decode(body).params)
    if (!asked.ok) throw new GatewayError('invalid_params', { detail: asked.detail })
    const { access } = client.host
    const filter = access === undefined ? asked.filter : withoutForbidden(asked.filter, access)
    const listener: Listener = {
      filter: honourFilter(filter, this.#facts.capabilities),
      lease: undefined,
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
    if (isJoining) tellLists(client, listener.filter)
    else client.reply.event(encode(toAcknowledgement(client.id, listener.filter)))
  }

  delete(client: ClientCall): void {
    const listener = this.#listeners.get(client)
    this.#listeners.delete(client)
    // A process with subscriptions is not lent to another client.
    if (listener?.lease !== undefined) this.#pool.discard(listener.lease)
  }

  publish(payload: Uint8Array, method: string): void {
    if (this.#listeners.size === 0) return
    const { params } = decode(payload)
    const uri = isObject(params) && typeof params.uri === 'string' ? params.uri : undefined
    for (const [client, { filter, acknowledged }] of this.#listeners) {
      if (acknowledged && filterAccepts(filter, method, uri)) {
        // A legacy server may report a part of what was subscribed to.
        if (!mayTell(method, params, client.host.access)) continue
        client.reply.event(tagNotification(payload, client.id))
      }
    }
  }

  close(): void {
    for (const client of this.#listeners.keys()) this.#end(client)
  }

  /** The process that held a listener's subscriptions is gone: the client listens anew. */
  lose(lease: Lease): void {
    for (const [client, listener] of this.#listeners) {
      if (listener.lease === lease) this.#end(client)
    }
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
    const lease = await this.#pool.acquire(client.host.capabilities ?? '{}', Date.now() + start)
    // The client may be gone by now.
    if (!this.#listeners.has(client)) return this.#pool.release(lease)
    listener.lease = lease
    const honoured: string[] = []
    for (const uri of uris) {
      try {
        await lease.connection.ask('resources/subscribe', { uri }, start)
        honoured.push(uri)
      } catch (error) {
        // What the server refuses is left out of the acknowledgement.
        if (GatewayError.is(error)) throw error
      }
    }
    const { resourceSubscriptions: _, ...others } = listener.filter
    listener.filter =
      honoured.length === 0 ? others : { ...others, resourceSubscriptions: honoured }
  }
}
