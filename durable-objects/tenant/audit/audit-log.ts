/**
 * Who did what, when, from where, with which outcome. A row is appended in the transaction of the
 * change that it tells of. Knows nothing of what the actions mean, and is never given a secret.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { Actor, AuditEvent, Page } from '#protocol/tenant.ts'
import type { AuditQuery } from '#protocol/tenant-stub.ts'
import type { Change } from '../change.ts'
import { AuditStore, type AuditRow } from './audit-store.ts'
import { RefusalWindow } from './refusal-window.ts'

const EVENT_TTL_MS = 90 * 86_400_000
const MAX_AUDIT_EVENTS = 100_000
/** Refusals have less room, so that they do not drive changes out. */
const MAX_AUDIT_REFUSALS = 10_000
/** Rows that are appended between two trims. */
const TRIM_EVERY = 64
const MAX_PAGE_EVENTS = 1_000
const MAX_DETAIL_CHARS = 4_000
const CURSOR = /^\d{1,15}$/

/** What is told of a change beside who made it. */
export type Deed = Pick<AuditEvent, 'action' | 'target' | 'detail'>

export class AuditLog {
  readonly #storage: DurableObjectStorage
  readonly #store: AuditStore
  readonly #refusals = new RefusalWindow()
  readonly #onAppend: () => void

  constructor(storage: DurableObjectStorage, onAppend: () => void) {
    this.#storage = storage
    this.#store = new AuditStore(storage.sql)
    this.#onAppend = onAppend
  }

  /** Writes a change and the row that tells of it: both or neither. */
  commit(change: Change, write: () => Deed): void {
    this.#storage.transactionSync(() => this.append(change, write()))
  }

  /** Inside the transaction of the change. */
  append({ actor, now }: Change, deed: Deed): void {
    this.#append(now, actor, { ...deed, outcome: 'ok' })
  }

  /** Beyond 60 a minute refusals are only counted. */
  appendRefusal(
    { actor, now }: Change,
    { action, target, outcome }: Pick<AuditEvent, 'action' | 'target' | 'outcome'>,
  ): void {
    const admitted = this.#refusals.admit(now)
    if (admitted === undefined) return
    const detail = admitted.dropped > 0 ? { notRecorded: admitted.dropped } : undefined
    this.#append(now, actor, {
      ...{ action, outcome },
      ...(target !== undefined && { target }),
      ...(detail && { detail }),
    })
  }

  /** Newest first; a cursor is the id of the last event that was told. Throws `invalid_params`. */
  query(query: AuditQuery, now: number): Page<AuditEvent> {
    const { cursor, limit, since = 0, ...filter } = query
    if (cursor !== undefined && !CURSOR.test(cursor)) {
      throw new GatewayError('invalid_params', { detail: 'cursor is not one that was given out' })
    }
    const rows = this.#store.find({
      ...filter,
      before: cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor),
      since: Math.max(since, now - EVENT_TTL_MS),
      limit: Math.min(limit, MAX_PAGE_EVENTS) + 1,
    })
    const hasMore = rows.length > Math.min(limit, MAX_PAGE_EVENTS)
    const items = rows.slice(0, hasMore ? -1 : undefined).map(toEvent)
    const last = items.at(-1)
    return { items, ...(hasMore && last && { cursor: String(last.id) }) }
  }

  /** Deletes what is too old. Returns whether anything is left that will be. */
  sweep(now: number): boolean {
    this.#store.deleteOlder(now - EVENT_TTL_MS)
    return !this.#store.isEmpty()
  }

  #append(time: number, actor: Actor, event: Omit<AuditEvent, 'id' | 'time' | 'actor'>): void {
    const { by, credential, from, requestId } = actor
    const { action, target, outcome, detail } = event
    const id = this.#store.append({
      ...{ time, by, credential, requestId, action, outcome },
      address: from ?? null,
      target: target ?? null,
      detail: detail === undefined ? null : toDetailText(detail),
    })
    if (id % TRIM_EVERY === 0) this.#store.trim(MAX_AUDIT_EVENTS, MAX_AUDIT_REFUSALS)
    this.#onAppend()
  }
}

function toDetailText(detail: Record<string, unknown>): string {
  const text = JSON.stringify(detail)
  return text.length <= MAX_DETAIL_CHARS ? text : JSON.stringify({ isTooLong: true })
}

function toEvent(row: AuditRow): AuditEvent {
  const { id, time, by, credential, address, requestId, action, target, outcome, detail } = row
  return {
    id,
    time,
    actor: { by, credential, ...(address !== null && { from: address }), requestId },
    action,
    ...(target !== null && { target }),
    outcome: outcome as AuditEvent['outcome'],
    ...(detail !== null && { detail: JSON.parse(detail) as Record<string, unknown> }),
  }
}
