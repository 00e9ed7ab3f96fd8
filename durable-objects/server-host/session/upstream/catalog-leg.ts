/**
 * One server's part of a session of the catalog: to the upstream it is a session of that server. URIs
 * are made those of the catalog.
 */
import { accessTo } from '#protocol/access.ts'
import type { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { setValue } from '#protocol/json-splice.ts'
import type { MessageMeta } from '#protocol/link.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Entry } from '../../catalog/entries.ts'
import { changedKinds, type ListKind } from '../../translate/list-kinds.ts'
import { exposeAnswer } from '../../catalog/expose-answer.ts'
import { decode } from '../../processes/connection.ts'
import type { SessionRecord } from '../../store/session-store.ts'
import { mayTell, UPDATED } from '../../translate/listen-access.ts'
import type { Asker, Questions } from '../questions.ts'
import type { Session } from '../session.ts'
import type { SessionServer, Upstream, UpstreamSession } from './upstream.ts'

export class CatalogLeg implements UpstreamSession {
  /** As it is configured now. */
  server: SessionServer
  readonly #session: Session
  readonly #catalog: Catalog
  #upstream: Upstream | undefined
  /** Lists that the session's own process said have changed. */
  readonly own = new Set<ListKind>()
  /** Those of them that it was asked for since. */
  readonly lists: Partial<Record<ListKind, readonly Entry[]>> = {}

  /** Its process tells its client what changes; not one that has not begun since the server was configured anew. */
  isHeard = true

  /** Grows when one of them is to be asked for again. */
  generation = 0

  constructor(session: Session, server: SessionServer, catalog: Catalog) {
    this.#session = session
    this.server = server
    this.#catalog = catalog
  }

  /** Set right after construction: an upstream needs its session, too. */
  use(upstream: Upstream): void {
    this.#upstream = upstream
  }

  /** These lists are asked for again when they are wanted. */
  forget(kinds: readonly ListKind[]): void {
    this.generation++
    for (const kind of kinds) delete this.lists[kind]
  }

  /** What its process said is of a process that is no more. */
  renew(): void {
    this.own.clear()
    this.isHeard = false
  }

  get upstream(): Upstream | undefined {
    return this.#upstream
  }

  get record(): SessionRecord {
    const { record } = this.#session
    const { name } = this.server
    const prefix = subscriptionPrefix(name)
    return {
      ...record,
      id: toLegId(record.id, name),
      server: name,
      subscriptions: record.subscriptions.flatMap((text) =>
        text.startsWith(prefix) ? [text.slice(prefix.length)] : [],
      ),
    }
  }

  get questions(): Questions {
    return this.#session.questions
  }

  ask(payload: Uint8Array, meta: MessageMeta, asker: Asker): void {
    this.#session.ask(payload, meta, asker, this.server)
  }

  fromServer(payload: Uint8Array, meta: MessageMeta): void {
    const kinds = changedKinds(meta.method ?? '')
    if (kinds.length > 0) {
      if (this.#upstream?.ask !== undefined) for (const kind of kinds) this.own.add(kind)
      this.forget(kinds)
      this.#catalog.renew(this.server.name, this.#session.record.principal, kinds)
    }
    if (meta.method === UPDATED && !this.#mayTell(payload)) return
    this.#session.fromServer(this.#expose(payload, meta), meta, this.server)
  }

  noteInterest(method: string, body: Uint8Array): void {
    this.#session.noteInterest(method, body, subscriptionPrefix(this.server.name))
  }

  hasPassedOn(payload: Uint8Array, meta: MessageMeta): boolean {
    return this.#session.hasPassedOn(this.#expose(payload, meta), meta, this.server.name)
  }

  fromFormerObject(payload: Uint8Array, meta: MessageMeta): void {
    this.#session.fromFormerObject(this.exposeAnswer(payload), meta, this.server.name)
  }

  failFormer(error: GatewayError): void {
    this.#session.failFormer(error, this.server.name)
  }

  exposeAnswer(payload: Uint8Array): Uint8Array {
    return exposeAnswer(payload, (uri) => this.#exposeURI(uri))
  }

  #mayTell(payload: Uint8Array): boolean {
    const { grants } = this.#session.record.catalog ?? {}
    if (grants === undefined) return true
    return mayTell(UPDATED, decode(payload).params, accessTo(grants, this.server.name, 'resource'))
  }

  /** A message of the server's as the client gets it. */
  #expose(payload: Uint8Array, { method }: MessageMeta): Uint8Array {
    if (method !== UPDATED) return payload
    const { params } = decode(payload)
    const uri = isObject(params) && typeof params.uri === 'string' ? params.uri : ''
    return setValue(payload, ['params', 'uri'], JSON.stringify(this.#exposeURI(uri)))
  }

  #exposeURI(uri: string): string {
    return this.#catalog.exposeURI(this.server.name, uri, this.#session.record.principal)
  }
}

/** Names the process of a leg, so that a later object finds the session that it belongs to. */
export function toLegId(session: string, server: string): string {
  return `${session}/${server}`
}

/** The reverse; without `server` for the id of a session of one server. */
export function readLegId(id: string): { session: string; server?: string } {
  const end = id.indexOf('/')
  return end < 0 ? { session: id } : { session: id.slice(0, end), server: id.slice(end + 1) }
}

/** Names of servers hold no space. */
function subscriptionPrefix(server: string): string {
  return `${server} `
}
