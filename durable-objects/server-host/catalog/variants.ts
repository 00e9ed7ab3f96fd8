/**
 * One server's lists, for each set of client capabilities that asked for them: a server may offer a
 * tool only to clients that can be asked something.
 */
import type { GatewayError } from '#protocol/errors.ts'
import type { Entry } from './entries.ts'
import type { ListKind } from './kinds.ts'
import type { ListedServer } from './listed-server.ts'

/** The set that was used least recently leaves. */
const MAX_VARIANTS = 8

export class Variants {
  readonly #make: (capabilities: string) => ListedServer
  /** By canonical JSON of the capabilities; used least recently first. */
  readonly #known = new Map<string, ListedServer>()
  /** Those that somebody has asked for; the others come from the store. */
  readonly #used = new Set<ListedServer>()

  /** `stored`: sets of which the store has lists. */
  constructor(make: (capabilities: string) => ListedServer, stored: readonly string[]) {
    this.#make = make
    for (const capabilities of stored.slice(0, MAX_VARIANTS)) {
      this.#known.set(capabilities, make(capabilities))
    }
  }

  of(capabilities: string): ListedServer {
    const known = this.#known.get(capabilities) ?? this.#make(capabilities)
    this.#known.delete(capabilities)
    this.#known.set(capabilities, known)
    this.#used.add(known)
    const [[oldest, leaving] = []] = this.#known
    if (oldest !== undefined && leaving !== undefined && this.#known.size > MAX_VARIANTS) {
      this.#known.delete(oldest)
      this.#used.delete(leaving)
      leaving.close()
    }
    return known
  }

  /** For these capabilities, or what is known for others while nothing is for these. */
  peek(kind: ListKind, capabilities: string): readonly Entry[] | undefined {
    return this.#known.get(capabilities)?.peek(kind) ?? this.#newest(kind)
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

  /**
   * Those that somebody uses are asked for again, else one of them, so that the change is told. Each of
   * the others would need a process: they are asked for when they are wanted.
   */
  renew(kinds: readonly ListKind[]): void {
    const all = [...this.#known.values()]
    const renewed = this.#used.size > 0 ? this.#used : new Set(all.slice(-1))
    for (const listed of all) {
      if (renewed.has(listed)) listed.renew(kinds)
      else listed.outdate(kinds)
    }
  }

  close(): void {
    for (const listed of this.#known.values()) listed.close()
  }

  #newest(kind: ListKind): readonly Entry[] | undefined {
    for (const listed of [...this.#known.values()].reverse()) {
      const entries = listed.peek(kind)
      if (entries !== undefined) return entries
    }
    return undefined
  }
}
