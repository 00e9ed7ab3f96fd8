/**
 * Clients at the URL of one server. What that says of its lists they hear from it; here they are told
 * when we have changed what they see: by a configuration under which it begins anew, or an approval.
 */
import type { Grants } from '#protocol/scopes.ts'
import { LIST_KINDS, LISTS, type ListKind } from '../translate/list-kinds.ts'
import { differ, toSight, type Seen, type Sight } from './sight.ts'

export interface LoneAudience {
  server: string
  principal: string
  /** Canonical JSON. */
  capabilities: string
  /** Absent where it may use all that the server offers. */
  grants?: Grants
}

export interface LoneListener {
  readonly server: string
  readonly principal: string
  /** Absent: what it may use is not known. */
  readonly audience: LoneAudience | undefined
  /** It hears at once what it is told; else it finds it when it is back. */
  readonly isOpen: boolean
  /** `methods`: notifications. */
  tell: (methods: ReadonlySet<string>) => void
}

export interface LoneListening {
  /** The client has just been shown a whole list. `undefined`: what it sees of it is not known. */
  noteShown: (kind: ListKind, entries: readonly Seen[] | undefined) => void
  /** What is known of the server's list may not be what the client's own process lists. */
  doubt: (kind: ListKind) => void
  /** What its client may use is known anew. */
  look: () => void
  stop: () => void
}

/** What we have changed. */
export interface OwnChange {
  servers: readonly string[]
  /** Default: all. */
  kinds?: readonly ListKind[]
  /** Of whom the server is; absent: of everybody. */
  principal?: string
  /**
   * `shown`: the server is the same. `anew`: what is not known of it counts as another list. `unheard`:
   * nothing that is known counts, since it could not be asked.
   */
  how: 'shown' | 'anew' | 'unheard'
}

/** Whose list of a server is to be known, to tell whether it is another one. */
export interface Wanted {
  kind: ListKind
  server: string
  principal: string
  capabilities: string
}

interface Shown {
  sights: Partial<Record<ListKind, Sight | undefined>>
  /** Lists that are known by what the client was answered, and not by what is known of the server. */
  own: Set<ListKind>
  /** Changes before this one are none to it. */
  since: number
}

/** By what is known; `undefined`: nothing is. */
export type PeekLone = (kind: ListKind, audience: LoneAudience) => readonly Seen[] | undefined

/** Audiences whose lists are kept; with more, all of them are looked at again. */
const MAX_SIGHTS = 256
/** What was changed in one pause; of more, all that listen are told. */
const MAX_CHANGES = 1_024

export class LoneListeners {
  readonly #peek: PeekLone
  readonly #listeners = new Map<LoneListener, Shown>()
  readonly #sights = new Map<string, Shown['sights']>()
  /** Since listeners were told last. */
  #changes: { change: OwnChange; number: number }[] = []
  #number = 0

  constructor(peek: PeekLone) {
    this.#peek = peek
  }

  get size(): number {
    return this.#listeners.size
  }

  /** Those that somebody hears of at once. */
  get servers(): ReadonlySet<string> {
    const open = [...this.#listeners.keys()].filter(({ isOpen }) => isOpen)
    return new Set(open.map(({ server }) => server))
  }

  listen(listener: LoneListener): LoneListening {
    const shown: Shown = { sights: {}, own: new Set(), since: this.#number }
    const look = (): void => {
      const known = LIST_KINDS.filter((kind) => !shown.own.has(kind))
      for (const kind of known) shown.sights[kind] = this.#see(kind, listener)
    }
    look()
    this.#listeners.set(listener, shown)
    return {
      noteShown: (kind, entries) => {
        shown.sights[kind] = entries && toSight(entries)
        shown.own.add(kind)
      },
      doubt: (kind) => {
        if (shown.own.has(kind)) return
        shown.sights[kind] = undefined
        shown.own.add(kind)
      },
      look,
      stop: () => void this.#listeners.delete(listener),
    }
  }

  /** Lists, or what is known of them, are not what they were. */
  forget(): void {
    this.#sights.clear()
  }

  change(change: OwnChange): void {
    if (this.#listeners.size === 0 || change.servers.length === 0) return
    const isTooMuch = this.#changes.length >= MAX_CHANGES
    if (isTooMuch) this.#changes = []
    const all = Array.from(this.#listeners.keys(), ({ server }) => server)
    const kept: OwnChange = isTooMuch ? { servers: all, how: 'unheard' } : change
    this.#changes.push({ change: kept, number: ++this.#number })
  }

  tellAll(): void {
    const changes = this.#changes
    this.clear()
    for (const [listener, shown] of this.#listeners) {
      const its = changes.filter(({ change, number }) => {
        return number > shown.since && concerns(change, listener)
      })
      const methods = this.#look(
        listener,
        shown,
        its.map(({ change }) => change),
      )
      if (methods.size > 0) listener.tell(methods)
    }
  }

  clear(): void {
    this.#changes = []
  }

  /** Lists of these servers that seem to be others for somebody, by what they are for anybody. */
  differing(servers: readonly string[]): Wanted[] {
    return [...this.#listeners].flatMap(([listener, { sights }]) => {
      const { server, principal, audience } = listener
      if (audience === undefined || !servers.includes(server)) return []
      const { capabilities } = audience
      return LIST_KINDS.flatMap((kind) => {
        const [before, after] = [sights[kind], this.#see(kind, listener)]
        const isOther = before !== undefined && after !== undefined && differ(before, after)
        return isOther ? [{ kind, server, principal, capabilities }] : []
      })
    })
  }

  /** What has to be told. */
  #look(listener: LoneListener, shown: Shown, changes: readonly OwnChange[]): Set<string> {
    const methods = new Set<string>()
    for (const kind of LIST_KINDS) {
      const its = changes.filter(({ kinds = LIST_KINDS }) => kinds.includes(kind))
      if (its.length === 0 && shown.own.has(kind)) continue
      const [before, after] = [shown.sights[kind], this.#see(kind, listener)]
      shown.sights[kind] = after
      if (its.length === 0) continue
      shown.own.delete(kind)
      if (isOther(before, after, its)) methods.add(LISTS[kind].changed)
    }
    return methods
  }

  #see(kind: ListKind, { audience }: LoneListener): Sight | undefined {
    if (audience === undefined) return undefined
    const key = JSON.stringify(audience)
    let known = this.#sights.get(key)
    if (known === undefined) {
      if (this.#sights.size >= MAX_SIGHTS) this.#sights.clear()
      this.#sights.set(key, (known = {}))
    }
    if (!(kind in known)) {
      const entries = this.#peek(kind, audience)
      known[kind] = entries && toSight(entries)
    }
    return known[kind]
  }
}

function concerns(change: OwnChange, { server, principal }: LoneListener): boolean {
  const isIts = change.principal === undefined || change.principal === principal
  return isIts && change.servers.includes(server)
}

function isOther(
  before: Sight | undefined,
  after: Sight | undefined,
  changes: readonly OwnChange[],
): boolean {
  if (before?.size === 0 && after?.size === 0) return false
  if (changes.some(({ how }) => how === 'unheard')) return true
  if (before !== undefined && after !== undefined) return differ(before, after)
  return changes.some(({ how }) => how === 'anew')
}
