/**
 * Servers that refer to secrets of the principal: one entry for each principal that called, made by
 * its first call. An entry has a launch of its own, and with it processes, spares, a lease pool and
 * an era. Calls reach an entry by the principal of their verdict, sessions by the one that they belong to.
 */
import type { Launch } from '#protocol/link.ts'
import { placementOf } from '#protocol/server-config.ts'
import type { LaunchConfig } from '#protocol/tenant.ts'
import type { ServersChange } from './change.ts'
import { keepServer, toStartable, type Server, type Startable } from './launch.ts'

/** Entries at once; the one that was used least recently leaves, its processes end when they are free. */
const MAX_PERSONAL_LAUNCHES = 128
/** Launches of all kinds that a host program takes. */
const MAX_LAUNCHES = 256
/** Of the entries' launches as JSON: they travel to the host program in one frame. */
const MAX_PERSONAL_CHARS = 4 * 1024 * 1024
/** Spares are kept for a principal that was there within this time. */
const REST_AFTER_MS = 600_000

interface Entry {
  name: string
  principal: string
  /** Of the configuration that it was made from. */
  version: number
  startable: Startable
  /** Of its launch as JSON. */
  chars: number
  usedAt: number
  isResting: boolean
}

export class PersonalServers {
  readonly #read: (principal: string) => Promise<LaunchConfig | undefined>
  readonly #onLaunches: () => void
  readonly #onChange: (change: ServersChange) => void
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()
  /** By principal. */
  readonly #reading = new Map<string, Promise<LaunchConfig | undefined>>()
  #renewing: Promise<void> = Promise.resolve()
  #restTimer: number | undefined

  constructor(
    read: (principal: string) => Promise<LaunchConfig | undefined>,
    onLaunches: () => void,
    onChange: (change: ServersChange) => void,
  ) {
    this.#read = read
    this.#onLaunches = onLaunches
    this.#onChange = onChange
  }

  launchesAt(placement: string): Launch[] {
    return [...this.#entries.values()].flatMap(({ startable, isResting }) => {
      const { server } = startable
      if (server === undefined || placementOf(server.config) !== placement) return []
      return isResting ? { ...server.launch, warm: 0 } : server.launch
    })
  }

  /** Of all launches, also those that are none of the host program's. */
  get digests(): string[] {
    return [...this.#entries.values()].flatMap(
      ({ startable }) => startable.server?.launch.digest ?? [],
    )
  }

  /** What the host program knows of, whichever configuration it is of. */
  peek(name: string, principal: string): Server | undefined {
    return this.#entries.get(keyOf(name, principal))?.startable.server
  }

  /** As of this configuration, or a newer one. Notes that the principal is there. */
  use(name: string, principal: string, version: number): Server | undefined {
    return this.#use(name, principal, version)?.server
  }

  touch(name: string, principal: string): void {
    const key = keyOf(name, principal)
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.usedAt = Date.now()
    if (!entry.isResting) return
    entry.isResting = false
    this.#watch()
    this.#onLaunches()
  }

  /**
   * `undefined` for a server that is not configured as a personal one. Throws `secret_missing` and
   * `secret_unusable`. `othersCount`: launches that are not personal.
   */
  async get(
    name: string,
    principal: string,
    version: number,
    othersCount: number,
  ): Promise<Server | undefined> {
    const known = this.#use(name, principal, version)
    if (known !== undefined) return requireServer(known)
    // A reading that is under way may have begun before the change.
    let config: LaunchConfig | undefined
    for (let reading = 0; reading < 2 && (config?.version ?? -1) < version; reading++) {
      config = await this.#readOnce(principal)
    }
    const resolved = config?.servers[name]
    if (config === undefined || resolved?.isPersonal !== true) return undefined
    const startable = await toStartable(name, resolved, principal)
    this.#keep({ name, principal, version: config.version, startable }, othersCount)
    return requireServer(startable)
  }

  /** Drops the entries of servers that are configured no more, or not as personal ones. */
  retain(isPersonal: (name: string) => boolean): void {
    for (const [key, { name }] of this.#entries) if (!isPersonal(name)) this.#entries.delete(key)
  }

  /** Reads again, when it can, what entries of an older configuration start. The next call does it, too. */
  renew(version: number): void {
    this.#renewing = this.#renewing.then(() => this.#renewAll(version)).catch(() => undefined)
  }

  #use(name: string, principal: string, version: number): Startable | undefined {
    const entry = this.#entries.get(keyOf(name, principal))
    if (entry === undefined || entry.version < version) return undefined
    this.touch(name, principal)
    return entry.startable
  }

  #readOnce(principal: string): Promise<LaunchConfig | undefined> {
    let reading = this.#reading.get(principal)
    if (reading === undefined) {
      reading = this.#read(principal).finally(() => this.#reading.delete(principal))
      this.#reading.set(principal, reading)
    }
    return reading
  }

  #keep(
    made: Pick<Entry, 'name' | 'principal' | 'version' | 'startable'>,
    othersCount: number,
  ): void {
    const key = keyOf(made.name, made.principal)
    const former = this.#entries.get(key)
    if (former !== undefined && former.version > made.version) return
    const formerText = launchText(former?.startable)
    const startable = keepServer(former?.startable, made.startable)
    const text = launchText(startable)
    this.#entries.delete(key)
    const chars = text.length
    const entry = { ...made, startable, chars, usedAt: Date.now(), isResting: false }
    this.#entries.set(key, entry)
    this.#makeRoom(Math.max(1, Math.min(MAX_PERSONAL_LAUNCHES, MAX_LAUNCHES - othersCount)))
    this.#watch()
    // Most changes of the configuration are not of this server.
    if (text !== formerText || former?.isResting === true) this.#onLaunches()
    if (former !== undefined) this.#tellChange(former.startable, entry)
  }

  /** Of the principals that were here lately, one after the other. */
  async #renewAll(version: number): Promise<void> {
    const isOld = (entry: Entry): boolean => entry.version < version
    const principals = [...this.#entries.values()].filter(isOld).map(({ principal }) => principal)
    for (const principal of new Set(principals)) {
      const config = await this.#readOnce(principal)
      const own = [...this.#entries.values()].filter((entry) => entry.principal === principal)
      for (const entry of own.filter(isOld)) await this.#renewEntry(entry, config)
    }
  }

  async #renewEntry(entry: Entry, config: LaunchConfig | undefined): Promise<void> {
    const { name, principal } = entry
    const resolved = config?.servers[name]
    if (config === undefined || resolved?.isPersonal !== true) return
    const made = await toStartable(name, resolved, principal)
    // A call may have been quicker.
    if (this.#entries.get(keyOf(name, principal)) !== entry) return
    if (entry.version >= config.version) return
    const former = entry.startable
    const formerText = launchText(former)
    entry.startable = keepServer(former, made)
    entry.version = config.version
    const text = launchText(entry.startable)
    entry.chars = text.length
    if (text !== formerText) this.#onLaunches()
    this.#tellChange(former, entry)
  }

  #tellChange(former: Startable, { name, principal, startable }: Entry): void {
    if (former.server === startable.server) return
    this.#onChange({ added: [], changed: [name], removed: [], adjusted: [], principal })
  }

  /** The newest entry stays, however large it is. */
  #makeRoom(most: number): void {
    let chars = 0
    for (const entry of this.#entries.values()) chars += entry.chars
    for (const [key, entry] of this.#entries) {
      const fits = this.#entries.size <= most && chars <= MAX_PERSONAL_CHARS
      if (fits || this.#entries.size === 1) return
      this.#entries.delete(key)
      chars -= entry.chars
    }
  }

  /** One timer for all entries, set when the oldest of them may begin to rest. */
  #watch(): void {
    if (this.#restTimer !== undefined) return
    const awake = [...this.#entries.values()].find(({ isResting }) => !isResting)
    if (awake === undefined) return
    const waitMs = Math.max(0, awake.usedAt + REST_AFTER_MS - Date.now())
    this.#restTimer = setTimeout(() => {
      this.#restTimer = undefined
      this.#rest(Date.now())
      this.#watch()
    }, waitMs)
  }

  #rest(now: number): void {
    let hasChanged = false
    for (const entry of this.#entries.values()) {
      if (entry.isResting || entry.usedAt + REST_AFTER_MS > now) continue
      entry.isResting = hasChanged = true
    }
    if (hasChanged) this.#onLaunches()
  }
}

/** Empty for what cannot be started. */
function launchText(startable: Startable | undefined): string {
  return startable?.server === undefined ? '' : JSON.stringify(startable.server.launch)
}

function requireServer({ server, fault }: Startable): Server {
  if (server === undefined) throw fault()
  return server
}

function keyOf(name: string, principal: string): string {
  return `${name} ${principal}`
}
