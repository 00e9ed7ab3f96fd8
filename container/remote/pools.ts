/**
 * The pools of one cell, and with it of one tenant: by origin and settings. Servers of the tenant with
 * the same settings share one; a tenant shares none with another.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
import type { Resolve } from './connector.ts'
import { OriginCounts } from './figures.ts'
import { OriginPool } from './origin-pool.ts'
import { Unsent } from './unsent.ts'
import type { RemoteLaunch } from '#protocol/link.ts'
import type { OriginFigures } from '#protocol/remote/figures.ts'
import { withScheme } from '#protocol/remote/url.ts'

const MAX_POOLS = 512

/** Origins with figures. The one that was used least recently is forgotten first. */
const MAX_ORIGINS = 256

type Settings = Pick<RemoteLaunch['remote'], 'allowPrivate' | 'pool'>

export class Pools {
  readonly resolve: Resolve | undefined
  readonly #pools = new Map<string, OriginPool>()
  readonly #counts = new BoundedMap<string, OriginCounts>(MAX_ORIGINS)

  /** `resolve`: in the place of the system's look-up of names. */
  constructor(resolve?: Resolve) {
    this.resolve = resolve
  }

  /** Made when it is new. Throws `Unsent` when there are too many in use. */
  of(origin: URL, settings: Settings): OriginPool {
    const key = keyOf(origin, settings)
    const found = this.#pools.get(key)
    if (found !== undefined) return found
    if (this.#pools.size >= MAX_POOLS && !this.#dropIdle()) {
      throw new Unsent(`more than ${MAX_POOLS} pools of connections`)
    }
    const pool: OriginPool = new OriginPool({
      ...{ origin, ...settings, resolve: this.resolve },
      counts: this.countsOf(origin),
      onIdle: () => this.#drop(key, pool),
    })
    this.#pools.set(key, pool)
    return pool
  }

  countsOf({ origin }: URL): OriginCounts {
    const counts = this.#counts.get(origin) ?? new OriginCounts(origin)
    this.#counts.set(origin, counts)
    return counts
  }

  /** Closes the pools that no launch uses any more, those in use when they are idle. */
  retain(launches: readonly RemoteLaunch[]): void {
    const wanted = new Set(
      launches.map(({ remote }) => keyOf(withScheme(remote.url, 'http'), remote)),
    )
    for (const [key, pool] of this.#pools) {
      if (!wanted.has(key) && pool.isIdle) this.#drop(key, pool)
    }
  }

  figures(): OriginFigures[] {
    return [...this.#counts.values()].map((counts) => counts.report())
  }

  /** Ends everything. Never rejects. */
  async shutDown(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }

  #dropIdle(): boolean {
    for (const [key, pool] of this.#pools) {
      if (!pool.isIdle) continue
      this.#drop(key, pool)
      return true
    }
    return false
  }

  #drop(key: string, pool: OriginPool): void {
    if (this.#pools.get(key) === pool) this.#pools.delete(key)
    void pool.close()
  }
}

function keyOf({ origin }: URL, { allowPrivate, pool }: Settings): string {
  const { maxConnections, keepAliveMs, requestTimeoutMs, allowH2 } = pool
  const settings = [allowPrivate, maxConnections, keepAliveMs, requestTimeoutMs, allowH2]
  return JSON.stringify([origin, ...settings])
}
