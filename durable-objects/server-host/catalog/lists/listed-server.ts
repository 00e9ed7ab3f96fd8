/**
 * What one server offers, as far as it is known: from memory, from the store, or asked for. A server
 * that does not answer delays nobody beside those who wait for it alone, and its last good lists stay.
 */
import { GatewayError } from '#protocol/errors.ts'
import { within } from '#protocol/within.ts'
import { decode } from '../../processes/connection.ts'
import type { ServerFacts } from '../../translate/server-facts.ts'
import { parseEntries, readPage, writeEntries, type Entry } from '../entries.ts'
import { orNothing, type Asked } from '../internal-call.ts'
import { changedKinds, LIST_KINDS, LISTS, type ListKind } from '../../translate/list-kinds.ts'
import type { Lateness } from './lateness.ts'
import type { ListKey, ListsStore } from './lists-store.ts'
import { readPages, type WholeList } from './read-pages.ts'

export interface ListedServerOptions {
  /** Names the launch whose lists these are, and the capabilities of the clients that get them. */
  of: Pick<ListKey, 'digest' | 'capabilities'>
  store: ListsStore
  /** What the server announced: what it does not offer is not asked for. */
  announced: () => Promise<ServerFacts>
  ask: (
    method: string,
    params: Record<string, unknown>,
    options: { timeoutMs: number; onEvent?: (payload: Uint8Array) => void },
  ) => Promise<Asked>
  /** What tools there are, before anybody sees them. */
  examine: (tools: readonly Entry[]) => Promise<void>
  role: ListRole
  late: Pick<Lateness, 'reason' | 'took' | 'failed'>
  /** Lists are not what they were. `isFirst`: nothing was known of them. */
  onChanged: (kinds: ListKind[], isFirst: boolean) => void
}

/** What the lists for some capabilities are to those of the same server for others. */
export interface ListRole {
  /** These are the ones of which changes are heard; the others follow them. */
  isCanonical: () => boolean
  /** The server says that these have changed. */
  onAnnounced: (kinds: readonly ListKind[]) => void
  /** This is about to be known in the place of `before`. */
  onReplacing: (kind: ListKind, list: KnownList, before: KnownList) => Promise<void>
}

export interface KnownList extends Readonly<WholeList> {
  /** As it was written last, to tell whether it changed. */
  text: string
  fetchedAt: number
}

/** Longest that a server is asked for one list, whoever still waits. */
const FETCH_TIMEOUT_MS = 30_000
/** How old lists may get while nobody hears whether they change. */
const DEAF_TTL_MS = 10_000
/** Processes of one server say within this time that the same has changed. */
const COALESCE_MS = 100
/** One that says so with each list is not asked without a pause. */
const RENEW_EVERY_MS = 1_000
/** After a failure, not asked again for this long. */
const RETRY_AFTER_MS = 5_000

export class ListedServer {
  readonly #options: ListedServerOptions
  readonly #known = new Map<ListKind, KnownList>()
  readonly #fetching = new Map<ListKind, { entries: Promise<readonly Entry[]>; since: number }>()
  /** Of which the server said that they have changed, and nobody was told yet. */
  readonly #announced = new Set<ListKind>()
  /** Those of them that were fetched since, and are others. */
  readonly #changed = new Set<ListKind>()
  #renewing: ReturnType<typeof setTimeout> | undefined
  /** `Date.now()` */
  #renewedAt = 0
  /** Changed while they were being fetched. */
  readonly #dirty = new Set<ListKind>()
  readonly #failures = new Map<ListKind, { error: GatewayError; at: number }>()
  #listening: Asked | undefined
  #isListening = false
  /** What the server says of its lists is not heard: not yet, or its process may be another by now. */
  #isDeaf = true
  #isClosed = false

  constructor(options: ListedServerOptions) {
    this.#options = options
  }

  /** What is known without a wait, however old it is. */
  peek(kind: ListKind): readonly Entry[] | undefined {
    return this.find(kind)?.entries
  }

  /** What of the list is not there although the server answered. */
  notes(kind: ListKind): readonly string[] {
    return this.find(kind)?.notes ?? []
  }

  /** Why the list could not be got last. */
  failure(kind: ListKind): GatewayError | undefined {
    return this.#failures.get(kind)?.error
  }

  /** From memory or the store. */
  find(kind: ListKind): KnownList | undefined {
    const known = this.#known.get(kind)
    if (known !== undefined) return known
    const { store, of } = this.#options
    const stored = store.get({ ...of, kind })
    if (stored === undefined) return undefined
    const entries = parseEntries(stored.entries, kind)
    const { notes, fetchedAt } = stored
    const read = { entries, notes, text: stored.entries, fetchedAt }
    this.#known.set(kind, read)
    return read
  }

  isStale(kind: ListKind, ttlMs: number, now: number): boolean {
    return this.isOlder(kind, this.#isDeaf ? Math.min(ttlMs, DEAF_TTL_MS) : ttlMs, now)
  }

  isOlder(kind: ListKind, ageMs: number, now: number): boolean {
    const known = this.find(kind)
    return known === undefined || now - known.fetchedAt >= ageMs
  }

  /** Whether this list is known to be what it is for other capabilities. */
  isAlike(kind: ListKind, other: Pick<KnownList, 'text'> | undefined): boolean {
    return other !== undefined && this.find(kind)?.text === other.text
  }

  /** Whether any of its lists was ever got. */
  get isKnown(): boolean {
    return LIST_KINDS.some((kind) => this.find(kind) !== undefined)
  }

  /** Asks the server, once for all who wait. Rejects with why it could not be got. */
  async fetch(kind: ListKind): Promise<readonly Entry[]> {
    const failed = this.#failures.get(kind)
    if (failed !== undefined && Date.now() - failed.at < RETRY_AFTER_MS) throw failed.error
    const fetching = this.#fetching.get(kind)
    if (fetching !== undefined) return fetching.entries
    const entries = this.#fetch(kind).finally(() => this.#fetching.delete(kind))
    entries.catch(() => undefined)
    this.#fetching.set(kind, { entries, since: Date.now() })
    return entries
  }

  /** The same for a list that shows all servers: one that was late or failed before is asked, and not waited for. */
  async first(timeoutMs: number, kind: ListKind): Promise<readonly Entry[]> {
    const { late } = this.#options
    const { reason } = late
    if (reason !== undefined) {
      this.fetch(kind).catch(() => undefined)
      throw this.failure(kind) ?? reason
    }
    try {
      return await this.within(timeoutMs, kind)
    } catch (error) {
      // Any other failure is noted where it was fetched.
      if (GatewayError.is(error) && error.code === 'list_timeout') late.failed(kind, error)
      throw error
    }
  }

  /** For at most so long after the server was asked; who comes later does not wait again. */
  async within(timeoutMs: number, kind: ListKind): Promise<readonly Entry[]> {
    const entries = this.fetch(kind)
    const { since = Date.now() } = this.#fetching.get(kind) ?? {}
    return within(entries, Math.max(0, since + timeoutMs - Date.now()), () => {
      throw new GatewayError('list_timeout')
    })
  }

  /** The server, or a session's process of it, said that these have changed. Several say so at once. */
  renew(kinds: readonly ListKind[]): void {
    for (const kind of kinds) {
      this.#announced.add(kind)
      this.#failures.delete(kind)
      // A fetch that is under way may have begun before the change.
      if (this.#fetching.has(kind)) this.#dirty.add(kind)
    }
    if (kinds.length === 0) return
    const waitMs = Math.max(COALESCE_MS, this.#renewedAt + RENEW_EVERY_MS - Date.now())
    this.#renewing ??= setTimeout(() => this.#renewAll(), waitMs)
  }

  /** These have changed: who asks for them first has them asked for again. */
  outdate(kinds: readonly ListKind[]): void {
    for (const kind of kinds) {
      const known = this.find(kind)
      if (known !== undefined) this.#known.set(kind, { ...known, fetchedAt: 0 })
      if (this.#fetching.has(kind)) this.#dirty.add(kind)
    }
  }

  /** What the server lists for others stands for what it was, until it is asked for these capabilities again. */
  async adopt(kind: ListKind, { entries, notes, text }: KnownList): Promise<void> {
    if (this.#fetching.has(kind)) return this.outdate([kind])
    if (kind === 'tools') await this.#options.examine(entries)
    const { store, of } = this.#options
    this.#known.set(kind, { entries, notes, text, fetchedAt: 0 })
    store.save({ ...of, kind }, { entries: text, notes: [...notes], fetchedAt: 0 })
  }

  close(): void {
    this.#isClosed = true
    if (this.#renewing !== undefined) clearTimeout(this.#renewing)
    this.#listening?.abandon()
  }

  async #renewAll(): Promise<void> {
    const kinds = [...this.#announced]
    this.#options.role.onAnnounced(kinds)
    const known = kinds.filter((kind) => this.find(kind) !== undefined)
    await Promise.allSettled(known.map((kind) => this.fetch(kind)))
    this.#renewing = undefined
    this.#renewedAt = Date.now()
    const changed = kinds.filter((kind) => this.#changed.delete(kind))
    for (const kind of kinds) this.#announced.delete(kind)
    if (!this.#isClosed && changed.length > 0) this.#options.onChanged(changed, false)
    // What was said while it was asked, and is not in its answer yet.
    if (this.#dirty.size > 0) this.renew([...this.#dirty])
  }

  async #fetch(kind: ListKind): Promise<readonly Entry[]> {
    const { late, role, examine } = this.#options
    const begun = Date.now()
    try {
      this.#dirty.delete(kind)
      const list = await this.#read(kind)
      if (kind === 'tools') await examine(list.entries)
      this.#failures.delete(kind)
      late.took(kind, Date.now() - begun)
      await this.#keep(kind, list)
      if (role.isCanonical()) this.listen()
      return list.entries
    } catch (error) {
      const failure = GatewayError.from(error)
      this.#failures.set(kind, { error: failure, at: Date.now() })
      late.failed(kind, failure)
      throw failure
    }
  }

  async #read(kind: ListKind): Promise<WholeList> {
    const { method, capability } = LISTS[kind]
    const { capabilities, lacks = [] } = await this.#options.announced()
    if (!(capability in capabilities)) return { entries: [], notes: [...lacks] }
    const deadline = Date.now() + FETCH_TIMEOUT_MS
    const { entries, notes } = await readPages(async (params) => {
      const timeoutMs = Math.max(1, deadline - Date.now())
      const asked = await this.#options.ask(method, params, { timeoutMs })
      const payload = await asked.response.catch(orNothing)
      if (payload === undefined) return { entries: [], unnamed: 0, nextCursor: undefined }
      return readPage(payload, kind)
    })
    return { entries, notes: [...lacks, ...notes] }
  }

  async #keep(kind: ListKind, { entries, notes }: WholeList): Promise<void> {
    const { store, of, role, onChanged } = this.#options
    const key = { ...of, kind }
    const text = writeEntries(entries)
    const before = this.find(kind)
    const isSame = before?.text === text
    const fetchedAt = this.#dirty.has(kind) ? 0 : Date.now()
    const known = { entries, notes, text, fetchedAt }
    if (before !== undefined && !isSame) await role.onReplacing(kind, known, before)
    this.#known.set(kind, known)
    if (isSame && before.notes.join() === notes.join()) return store.touch(key, fetchedAt)
    store.save(key, { entries: text, notes, fetchedAt })
    if (isSame) return
    // What was announced is told when all of it was fetched.
    if (before !== undefined && this.#announced.has(kind)) this.#changed.add(kind)
    else onChanged([kind], before === undefined)
  }

  /** Hears from now on what the server says of its lists. After it was lost, the next fetch opens it again. */
  listen(): void {
    if (this.#isListening || this.#isClosed) return
    this.#isListening = true
    this.#isDeaf = false
    this.#open()
      .catch(() => undefined)
      .finally(() => {
        this.#isListening = false
        this.#isDeaf = true
        this.#listening = undefined
      })
  }

  async #open(): Promise<void> {
    const params = {
      notifications: {
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
      },
    }
    const onEvent = (payload: Uint8Array): void => {
      const { method } = decode(payload)
      if (typeof method === 'string') this.renew(changedKinds(method))
    }
    this.#listening = await this.#options.ask('subscriptions/listen', params, {
      timeoutMs: Infinity,
      onEvent,
    })
    if (this.#isClosed) this.#listening.abandon()
    await this.#listening.response
  }
}
