/**
 * The lists of all servers, kept by launch: what is known is there at once, a server is asked when
 * nothing is known of it, when that is old, or when it says that something has changed.
 */
import type { ListsReport } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { CatalogContext } from '../context.ts'
import type { ModernServing } from '../../call/serving.ts'
import type { Server } from '../../processes/servers.ts'
import { LIST_KINDS, type ListKind } from '../../translate/list-kinds.ts'
import type { ListRequest } from '../list-request.ts'
import { listServer } from './list-server.ts'
import type { ListedServer, ListRole } from './listed-server.ts'
import type { Incomplete, Missing } from '../page.ts'
import { Variants } from './variants.ts'

export interface KnownListsOptions {
  context: CatalogContext
  serve: (server: Server) => Promise<ModernServing>
  /** These lists of a server are not what they were. `isFirst`: nothing was known of them. */
  onChanged: (server: string, kinds: readonly ListKind[], isFirst: boolean) => void
}

export interface Waiting {
  principal: string
  capabilities: string | undefined
  /** Longest wait. Default: that of the configuration. */
  waitMs?: number
  /** Waits for servers that were late before, too. */
  isPatient?: boolean
  /** They begin anew: what is known of them is asked for again, and waited for. */
  isAnew?: boolean
  /** Asked although they are not in the catalog. */
  unlisted?: ReadonlySet<string>
}

/** How old the lists of a server may get that has no process. */
const RESTING_TTL_MS = 86_400_000

/** A call is waited for longer than a list. */
const LEARN_MS = 5_000

/** What a list does not show. */
interface Lacking {
  missing: Missing[]
  incomplete: Incomplete[]
}

export class KnownLists {
  readonly #options: KnownListsOptions
  /** By name and launch digest: two servers may be started in the same way, and each has its own pins. */
  readonly #listed = new Map<string, { variants: Variants; server: Server }>()

  constructor(options: KnownListsOptions) {
    this.#options = options
  }

  of(server: Server): Variants {
    const { digest } = server.launch
    const known = this.#listed.get(keyOf(server))
    if (known !== undefined) return known.variants
    const stored = this.#options.context.store.lists.variants(digest)
    const variants = new Variants(
      (capabilities, role) => this.#list(server, capabilities, role),
      stored,
    )
    this.#listed.set(keyOf(server), { variants, server })
    return variants
  }

  /**
   * Waits for the servers that were never listed, all of them together for a bounded time; those with old
   * lists are asked. Without capabilities it is on nobody's behalf, and any list will do.
   */
  async ensure(
    kind: ListKind,
    names: readonly string[],
    { principal, capabilities, waitMs, isPatient = false, isAnew = false, unlisted }: Waiting,
  ): Promise<Lacking> {
    const { servers, isUp, pins } = this.#options.context
    const { listTimeoutMs, listTtlMs } = servers.catalog
    const longest = waitMs ?? listTimeoutMs
    const incomplete: Incomplete[] = []
    const missing = names.map(async (server): Promise<Missing[]> => {
      if (!this.#isListed(server, principal) && unlisted?.has(server) !== true) return []
      try {
        const variants = await this.#variantsOf(server, principal)
        const listed = variants.of(capabilities)
        // What another server of the same launch has listed was not looked at for this one.
        const isUnseen = kind === 'tools' && !pins.hasSeen(server)
        if (isAnew || isUnseen || listed.peek(kind) === undefined) {
          await (isPatient ? listed.within(longest, kind) : listed.first(longest, kind))
        }
        // What is old is answered all the same, and does not wake a container.
        else if (isUp(server) && this.#mayAsk(kind, listed, { name: server, principal })) {
          variants.refresh(kind, listed, listTtlMs)
        }
        incomplete.push(...listed.notes(kind).map((message) => ({ server, message })))
        const failure = listed.failure(kind)
        return failure === undefined ? [] : [{ server, error: failure }]
      } catch (error) {
        return [{ server, error: GatewayError.from(error) }]
      }
    })
    const lacking = { missing: (await Promise.all(missing)).flat(), incomplete }
    incomplete.sort((a, b) => (a.server < b.server ? -1 : a.server > b.server ? 1 : 0))
    return lacking
  }

  /** Asks a server, whatever is known of it. */
  async learn(kind: ListKind, server: string, principal: string): Promise<void> {
    const variants = await this.#variantsOf(server, principal)
    await variants.of(undefined).within(LEARN_MS, kind)
  }

  /** Asks a server that was never listed; nobody waits for it. */
  prepare(kind: ListKind, server: Server): void {
    if (!this.#isListed(server.name, '')) return
    const variants = this.of(server)
    if (variants.peekAny(kind) === undefined)
      variants
        .of(undefined)
        .fetch(kind)
        .catch(() => undefined)
  }

  /** Somebody wants to hear of changes: those servers are listened to, but none is woken for it. */
  async watch({
    view,
    principal,
    capabilities,
  }: Omit<ListRequest, 'era' | 'cursor'>): Promise<void> {
    for (const server of view.servers ?? []) {
      if (!this.#options.context.isUp(server) || !this.#isListed(server, principal)) continue
      const variants = await this.#variantsOf(server, principal).catch(() => undefined)
      variants?.watch(capabilities)
    }
  }

  /** A session's process of the server said that these have changed. */
  renew(server: string, principal: string, kinds: readonly ListKind[]): void {
    const known = this.#options.context.servers.peek(server, principal)
    if (known !== undefined) this.#listed.get(keyOf(known))?.variants.renew(kinds)
  }

  /** What is known of a server that is nobody's own. Asks nobody. */
  report(server: Server): ListsReport {
    const variants = this.of(server)
    const report: ListsReport = {}
    const concerned = new Map<string, ListKind[]>()
    for (const kind of LIST_KINDS) {
      const entries = variants.peekAny(kind)
      const failure = variants.failure(kind)
      if (entries !== undefined) report[kind] = entries.length
      if (failure !== undefined) report.failure = failure.code
      for (const note of variants.notes(kind)) {
        concerned.set(note, [...(concerned.get(note) ?? []), kind])
      }
    }
    const notes = [...concerned].map(([note, kinds]) => `${kinds.join(', ')}: ${note}`)
    return notes.length === 0 ? report : { ...report, notes }
  }

  /** Forgets what is configured no more. */
  prune(): void {
    const { servers } = this.#options.context
    for (const [key, { variants, server }] of this.#listed) {
      if (servers.launchOf(server)?.digest === server.launch.digest) continue
      this.#listed.delete(key)
      variants.close()
    }
  }

  /** A server that rests is started for its lists once a day; else they are asked for in its next process. */
  #mayAsk(
    kind: ListKind,
    listed: ListedServer,
    server: { name: string; principal: string },
  ): boolean {
    const { servers, startOf } = this.#options.context
    const isRemote = servers.launchOf(server)?.remote !== undefined
    const isResting = !isRemote && startOf(server) === undefined
    return !isResting || listed.isOlder(kind, RESTING_TTL_MS, Date.now())
  }

  #isListed(server: string, principal: string): boolean {
    const facts = this.#options.context.servers.factsOf(server, principal)
    return facts?.config.catalog.isListed === true
  }

  /** Throws `secret_missing` and `secret_unusable`. */
  async #variantsOf(name: string, principal: string): Promise<Variants> {
    const { servers } = this.#options.context
    const server =
      servers.peek(name, principal) ?? (await servers.get(name, servers.version, principal))
    return this.of(server)
  }

  #list(server: Server, capabilities: string, role: ListRole): ListedServer {
    const { context, serve, onChanged } = this.#options
    return listServer(context, {
      ...{ server, capabilities, role, serve },
      onChanged: (kinds, isFirst) => onChanged(server.name, kinds, isFirst),
    })
  }
}

function keyOf({ launch: { name, digest } }: Server): string {
  return `${name} ${digest}`
}
