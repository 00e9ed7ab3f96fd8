/**
 * Who listens to lists, of the catalog or of one server, and what each was told or shown last. Whatever
 * happened, a client is told when what it sees is not what that was, and once.
 */
import type { CatalogView } from '#protocol/catalog.ts'
import type { CatalogEntry } from './catalog-index.ts'
import { LIST_KINDS, LISTS, type ListKind } from '../translate/list-kinds.ts'
import type { Listening, ListRequest } from './list-request.ts'
import {
  LoneListeners,
  type OwnChange,
  type PeekLone,
  type Wanted,
} from './single-server-listeners.ts'
import { differing, toSight, type Sight } from './sight.ts'

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

export interface AnnouncerOptions {
  /** What a client would be shown by what is known now. Asks nobody. */
  peek: (kind: ListKind, audience: Audience) => readonly CatalogEntry[]
  /** What a view is by the configuration of now. */
  renew: (view: CatalogView) => CatalogView
  peekLone: PeekLone
}

type Sights = Partial<Record<ListKind, Sight>>

/** Audiences whose lists are kept; with more, all of them are looked at again. */
const MAX_SIGHTS = 256
/** Changes of several lists and servers, told as one. */
const COALESCE_MS = 100

export class Announcer {
  readonly #options: AnnouncerOptions
  /** Of one server alone. */
  readonly lone: LoneListeners
  readonly #listeners = new Map<CatalogListener, Sights>()
  /** Of audiences that are alike, until something changes. */
  readonly #sights = new Map<string, Sights>()
  /** Servers that we have changed since listeners were told last. */
  readonly #ours = new Set<string>()
  /** Servers of which nobody can say whether they have changed for their clients, and for whom. */
  #unknown = new Map<string, { server: string; principal: string | undefined }>()
  /** What it waits for before it tells anything. */
  #holds = 0
  #isScheduled = false

  constructor(options: AnnouncerOptions) {
    this.#options = options
    this.lone = new LoneListeners(options.peekLone)
  }

  get isHeard(): boolean {
    return this.#listeners.size + this.lone.size > 0
  }

  /** Whether somebody hears at once of a change of its lists. */
  hears(server: string): boolean {
    return this.#listeners.size > 0 || this.lone.servers.has(server)
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
    this.lone.forget()
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

  /** Whoever sees these is told, whatever is known of their lists; with a principal, that one's clients. */
  suspect(servers: readonly string[], principal?: string): void {
    for (const server of servers) {
      this.#unknown.set(`${server} ${principal ?? ''}`, { server, principal })
    }
    this.lone.change({ servers, how: 'unheard', ...(principal !== undefined && { principal }) })
    if (servers.length > 0) this.#schedule()
  }

  /** Something of one server is by us not what it was. */
  changeLone(change: OwnChange): void {
    this.lone.change(change)
    this.#schedule()
  }

  /** Lists of these servers that seem to be others for somebody, by what they are for anybody. */
  differing(servers: readonly string[]): Wanted[] {
    const ofCatalog = [...this.#listeners].flatMap(([{ audience }, shown]) => {
      const { principal, capabilities } = audience
      return LIST_KINDS.flatMap((kind) => {
        const others = differing(shown[kind] ?? new Map(), this.#see(kind, audience))
        const its = others.filter((server) => servers.includes(server))
        return its.map((server) => ({ kind, server, principal, capabilities }))
      })
    })
    const all = [...ofCatalog, ...this.lone.differing(servers)]
    return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()]
  }

  #schedule(): void {
    if (!this.isHeard) return this.#clear()
    if (this.#isScheduled) return
    this.#isScheduled = true
    setTimeout(() => this.#tellAll(), COALESCE_MS)
  }

  #tellAll(): void {
    this.#isScheduled = false
    if (this.#holds > 0) return
    const [ours, unknown] = [new Set(this.#ours), [...this.#unknown.values()]]
    this.lone.tellAll()
    this.#clear()
    for (const [listener, shown] of this.#listeners) {
      const methods = this.#compare(listener, shown, ours)
      const { servers = [] } = this.#options.renew(listener.audience.view)
      const isSuspect = unknown.some(({ server, principal }) => {
        const isIts = principal === undefined || principal === listener.audience.principal
        return isIts && servers.includes(server)
      })
      if (isSuspect) for (const kind of LIST_KINDS) methods.add(LISTS[kind].changed)
      if (methods.size > 0) listener.tell(methods)
    }
  }

  #clear(): void {
    this.#ours.clear()
    this.#unknown.clear()
    this.lone.clear()
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
      const others = differing(shown[kind] ?? new Map(), sight)
      if (others.some(counts)) methods.add(LISTS[kind].changed)
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
