/**
 * The names of all tenants: for listing, and so that a made-up name is told before an object is made for it.
 * One object for all of them, named `v1`. It is not on the way of a warm call: the worker keeps its answers.
 */
import { DurableObject } from 'cloudflare:workers'
import type { Page } from '#protocol/tenant.ts'
import type { DirectoryStub } from '#protocol/tenant-stub.ts'
import { DirectoryStore, type TenantEntry } from './store.ts'

const MAX_PAGE_TENANTS = 1_000

export class Directory extends DurableObject implements DirectoryStub {
  readonly #store: DirectoryStore

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env)
    this.#store = new DirectoryStore(ctx.storage)
  }

  /** Idempotent. */
  async add(tenant: string, now: number): Promise<void> {
    this.#store.add(tenant, now)
  }

  /** Idempotent. */
  async remove(tenant: string): Promise<void> {
    this.#store.remove(tenant)
  }

  async has(tenant: string): Promise<boolean> {
    return this.#store.has(tenant)
  }

  /** Rejects where the disk is full. What was written is deleted again. */
  async tryToWrite(): Promise<void> {
    await this.#store.tryToWrite()
  }

  /** By name. The cursor is the last name of the page before. */
  async list(cursor: string | undefined, limit: number): Promise<Page<TenantEntry>> {
    const most = Math.min(limit, MAX_PAGE_TENANTS)
    const entries = this.#store.list(cursor ?? '', most + 1)
    const items = entries.slice(0, most)
    const last = items.at(-1)
    return { items, ...(entries.length > most && last && { cursor: last.name }) }
  }
}
