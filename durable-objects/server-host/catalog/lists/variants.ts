/**
 * One server's lists, for each set of client capabilities that asked for them: a server may offer a
 * tool only to clients that can be asked something. Most list the same for all: one set, the canonical
 * one, is listened to and asked again; another is asked in a process that ends after it, and follows the
 * canonical one for as long as the two are alike.
 */
import type { GatewayError } from '#protocol/errors.ts'
import type { Entry } from '../entries.ts'
import type { ListKind } from '../../translate/list-kinds.ts'
import type { KnownList, ListedServer, ListRole } from './listed-server.ts'

/** Of what is asked on nobody's behalf, where nothing is known. */
export const NO_CAPABILITIES = '{}'

/** The set that was used least recently leaves. */
const MAX_VARIANTS = 8
/** A set that lists as the canonical one does is compared with it again after this. */
const ALIKE_TTL_MS = 86_400_000
/** One that does not is asked again with the next change, as long as somebody has used it within this time. */
const USED_FOR_MS = 60_000

export class Variants {
  readonly #make: (capabilities: string) => ListedServer
  /** By canonical JSON of the capabilities. */
  readonly #known = new Map<string, ListedServer>()
  /** `Date.now()`; absent: not since the object began. */
  readonly #usedAt = new Map<ListedServer, number>()

  /** `stored`: sets of which the store has lists. */
  constructor(
    make: (capabilities: string, role: ListRole) => ListedServer,
    stored: readonly string[],
  ) {
    this.#make = (capabilities) => {
      const isCanonical = (): boolean => this.#canonical === listed
      const listed: ListedServer = make(capabilities, {
        isCanonical,
        onAnnounced: (kinds) => {
          if (isCanonical()) this.#outdate(kinds)
        },
        onReplacing: async (kind, list, before) => {
          if (isCanonical()) await this.#replace(kind, list, before)
        },
      })
      return listed
    }
    for (const capabilities of stored.slice(0, MAX_VARIANTS)) {
      this.#known.set(capabilities, this.#make(capabilities))
    }
  }

  /** Without capabilities the canonical one. */
  of(capabilities: string | undefined): ListedServer {
    const known = capabilities === undefined ? this.#canonical : this.#known.get(capabilities)
    const listed = known ?? this.#add(capabilities ?? NO_CAPABILITIES)
    this.#usedAt.set(listed, Date.now())
    return listed
  }

  /** Asks again where what is known may be old, the canonical one first of all. */
  refresh(kind: ListKind, listed: ListedServer, ttlMs: number): void {
    const canonical = this.#canonical ?? listed
    const now = Date.now()
    if (canonical.isStale(kind, ttlMs, now)) canonical.fetch(kind).catch(() => undefined)
    if (listed === canonical) return
    const isAlike = listed.isAlike(kind, canonical.find(kind))
    const livesMs = isAlike ? Math.max(ttlMs, ALIKE_TTL_MS) : ttlMs
    if (listed.isOlder(kind, livesMs, now)) listed.fetch(kind).catch(() => undefined)
  }

  /** Somebody of these capabilities wants to hear of changes. */
  watch(capabilities: string): void {
    const canonical = this.#canonical ?? this.of(capabilities)
    canonical.listen()
  }

  /** For these capabilities, or what is known for others while nothing is for these. */
  peek(kind: ListKind, capabilities: string): readonly Entry[] | undefined {
    return this.#known.get(capabilities)?.peek(kind) ?? this.#any(kind)
  }

  /** All that is offered to anybody: names must not depend on who asks. */
  peekAny(kind: ListKind): readonly Entry[] | undefined {
    const lists = [...this.#known.values()].flatMap((listed) => {
      const entries = listed.peek(kind)
      return entries === undefined ? [] : [entries]
    })
    if (lists.length < 2) return lists[0]
    return [...new Map(lists.flat().map((entry) => [entry.name, entry])).values()]
  }

  /** Why the list could not be got last, for whichever capabilities. */
  failure(kind: ListKind): GatewayError | undefined {
    for (const listed of this.#known.values()) {
      const failure = listed.failure(kind)
      if (failure !== undefined) return failure
    }
    return undefined
  }

  notes(kind: ListKind): string[] {
    const all = [...this.#known.values()].flatMap((listed) => listed.notes(kind))
    return [...new Set(all)]
  }

  /** A process that is not the catalog's said that these have changed. */
  renew(kinds: readonly ListKind[]): void {
    this.#canonical?.renew(kinds)
  }

  close(): void {
    for (const listed of this.#known.values()) listed.close()
  }

  /** The first that the server has told its lists. */
  get #canonical(): ListedServer | undefined {
    const all = [...this.#known.values()]
    return all.find(({ isKnown }) => isKnown) ?? all[0]
  }

  get #others(): ListedServer[] {
    const canonical = this.#canonical
    return [...this.#known.values()].filter((listed) => listed !== canonical)
  }

  #add(capabilities: string): ListedServer {
    if (this.#known.size >= MAX_VARIANTS) this.#evict()
    const listed = this.#make(capabilities)
    this.#known.set(capabilities, listed)
    return listed
  }

  #evict(): void {
    const age = (listed: ListedServer): number => this.#usedAt.get(listed) ?? 0
    const [leaving] = this.#others.sort((a, b) => age(a) - age(b))
    for (const [capabilities, listed] of this.#known) {
      if (listed !== leaving) continue
      this.#known.delete(capabilities)
      this.#usedAt.delete(listed)
      listed.close()
    }
  }

  /** Those that list otherwise cannot follow. */
  #outdate(kinds: readonly ListKind[]): void {
    for (const kind of kinds) {
      const canonical = this.#canonical?.find(kind)
      for (const listed of this.#others) {
        if (!listed.isAlike(kind, canonical)) this.#renewIfUsed(listed, kind)
      }
    }
  }

  async #replace(kind: ListKind, list: KnownList, before: KnownList): Promise<void> {
    const followed = this.#others.map((listed) => {
      if (listed.isAlike(kind, before)) return listed.adopt(kind, list)
      return this.#renewIfUsed(listed, kind)
    })
    await Promise.all(followed)
  }

  #renewIfUsed(listed: ListedServer, kind: ListKind): void {
    const isUsed = Date.now() - (this.#usedAt.get(listed) ?? 0) < USED_FOR_MS
    if (isUsed && listed.find(kind) !== undefined) listed.renew([kind])
    else listed.outdate([kind])
  }

  #any(kind: ListKind): readonly Entry[] | undefined {
    for (const listed of this.#known.values()) {
      const entries = listed.peek(kind)
      if (entries !== undefined) return entries
    }
    return undefined
  }
}
