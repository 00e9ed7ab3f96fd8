/**
 * The catalog of one tenant: what its servers offer, kept per server and shown as one. Lists are
 * answered from what is known; a server is asked when nothing is known of it, when that is old, or
 * when it says that something has changed.
 */
import type { CatalogSettings, CatalogTarget, ListsReport } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { Kind } from '#protocol/scopes.ts'
import type { Savings } from '#protocol/tool-pins.ts'
import type { HostContext } from '../host-context.ts'
import type { ModernServing } from '../modern/serving.ts'
import type { ServersChange } from '../servers/change.ts'
import type { Server } from '../servers/servers.ts'
import { CatalogIndex, type CatalogEntry } from './catalog-index.ts'
import { announcedCapabilities } from './facts.ts'
import { LIST_KINDS, type ListKind } from './kinds.ts'
import { LazyTools } from './lazy/lazy-tools.ts'
import type { ListRequest } from './list-request.ts'
import { listServer } from './list-server.ts'
import type { ListedServer } from './listed-server.ts'
import { writePage, type Missing } from './page.ts'
import { collectParts } from './parts.ts'
import { Variants } from './variants.ts'
import { keepVisible } from './visible.ts'

/** `kinds`: the lists that may be others now. */
export type CatalogListener = (
  servers: readonly string[],
  kinds: readonly ListKind[],
  /** The servers' processes say nothing of it. */
  isOurs: boolean,
) => void

type Context = Pick<HostContext, 'servers' | 'eras' | 'store' | 'isUp' | 'pins'>

/** Of what is asked on nobody's behalf. */
const NO_CAPABILITIES = '{}'
/** Made names that are kept. */
const MAX_INDEXES = 64

export class Catalog {
  readonly #context: Context
  readonly #serve: (server: Server) => Promise<ModernServing>
  /** By launch digest. */
  readonly #listed = new Map<string, Variants>()
  /** By capabilities, and by principal where there are personal servers. */
  readonly #indexes = new Map<string, CatalogIndex>()
  /** Of the configuration that they are made for. */
  #indexedVersion = -1
  readonly #listeners = new Set<CatalogListener>()
  /** In the place of all tools, where that is asked for. */
  readonly lazy: LazyTools

  constructor(context: Context, serve: (server: Server) => Promise<ModernServing>) {
    this.#context = context
    this.#serve = serve
    this.lazy = new LazyTools({
      store: context.store.toolSearch,
      see: (request) => this.#see('tools', request),
      show: (entry) => this.#show(entry),
    })
  }

  get settings(): CatalogSettings {
    return this.#context.servers.catalog
  }

  /** The result of a list request, as JSON. What could not be got is named in its `_meta`. */
  async list(kind: ListKind, request: ListRequest): Promise<string> {
    const { view, era, cursor } = request
    if (kind === 'tools' && view.isLazy === true) return this.lazy.list(request)
    const { visible, missing } = await this.#see(kind, request)
    const isMarked = kind === 'tools' && this.#context.pins.policy === 'warn'
    const shown = isMarked
      ? visible.map((entry) => ({ ...entry, text: this.#show(entry) }))
      : visible
    const { pageSize } = this.settings
    return writePage(shown, kind, { era, cursor, pageSize, missing })
  }

  async #see(kind: ListKind, request: ListRequest) {
    const { view, principal, own, capabilities } = request
    const missing = await this.#ensure(kind, view.servers ?? [], request)
    const index =
      own === undefined
        ? this.#index(principal, capabilities)
        : this.#make(principal, capabilities, own)
    const listed = index.entries(kind)
    const visible = keepVisible(listed, kind, view)
    const { pins } = this.#context
    if (kind !== 'tools' || pins.policy !== 'quarantine') return { listed, visible, missing }
    const usable = visible.filter(({ server, name }) => !pins.isHidden(server, name))
    return { listed, visible: usable, missing }
  }

  #show({ server, name, text }: CatalogEntry): string {
    return this.#context.pins.mark(server, name, text)
  }

  /** What a name stands for; asks servers that were never listed when it cannot be told otherwise. */
  async find(kind: Kind, name: string, principal: string): Promise<CatalogTarget | undefined> {
    const found = this.#index(principal).find(kind, name)
    if (found !== undefined) return found
    const kinds: ListKind[] =
      kind === 'resource' ? ['resources', 'templates'] : [kind === 'tool' ? 'tools' : 'prompts']
    const names = this.#names
    const asked = { principal, capabilities: NO_CAPABILITIES }
    await Promise.all(kinds.map((list) => this.#ensure(list, names, asked)))
    return this.#index(principal).find(kind, name) ?? this.#onlyOffering(kind, name, principal)
  }

  /** What a URI that a server names is called in the catalog. */
  exposeURI(server: string, uri: string, principal: string): string {
    return this.#index(principal).exposeURI(server, uri)
  }

  /** What is known of a server that is nobody's own. Asks nobody. */
  report(server: Server): ListsReport {
    const variants = this.#attach(server)
    const report: ListsReport = {}
    for (const kind of LIST_KINDS) {
      const entries = variants.peekAny(kind)
      const failure = variants.failure(kind)
      if (entries !== undefined) report[kind] = entries.length
      if (failure !== undefined) report.failure = failure.code
    }
    return report
  }

  /** A session's process of the server said that these lists have changed. */
  renew(server: string, principal: string, kinds: readonly ListKind[]): void {
    const known = this.#context.servers.peek(server, principal)
    if (known !== undefined) this.#listed.get(known.launch.digest)?.renew(kinds)
  }

  /** Hears of changes until the function that is returned is called. */
  listen(listener: CatalogListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Somebody wants to hear of changes: those servers are listened to, but none is woken for it. */
  async watch({
    view,
    principal,
    capabilities,
  }: Omit<ListRequest, 'era' | 'cursor'>): Promise<void> {
    for (const server of view.servers ?? []) {
      if (!this.#context.isUp(server) || !this.#isListed(server, principal)) continue
      const variants = await this.#variantsOf(server, principal).catch(() => undefined)
      variants?.of(capabilities).listen()
    }
  }

  /** The configuration is another one: whoever listens is told once. */
  change({ added, changed, removed, isShownAnew = false }: ServersChange): void {
    const servers = isShownAnew ? this.#names : [...added, ...changed, ...removed]
    this.#change(servers, LIST_KINDS)
  }

  /** A tool of the server may be used again. */
  tell(server: string): void {
    this.#change([server], ['tools'], true)
  }

  /** How much `lazy` saves of what is known of the common servers. */
  savings(): Savings {
    return this.lazy.savings(this.#index('').entries('tools'), { servers: this.#names })
  }

  /** After a change of the configuration: forgets what is configured no more. */
  prune(digests: ReadonlySet<string>): void {
    this.#indexes.clear()
    for (const [digest, listed] of this.#listed) {
      if (digests.has(digest)) continue
      this.#listed.delete(digest)
      listed.close()
    }
  }

  get #names(): string[] {
    return this.#context.servers.all.map(({ name }) => name)
  }

  get #hasPersonal(): boolean {
    return this.#context.servers.all.some(isPersonal)
  }

  /** Waits for the servers that were never listed, each for a bounded time; those with old lists are asked. */
  async #ensure(
    kind: ListKind,
    names: readonly string[],
    { principal, capabilities }: Pick<ListRequest, 'principal' | 'capabilities'>,
  ): Promise<Missing[]> {
    const { listTimeoutMs } = this.settings
    const missing = names.map(async (server): Promise<Missing[]> => {
      if (!this.#isListed(server, principal)) return []
      try {
        const listed = (await this.#variantsOf(server, principal)).of(capabilities)
        if (listed.peek(kind) === undefined) await listed.within(listTimeoutMs, kind)
        else if (this.#context.isUp(server)) this.#refresh(listed, kind)
        const failure = listed.failure(kind)
        return failure === undefined ? [] : [{ server, error: failure }]
      } catch (error) {
        return [{ server, error: GatewayError.from(error) }]
      }
    })
    return (await Promise.all(missing)).flat()
  }

  /** What is old is answered all the same, and does not wake a container. */
  #refresh(listed: ListedServer, kind: ListKind): void {
    if (!listed.isStale(kind, this.settings.listTtlMs, Date.now())) return
    listed.fetch(kind).catch(() => undefined)
  }

  #isListed(server: string, principal: string): boolean {
    const facts = this.#context.servers.factsOf(server, principal)
    return facts?.config.catalog.isListed === true
  }

  /** Throws `secret_missing` and `secret_unusable`. */
  async #variantsOf(name: string, principal: string): Promise<Variants> {
    const { servers } = this.#context
    const server =
      servers.peek(name, principal) ?? (await servers.get(name, servers.version, principal))
    return this.#attach(server)
  }

  #attach(server: Server): Variants {
    const { digest } = server.launch
    const known = this.#listed.get(digest)
    if (known !== undefined) return known
    const stored = this.#context.store.lists.variants(digest)
    const variants = new Variants((capabilities) => this.#list(server, capabilities), stored)
    this.#listed.set(digest, variants)
    return variants
  }

  #list(server: Server, capabilities: string): ListedServer {
    return listServer(this.#context, {
      ...{ server, capabilities, serve: this.#serve },
      onChanged: (kinds) => this.#change([server.name], kinds),
    })
  }

  #change(servers: readonly string[], kinds: readonly ListKind[], isOurs = false): void {
    this.#indexes.clear()
    if (kinds.length === 0 || servers.length === 0) return
    for (const listener of this.#listeners) listener(servers, kinds, isOurs)
  }

  #index(principal: string, capabilities = NO_CAPABILITIES): CatalogIndex {
    const { version } = this.#context.servers
    if (version !== this.#indexedVersion) this.#indexes.clear()
    this.#indexedVersion = version
    const key = `${this.#hasPersonal ? principal : ''} ${capabilities}`
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.#make(principal, capabilities)
    const [oldest] = this.#indexes.keys()
    if (oldest !== undefined && this.#indexes.size >= MAX_INDEXES) this.#indexes.delete(oldest)
    this.#indexes.set(key, index)
    return index
  }

  #make(principal: string, capabilities: string, own?: ListRequest['own']): CatalogIndex {
    const attach = (server: Server): Variants => this.#attach(server)
    const asked = { principal, capabilities, own }
    const parts = collectParts(this.#context.servers, attach, asked)
    return new CatalogIndex(parts, this.settings)
  }

  /** A URI that no list has leads to the only server that has resources at all. */
  #onlyOffering(kind: Kind, name: string, principal: string): CatalogTarget | undefined {
    if (kind !== 'resource') return undefined
    const { servers, eras } = this.#context
    const offering = this.#names.filter((server) => {
      const known = servers.peek(server, principal)
      const spoken = known && eras.known(known)
      return spoken !== undefined && 'resources' in announcedCapabilities(spoken, server)
    })
    const [only] = offering
    return only === undefined || offering.length > 1 ? undefined : { server: only, name }
  }
}

function isPersonal({ server, fault }: { server?: Server; fault?: GatewayError }): boolean {
  return server === undefined && fault === undefined
}
