/**
 * The links of a tenant's object, one to the host program of each placement that its servers are in.
 * Each is dialled, cut and mended by itself: what happens to one is nothing to the others.
 */
import type { Launch, StartFailedMeta } from '#protocol/link.ts'
import { MAIN_PLACEMENT } from '#protocol/tenant.ts'
import type { LinkChannel } from './channel.ts'
import { FormerProcesses } from './former-processes.ts'
import { Link } from './link.ts'
import type { PlacementStore } from './placement-store.ts'
import type { Tally } from '#protocol/link/end.ts'
import { within } from '#protocol/within.ts'

/** A host program as the object reaches it: its own, or one in the container of another object. */
export interface HostProgram {
  /** Opens a WebSocket to it, starting it when needed. May fail; is tried again. */
  dial: () => Promise<WebSocket>
  /** Whether dialling starts nothing, as far as that is known without asking. */
  isUp: () => boolean
  /** The same, asked of who knows; absent where `isUp` does. */
  askUp?: () => Promise<boolean>
  /** It is in use, and does not sleep for a while. */
  touch?: () => void
  /** Nothing of the tenant's is to run in it any more: its container is stopped, and its disk goes with it. */
  release?: () => Promise<void>
}

export interface LinksOptions {
  hostProgram: (placement: string) => HostProgram
  /** What the host program of a placement is to run. */
  launches: (placement: string) => Launch[]
  store: Pick<PlacementStore, 'all' | 'add' | 'delete'>
  /** As of `Link`; the process was in that placement. */
  adopt: (channel: LinkChannel, placement: string) => boolean
  /** As of `Link`. */
  onStartFailed: (meta: StartFailedMeta) => void
  /** Of all of them: the object has one memory. */
  unacked: Tally
}

interface Linked {
  placement: string
  program: HostProgram
  link: Link
  /** `Date.now()` */
  usedAt: number
  /** What is under way and shall not lose it. */
  users: number
}

/** Longest that a new object looks for what a former one had. */
const REJOIN_MS = 30_000

export class Links {
  readonly former = new FormerProcesses()
  readonly #options: LinksOptions
  readonly #linked = new Map<string, Linked>()
  /** Placements that were left, until their containers are stopped. */
  readonly #releasing = new Map<string, Promise<void>>()
  #configured: ReadonlySet<string> = new Set([MAIN_PLACEMENT])
  #hasBegun = false

  constructor(options: LinksOptions) {
    this.#options = options
  }

  /** Those beside `main` whose containers may have something of the tenant's. */
  get others(): string[] {
    return this.#options.store.all
  }

  /** The link to a placement, dialled or not. */
  of(placement: string): Link {
    return this.#get(placement).link
  }

  /**
   * Whether its host program can be reached without starting anything, as far as is known here. What is in
   * no placement needs none.
   */
  isUp(placement: string | undefined): boolean {
    if (placement === undefined) return true
    const { link, program } = this.#get(placement)
    return link.isOpen || program.isUp()
  }

  /** Whether any host program runs, or is about to, as far as is known here. */
  get areAwake(): boolean {
    return [...this.#linked.values()].some(
      ({ link, program, users }) => link.isOpen || link.isDialled || users > 0 || program.isUp(),
    )
  }

  /** Resolves when frames flow, and at once where that would start a container. Throws what `Link.ready` does. */
  async join(placement: string, timeoutMs: number): Promise<void> {
    const { link } = this.#get(placement)
    if (this.isUp(placement) || (await this.#askUp(placement, timeoutMs))) {
      await link.ready(timeoutMs)
    }
  }

  /**
   * The link to where a server is, once frames flow, should it move meanwhile, too; absent: it is in no
   * host program. `find` says where it is. Throws what `Link.ready` does.
   */
  async follow(find: () => string | undefined, timeoutMs: number): Promise<Link | undefined> {
    for (;;) {
      const placement = find()
      if (placement === undefined) return undefined
      const link = this.of(placement)
      const isThere = (): boolean => find() === placement && this.of(placement) === link
      try {
        await link.ready(timeoutMs)
      } catch (error) {
        if (isThere()) throw error
      }
      if (isThere()) return link
    }
  }

  /** A call has to do with it. One that was left meanwhile stays left. */
  #use(placement: string): void {
    const isLeft = !this.#isConfigured(placement)
    const linked = isLeft ? this.#linked.get(placement) : this.#get(placement)
    if (linked === undefined) return
    linked.usedAt = Date.now()
    linked.program.touch?.()
  }

  /** Something is under way there until `release` is given what this returns. */
  retain(placement: string): Linked {
    this.#use(placement)
    const linked = this.#get(placement)
    linked.users++
    return linked
  }

  release(linked: Linked): void {
    linked.users--
    this.#use(linked.placement)
  }

  /** The same until `work` has ended. */
  async hold<T>(placement: string, work: () => Promise<T>): Promise<T> {
    const linked = this.retain(placement)
    try {
      return await work()
    } finally {
      this.release(linked)
    }
  }

  /**
   * Whether a container may sleep: nothing is under way there, nor was for `idleMs`. Then its link is at
   * rest, and the next call starts it again.
   */
  mayRest(placement: string, idleMs: number): boolean {
    const linked = this.#linked.get(placement)
    if (linked === undefined) return true
    const { link, usedAt, users } = linked
    if (users > 0 || link.isDialled || Date.now() - usedAt < idleMs) return false
    // A server that moved finishes its calls there.
    if (link.isUsed && !this.#isConfigured(placement)) return false
    link.rest()
    return true
  }

  /** What is to run is another. Placements that are configured no more are left when nothing runs there. */
  configure(configured: ReadonlySet<string>): void {
    this.#configured = configured
    for (const { link } of this.#linked.values()) link.configure()
    for (const placement of new Set([...this.#linked.keys(), ...this.others])) {
      this.#leaveUnused(placement)
    }
    if (!this.#hasBegun) this.#rejoin()
    this.#hasBegun = true
  }

  /** Nothing of the tenant's runs after it. Throws when a container could not be released. */
  async end(timeoutMs: number): Promise<void> {
    const all = new Set([MAIN_PLACEMENT, ...this.#linked.keys(), ...this.others])
    await Promise.all(
      Array.from(all, async (placement) => {
        const { link, program } = this.#get(placement)
        if (this.isUp(placement)) {
          await link
            .end(timeoutMs)
            .catch((error: unknown) => console.error('processes of a removed tenant', error))
        }
        await program.release?.()
        this.#options.store.delete(placement)
      }),
    )
  }

  #get(placement: string): Linked {
    let linked = this.#linked.get(placement)
    if (linked === undefined) this.#linked.set(placement, (linked = this.#make(placement)))
    return linked
  }

  #make(placement: string): Linked {
    const { hostProgram, launches, adopt, onStartFailed, store, unacked } = this.#options
    const program = hostProgram(placement)
    const link = new Link({
      dial: async () => {
        if (placement !== MAIN_PLACEMENT) store.add(placement)
        // A container that was left is on its way down.
        await this.#releasing.get(placement)
        return program.dial()
      },
      launches: () => launches(placement),
      adopt: (channel) => this.former.keep(channel, placement) || adopt(channel, placement),
      onStartFailed,
      onUnused: () => queueMicrotask(() => this.#leaveUnused(placement)),
      unacked,
    })
    return { placement, program, link, usedAt: Date.now(), users: 0 }
  }

  /** What a former object used and still runs is linked again, so that it is known what is up. */
  #rejoin(): void {
    for (const placement of this.others) {
      if (!this.#isConfigured(placement)) continue
      this.join(placement, REJOIN_MS).catch(() => undefined) // who needs the link is told by `ready`
    }
  }

  #isConfigured(placement: string): boolean {
    return placement === MAIN_PLACEMENT || this.#configured.has(placement)
  }

  /** Whoever cannot say so in time is not up. */
  async #askUp(placement: string, timeoutMs: number): Promise<boolean> {
    const asked = this.#get(placement).program.askUp?.()
    if (asked === undefined) return false
    return within(asked, timeoutMs, () => false).catch(() => false)
  }

  #leaveUnused(placement: string): void {
    if (this.#isConfigured(placement)) return
    const { link, program } = this.#get(placement)
    if (link.isUsed) return
    link.leave()
    this.#linked.delete(placement)
    const releasing = this.#release(placement, program).finally(() => {
      if (this.#releasing.get(placement) === releasing) this.#releasing.delete(placement)
    })
    this.#releasing.set(placement, releasing)
  }

  async #release(placement: string, program: HostProgram): Promise<void> {
    try {
      await program.release?.()
      // It may be in use again by now.
      if (!this.#linked.has(placement)) this.#options.store.delete(placement)
    } catch (error) {
      console.error('the container of a placement', error)
    }
  }
}

/** The host program must know the servers before a channel is opened: `load` comes first. */
export function dialAfter(load: () => Promise<void>, program: HostProgram): HostProgram {
  const dial = async (): Promise<WebSocket> => {
    await load()
    return program.dial()
  }
  return { ...program, dial }
}
