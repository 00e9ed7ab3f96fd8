/** The catalog of one tenant: what its servers offer, shown as one. */
import { BoundedMap } from '#protocol/bounded-map.ts'
import type { CatalogSettings, CatalogTarget, ListsReport } from '#protocol/catalog.ts'
import type { GatewayError } from '#protocol/errors.ts'
import type { Kind } from '#protocol/scopes.ts'
import type { Savings } from '#protocol/tool-pins.ts'
import type { CatalogContext } from './context.ts'
import type { ModernServing } from '../call/serving.ts'
import type { ServersChange } from '../processes/change.ts'
import type { Server } from '../processes/servers.ts'
import { CatalogIndex, type CatalogEntry } from './catalog-index.ts'
import { Announcer, type Audience, type CatalogListener, type ListChange } from './announcer.ts'
import { announcedCapabilities } from './facts.ts'
import { LIST_KINDS, type ListKind } from '../translate/list-kinds.ts'
import { KnownLists } from './lists/known-lists.ts'
import { lazyEntries, LazyTools } from './search/lazy-tools.ts'
import type { Listening, ListRequest } from './list-request.ts'
import { learnAnew } from './lists/learn-anew.ts'
import type { LoneAudience, LoneListener, LoneListening } from './single-server-listeners.ts'
import { writePage } from './page.ts'
import { peekLone } from './single-server-view.ts'
import { collectParts } from './parts.ts'
import { toNamespaced } from './uris.ts'
import { NO_CAPABILITIES } from './lists/variants.ts'
import { keepVisible, renewView } from './visible.ts'

/** Made names that are kept. */
const MAX_INDEXES = 64

export class Catalog {
  readonly #context: CatalogContext
  readonly #lists: KnownLists
  /** By capabilities, and by principal where there are personal servers. */
  readonly #indexes = new BoundedMap<string, CatalogIndex>(MAX_INDEXES)
  /** Of the configuration that they are made for. */
  #indexedVersion = -1
  readonly #announcer: Announcer
  /** In the place of all tools, where that is asked for. */
  readonly lazy: LazyTools

  constructor(context: CatalogContext, serve: (server: Server) => Promise<ModernServing>) {
    this.#context = context
    this.#lists = new KnownLists({
      ...{ context, serve },
      onChanged: (server, kinds, isFirst) => {
        // A session's process that has begun says what changes, and not what there is.
        this.#change({ servers: [server], kinds, isOurs: isFirst })
      },
    })
    this.#announcer = new Announcer({
      peek: (kind, audience) => this.#peek(kind, audience),
      peekLone: (kind, audience) => peekLone(this.#context, this.#lists, kind, audience),
      renew: (view) => renewView(view, this.#configured, this.settings.tools),
    })
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
    if (kind === 'tools' && view.isLazy === true) {
      request.listening?.noteShown(kind, lazyEntries(view))
      return this.lazy.list(request)
    }
    const { visible, ...lacking } = await this.#see(kind, request)
    const shown = this.#mark(kind, visible)
    request.listening?.noteShown(kind, shown)
    const { pageSize } = this.settings
    return writePage(shown, kind, { era, cursor, pageSize, ...lacking })
  }

  async #see(kind: ListKind, request: ListRequest) {
    const { servers = [] } = request.view
    const { principal, capabilities } = request
    const end = Date.now() + this.settings.listTimeoutMs
    const lacking = await this.#lists.ensure(kind, servers, { principal, capabilities })
    // What a tool's user interface is called depends on whose resource it is.
    if (kind === 'tools' && this.#indexFor(request).linksResources) {
      const waitMs = Math.max(0, end - Date.now())
      await this.#lists.ensure('resources', servers, { principal, capabilities, waitMs })
    }
    return { ...this.#visible(kind, request), ...lacking }
  }

  /** By what is known. */
  #visible(kind: ListKind, audience: Audience) {
    const listed = this.#indexFor(audience).entries(kind)
    const visible = keepVisible(listed, kind, audience.view)
    const { pins } = this.#context
    if (kind !== 'tools' || !pins.hides) return { listed, visible }
    const usable = visible.filter(({ server, name }) => !pins.isHidden(server, name))
    return { listed, visible: usable }
  }

  /** What a client would be shown by what is known. */
  #peek(kind: ListKind, audience: Audience): readonly CatalogEntry[] {
    const { view } = audience
    if (kind === 'tools' && view.isLazy === true) return lazyEntries(view)
    return this.#mark(kind, this.#visible(kind, audience).visible)
  }

  #mark(kind: ListKind, entries: readonly CatalogEntry[]): readonly CatalogEntry[] {
    const isMarked = kind === 'tools' && this.#context.pins.policies.changes === 'warn'
    if (!isMarked) return entries
    return entries.map((entry) => ({ ...entry, text: this.#show(entry) }))
  }

  #indexFor({ principal, capabilities, own }: Audience): CatalogIndex {
    if (own === undefined) return this.#index(principal, capabilities)
    return this.#make(principal, capabilities, own)
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
    const asked = { principal, capabilities: undefined, isPatient: true }
    await Promise.all(kinds.map((list) => this.#lists.ensure(list, names, asked)))
    return this.#index(principal).find(kind, name) ?? this.#onlyOffering(kind, name, principal)
  }

  /** What a URI that a server names is called in the catalog. */
  exposeURI(server: string, uri: string, principal: string): string {
    const index = this.#index(principal)
    const exposed = index.exposeURI(server, uri)
    if (exposed !== uri || isWeb(uri) || index.knowsResourcesOf(server)) return exposed
    if (!this.#offersResources(server, principal)) return uri
    // Whose it is cannot be told before that server is asked: until then it leads back there.
    const asked = { principal, capabilities: undefined }
    for (const kind of ['resources', 'templates'] as const) {
      this.#lists.ensure(kind, [server], asked).catch(() => undefined)
    }
    return toNamespaced(server, uri)
  }

  #offersResources(server: string, principal: string): boolean {
    const { servers, eras } = this.#context
    const known = servers.peek(server, principal)
    const spoken = known && eras.known(known)
    return spoken !== undefined && 'resources' in announcedCapabilities(spoken, server)
  }

  /** Asks a server whose tools were never seen for them. Throws what it cannot be asked with. */
  learnTools(server: string, principal: string): Promise<void> {
    return this.#lists.learn('tools', server, principal)
  }

  /** Asks a server that is nobody's own for its tools, where they are not known, before anyone does. */
  prepare(server: Server): void {
    this.#lists.prepare('tools', server)
  }

  /** What is known of a server that is nobody's own. Asks nobody. */
  report(server: Server): ListsReport {
    return this.#lists.report(server)
  }

  /** A session's process of the server said that these lists have changed. */
  renew(server: string, principal: string, kinds: readonly ListKind[]): void {
    this.#lists.renew(server, principal, kinds)
  }

  /** Hears of changes of what it sees. */
  listen(listener: CatalogListener): Listening {
    return this.#announcer.listen(listener)
  }

  /** The same at the URL of one server. */
  listenAlone(listener: LoneListener): LoneListening {
    return this.#announcer.lone.listen(listener)
  }

  /** What somebody who listens there sees is to be known, where it takes no container to ask. */
  async watchAlone({ server, principal, capabilities }: LoneAudience, kinds: readonly ListKind[]) {
    if (!this.#context.isUp(server)) return
    const asked = { principal, capabilities, unlisted: new Set([server]) }
    await Promise.all(kinds.map((kind) => this.#lists.ensure(kind, [server], asked)))
  }

  /** Somebody wants to hear of changes: those servers are listened to, but none is woken for it. */
  watch(audience: Audience): Promise<void> {
    return this.#lists.watch(audience)
  }

  /**
   * The configuration is another one. Where somebody listens, what begins anew is asked for its lists, so
   * that it is known what has changed. What sleeps is not woken, and one that is somebody's own is not
   * started for a client that is idle: those who see it are told to ask.
   */
  change({ added, changed, removed, principal, isShownAnew = false }: ServersChange): void {
    const servers = isShownAnew ? this.#names : [...added, ...changed, ...removed]
    this.#change({ servers, kinds: LIST_KINDS, isOurs: true })
    if (!this.#announcer.isHeard) return
    const { servers: configured, isUp } = this.#context
    const anew = [...added, ...changed]
    const isHeard = (name: string): boolean => this.#announcer.hears(name)
    const known = anew.filter((name) => {
      return isHeard(name) && isUp(name) && configured.peek(name) !== undefined
    })
    if (isShownAnew) this.#announcer.changeLone({ servers, how: 'shown' })
    this.#announcer.changeLone({ servers: known, how: 'anew' })
    this.#announcer.suspect(
      anew.filter((name) => !known.includes(name)),
      principal,
    )
    this.#announcer.hold(learnAnew(known, this.#lists, this.#announcer)).catch(() => undefined)
  }

  /** A tool of the server may be used again. */
  tell(server: string): void {
    this.#change({ servers: [server], kinds: ['tools'], isOurs: true })
    this.#announcer.changeLone({ servers: [server], kinds: ['tools'], how: 'anew' })
  }

  /** How much `lazy` saves of what is known of the common servers. */
  savings(): Savings {
    return this.lazy.savings(this.#index('').entries('tools'), { servers: this.#names })
  }

  /** After a change of the configuration: forgets what is configured no more. */
  prune(): void {
    this.#indexes.clear()
    this.#lists.prune()
  }

  get #names(): string[] {
    return this.#context.servers.all.map(({ name }) => name)
  }

  get #hasPersonal(): boolean {
    return this.#context.servers.all.some(isPersonal)
  }

  get #configured(): { name: string; requiredScopes: readonly string[] }[] {
    return this.#names.map((name) => {
      const { requiredScopes = [] } = this.#context.servers.factsOf(name, '')?.config ?? {}
      return { name, requiredScopes }
    })
  }

  #change(change: ListChange): void {
    this.#indexes.clear()
    this.#announcer.change(change)
  }

  #index(principal: string, capabilities = NO_CAPABILITIES): CatalogIndex {
    const { version } = this.#context.servers
    if (version !== this.#indexedVersion) this.#indexes.clear()
    this.#indexedVersion = version
    const key = `${this.#hasPersonal ? principal : ''} ${capabilities}`
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.#make(principal, capabilities)
    this.#indexes.set(key, index)
    return index
  }

  #make(principal: string, capabilities: string, own?: ListRequest['own']): CatalogIndex {
    const asked = { principal, capabilities, own }
    const parts = collectParts(this.#context.servers, (server) => this.#lists.of(server), asked)
    return new CatalogIndex(parts, this.settings)
  }

  /** A URI that no list has leads to the only server that has resources at all. */
  #onlyOffering(kind: Kind, name: string, principal: string): CatalogTarget | undefined {
    if (kind !== 'resource') return undefined
    const offering = this.#names.filter((server) => this.#offersResources(server, principal))
    const [only] = offering
    return only === undefined || offering.length > 1 ? undefined : { server: only, name }
  }
}

function isWeb(uri: string): boolean {
  return /^https?:/i.test(uri)
}

function isPersonal({ server, fault }: { server?: Server; fault?: GatewayError }): boolean {
  return server === undefined && fault === undefined
}
