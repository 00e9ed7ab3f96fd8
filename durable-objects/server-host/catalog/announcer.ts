/**
 * Who listens to the lists of the catalog, and what each was told or shown last. Whatever happened, a
 * client is told when what it sees is not what that was, and once.
 */
import type { CatalogView } from '#protocol/catalog.ts'
import type { CatalogEntry } from './catalog-index.ts'
import { LIST_KINDS, LISTS, type ListKind } from './kinds.ts'
import type { ListRequest } from './list-request.ts'
import { differ, toSight, type Sight } from './sight.ts'

export type Audience = Omit<ListRequest, 'era' | 'cursor'>

export interface CatalogListener {
  /** Who it is, and what it may see by now. */
  readonly audience: Audience
  /** Its own process of the server tells it what changes there. */
  hears?: (server: string) => boolean
  /** What is known of these is old. Comes at once, also where nobody is told anything. */
  forget?: (change: ListChange) => void
  /** `methods`: notifications. */
  tell: (methods: ReadonlySet<string>) => void
}

export interface ListChange {
  servers: readonly string[]
  kinds: readonly ListKind[]
  /** By us, not by the servers: no process of theirs tells it. */
  isOurs?: boolean
}

export interface Listening {
  /** The client has just been shown a whole list. */
  noteShown: (kind: ListKind, entries: readonly CatalogEntry[]) => void
  stop: () => void
}

export interface AnnouncerOptions {
  /** What a client would be shown by what is known now. Asks nobody. */
  peek: (kind: ListKind, audience: Audience) => readonly CatalogEntry[]
  /** What a view is by the configuration of now. */
  renew: (view: CatalogView) => CatalogView
}

type Sights = Partial<Record<ListKind, Sight>>

/** Audiences whose lists are kept; with more, all of them are looked at again. */
const MAX_SIGHTS = 256
/** Changes of several lists and servers, told as one. */
const COALESCE_MS = 100

export class Announcer {
  readonly #options: AnnouncerOptions
  readonly #listeners = new Map<CatalogListener, Sights>()
  /** Of audiences that are alike, until something changes. */
  readonly #sights = new Map<string, Sights>()
  /** Servers that we have changed since listeners were told last. */
  readonly #ours = new Set<string>()
  /** Servers of which nobody can say whether they have changed for their clients. */
  readonly #unknown = new Set<string>()
  /** What it waits for before it tells anything. */
  #holds = 0
  #isScheduled = false

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  listen(listener: CatalogListener): Listening {
    const shown: Sights = {}
    for (const kind of LIST_KINDS) shown[kind] = this.#see(kind, listener.audience)
    this.#listeners.set(listener, shown)
    return {
      noteShown: (kind, entries) => {
        shown[kind] = toSight(entries)
      },
      stop: () => void this.#listeners.delete(listener),
    }
  }

  /** Something is not what it was, of which somebody may see something. */
  change(change: ListChange): void {
    this.#sights.clear()
    if (change.servers.length === 0 || change.kinds.length === 0) return
    if (change.isOurs === true) for (const server of change.servers) this.#ours.add(server)
    for (const listener of this.#listeners.keys()) listener.forget?.(change)
    this.#schedule()
  }

  /** Tells nothing until then: what is known meanwhile is neither what was nor what will be. */
  async hold(until: Promise<unknown>): Promise<void> {
    this.#holds++
    try {
      await until
    } finally {
      this.#holds--
      this.#schedule()
    }
  }

  /** Whoever sees these is told, whatever is known of their lists. */
  suspect(servers: readonly string[]): void {
    for (const server of servers) this.#unknown.add(server)
    if (servers.length > 0) this.#schedule()
  }

  #schedule(): void {
    if (this.#listeners.size === 0) return this.#clear()
    if (this.#isScheduled) return
    this.#isScheduled = true
    setTimeout(() => this.#tellAll(), COALESCE_MS)
  }

  #tellAll(): void {
    this.#isScheduled = false
    if (this.#holds > 0) return
    const [ours, unknown] = [new Set(this.#ours), [...this.#unknown]]
    this.#clear()
    for (const [listener, shown] of this.#listeners) {
      const methods = this.#compare(listener, shown, ours)
      const { servers = [] } = this.#options.renew(listener.audience.view)
      const isSuspect = unknown.some((server) => servers.includes(server))
      if (isSuspect) for (const kind of LIST_KINDS) methods.add(LISTS[kind].changed)
      if (methods.size > 0) listener.tell(methods)
    }
  }

  #clear(): void {
    this.#ours.clear()
    this.#unknown.clear()
  }

  #compare(
    { audience, hears }: CatalogListener,
    shown: Sights,
    ours: ReadonlySet<string>,
  ): Set<string> {
    const counts = (server: string): boolean => ours.has(server) || hears?.(server) !== true
    const methods = new Set<string>()
    for (const kind of LIST_KINDS) {
      const sight = this.#see(kind, audience)
      if (differ(shown[kind] ?? new Map(), sight, counts)) methods.add(LISTS[kind].changed)
      shown[kind] = sight
    }
    return methods
  }

  #see(kind: ListKind, audience: Audience): Sight {
    const view = this.#options.renew(audience.view)
    const see = () => toSight(this.#options.peek(kind, { ...audience, view }))
    if (audience.own !== undefined) return see()
    const key = JSON.stringify([audience.principal, audience.capabilities, view])
    const known = this.#sights.get(key)
    if (known !== undefined) return (known[kind] ??= see())
    if (this.#sights.size >= MAX_SIGHTS) this.#sights.clear()
    const sight = see()
    this.#sights.set(key, { [kind]: sight })
    return sight
  }
}
