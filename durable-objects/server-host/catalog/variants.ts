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

  /** `stored`: sets of which the store has lists. */
  constructor(make: (capabilities: string) => ListedServer, stored: readonly string[]) {
    this.#make = make
    for (const capabilities of stored.slice(0, MAX_VARIANTS)) this.of(capabilities)
  }

  of(capabilities: string): ListedServer {
    const known = this.#known.get(capabilities) ?? this.#make(capabilities)
    this.#known.delete(capabilities)
    this.#known.set(capabilities, known)
    const [[oldest, leaving] = []] = this.#known
    if (oldest !== undefined && this.#known.size > MAX_VARIANTS) {
      this.#known.delete(oldest)
      leaving?.close()
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

  renew(kinds: readonly ListKind[]): void {
    for (const listed of this.#known.values()) listed.renew(kinds)
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
