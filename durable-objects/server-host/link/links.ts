/**
 * The links of a tenant's object, one to the host program of each placement that its servers are in.
 * Each is dialled, cut and mended by itself: what happens to one is nothing to the others.
 */
import type { Launch } from '#protocol/link.ts'
import { MAIN_PLACEMENT } from '#protocol/tenant.ts'
import type { Channel } from './channel.ts'
import { Link } from './link.ts'
import type { PlacementStore } from './placement-store.ts'

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
  store: PlacementStore
  /** As of `Link`; the process was in that placement. */
  adopt: (channel: Channel, placement: string) => boolean
}

interface Linked {
  program: HostProgram
  link: Link
  /** `Date.now()` */
  usedAt: number
}

export class Links {
  readonly #options: LinksOptions
  readonly #linked = new Map<string, Linked>()
  /** Of all of them: the object has one memory. */
  readonly #unacked = { bytes: 0 }
  #configured: ReadonlySet<string> = new Set([MAIN_PLACEMENT])

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

  /** Whether its host program can be reached without starting anything, as far as is known here. */
  isUp(placement: string): boolean {
    const { link, program } = this.#get(placement)
    return link.isOpen || program.isUp()
  }

  /** Resolves when frames flow; `mayWake`: also where that starts a container. Throws what `Link.ready` does. */
  async join(placement: string, mayWake: boolean, timeoutMs: number): Promise<void> {
    const { link, program } = this.#get(placement)
    if (mayWake || this.isUp(placement) || (await program.askUp?.())) await link.ready(timeoutMs)
  }

  /** A call has to do with it. */
  use(placement: string): void {
    const linked = this.#get(placement)
    linked.usedAt = Date.now()
    linked.program.touch?.()
  }

  /**
   * Whether the container of another object may sleep: nothing called for it for `idleMs`. Then its
   * link is at rest, and the next call starts it again.
   */
  mayRest(placement: string, idleMs: number): boolean {
    const linked = this.#linked.get(placement)
    if (linked === undefined) return true
    if (Date.now() - linked.usedAt < idleMs) return false
    linked.link.rest()
    return true
  }

  /** What is to run is another. Placements that are configured no more are left when nothing runs there. */
  configure(configured: ReadonlySet<string>): void {
    this.#configured = configured
    for (const { link } of this.#linked.values()) link.configure()
    for (const placement of new Set([...this.#linked.keys(), ...this.others])) {
      this.#leaveUnused(placement)
    }
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
      }),
    )
  }

  #get(placement: string): Linked {
    let linked = this.#linked.get(placement)
    if (linked === undefined) this.#linked.set(placement, (linked = this.#make(placement)))
    return linked
  }

  #make(placement: string): Linked {
    const { hostProgram, launches, adopt, store } = this.#options
    const program = hostProgram(placement)
    const link = new Link({
      dial: () => {
        if (placement !== MAIN_PLACEMENT) store.add(placement)
        return program.dial()
      },
      launches: () => launches(placement),
      adopt: (channel) => adopt(channel, placement),
      onUnused: () => queueMicrotask(() => this.#leaveUnused(placement)),
      unacked: this.#unacked,
    })
    return { program, link, usedAt: Date.now() }
  }

  #leaveUnused(placement: string): void {
    if (placement === MAIN_PLACEMENT || this.#configured.has(placement)) return
    const { link, program } = this.#get(placement)
    if (link.isUsed) return
    link.rest()
    this.#linked.delete(placement)
    const released = program.release?.() ?? Promise.resolve()
    released.then(
      () => {
        // It may be in use again by now.
        if (!this.#linked.has(placement)) this.#options.store.delete(placement)
      },
      (error: unknown) => console.error('the container of a placement', error),
    )
  }
}
