/**
 * The server host that a tenant's calls go to: its sessions, and the processes in the containers of all
 * its placements. Both classes that wrangler knows (`LocalServerHost`, `ContainerServerHost`) are shells around this one.
 * Fields are caches; what must survive an eviction is in the store.
 */
import { CATALOG, type CatalogQuery, type CatalogTarget } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import { decodeHostCall, type HostCall, type WarmReport } from '#protocol/host-call.ts'
import type { LaunchConfig } from '#protocol/tenant.ts'
import type { ToolApproval, ToolsReport } from '#protocol/tool-pins.ts'
import { Catalog } from './catalog/catalog.ts'
import { overrideArguments } from './catalog/override-arguments.ts'
import { Pins } from './catalog/pins/pins.ts'
import { reportPins } from './catalog/pins/report.ts'
import type { LinkChannel } from './processes/link/channel.ts'
import { toResponse, type ClientCall } from './call/client-call.ts'
import { Credentials, unauthorized } from './call/credentials.ts'
import { toCallLog } from './call/to-call-log.ts'
import { IdleStreams } from './call/idle-streams.ts'
import { EraProbe } from './processes/eras.ts'
import type { HostContext } from './host-context.ts'
import { Sessions } from './session/sessions.ts'
import type { AnswerLegacy } from './session/sse/session.ts'
import { SSESessions } from './session/sse/sessions.ts'
import type { LineLog } from './call/line-log.ts'
import { dialAfter, Links, type HostProgram } from './processes/link/links.ts'
import { Room } from './call/in-flight-budget.ts'
import { StatelessCalls } from './stateless/calls.ts'
import type { ModernServing } from './call/serving.ts'
import { createQuietStorage, type QuietStorage } from './processes/quiet-storage.ts'
import { Guards } from './guard/guards.ts'
import { EDGE_NETWORK } from './processes/remote/edge-network.ts'
import { RemoteChannels } from './processes/remote/remote-channels.ts'
import type { ServersChange } from './processes/change.ts'
import { Routing } from './routing/routing.ts'
import { Servers, type Server } from './processes/servers.ts'
import { createStartState } from './processes/start-state.ts'
import { withUse } from './processes/use-store.ts'
import { SharedServers } from './processes/shared-server.ts'
import { readStatus, warmServers } from './status.ts'
import { Store } from './store/store.ts'
import { Ticker } from './processes/ticker.ts'
import { KnownTools } from './processes/tools.ts'
import { Unread } from './call/unread.ts'
import { Transforms } from './transform/transforms.ts'

export interface ServerHostOptions {
  tenant: string
  storage: DurableObjectStorage
  /** Where the servers of a placement run. */
  hostProgram: (placement: string) => HostProgram
  /** What the tenant runs; see `TenantStub.launches`. */
  launches: (principal?: string) => Promise<LaunchConfig | undefined>
  /** Where calls write their lines; absent: nowhere. */
  log: LineLog | undefined
  keepAliveMs: number
  /** How long after the last call its containers sleep; absent where none does. */
  sleepAfterMs?: number
}

/** Longest wait for running calls before a shutdown. */
const DRAIN_MS = 10_000
const DRAIN_POLL_MS = 25
/** Whoever drains stops the gateway within this time; if not, it serves again. */
const AFTER_DRAIN_MS = 10_000
/** Longest until a removed tenant's processes are told to end. */
const REMOVE_MS = 10_000

export class ServerHost {
  readonly #context: HostContext
  readonly #room = new Room()
  readonly #quiet: QuietStorage
  readonly #legacy: Sessions
  readonly #sse: SSESessions
  readonly #modern: StatelessCalls
  /** `Date.now()` until which new calls are refused. */
  #drainedUntil = 0
  #isRemoved = false
  /** The last configuration version of a former tenant of this name. */
  readonly #retired: number

  constructor(options: ServerHostOptions) {
    const { storage } = (this.#quiet = createQuietStorage(options.storage))
    const store = new Store(storage)
    this.#retired = store.retired
    const ticker = new Ticker()
    const links = new Links({
      hostProgram: (placement) => dialAfter(() => servers.load(), options.hostProgram(placement)),
      launches: (placement) => withUse(servers.launchesAt(placement), store.uses),
      ...{ store: store.placements, unacked: this.#room },
      adopt: (channel, placement) => this.#adopt(channel, placement),
      onStartFailed: (meta) => servers.reasons.hear(meta),
    })
    const onLaunches = (): void => {
      links.configure(servers.placements)
      this.#modern.prune()
      this.#context.shared.prune(this.#context)
      this.#context.catalog.prune()
      this.#context.guards.reconcile()
      this.#context.transforms.configure()
    }
    const { tenant, keepAliveMs, log } = options
    const onChange = (change: ServersChange): void => this.#change(change)
    const servers = new Servers(options.launches, onLaunches, onChange, tenant)
    const remotes = new RemoteChannels(EDGE_NETWORK)
    const startOf = createStartState({ links, servers })
    const eras = new EraProbe({ links, servers, remotes, store, ticker, startOf })
    const calls = new Set<ClientCall>()
    const isUp = (server: string): boolean => links.isUp(servers.placementOf(server))
    const serve = (server: Server): Promise<ModernServing> => this.#modern.serve(server)
    const pins = new Pins({
      ...{ store: store.pins, tenant, settings: () => servers.catalog },
      ownerOf: (server, principal) => servers.factsOf(server, principal)?.principal,
      learn: (server, principal) => catalog.learnTools(server, principal),
    })
    const catalog: Catalog = new Catalog({ servers, eras, store, isUp, startOf, pins }, serve)
    const guards = new Guards({ store, servers, ticker, calls, log, isUp, startOf, eras }, tenant)
    const routing = new Routing(guards, log)
    const tools = new KnownTools()
    const transforms = new Transforms({ servers, tools, store, catalog, log }, serve)
    this.#context = {
      ...{ store, links, remotes, ticker, servers, tools, eras, guards, routing, catalog },
      credentials: new Credentials(ticker),
      unread: new Unread(ticker, tenant),
      idleStreams: this.#createIdleStreams(ticker, options.sleepAfterMs),
      ...{ shared: new SharedServers(), pins, transforms, calls, keepAliveMs, log, isUp, startOf },
    }
    this.#modern = new StatelessCalls(this.#context)
    this.#legacy = new Sessions(this.#context, this.#modern)
    const answer: AnswerLegacy = async (host, body) => this.#legacy.answer(host, body)
    this.#sse = new SSESessions({ context: this.#context, storage, answer })
  }

  /**
   * Answers one forwarded request; failures are JSON-RPC errors, never thrown. A warm call waits for its
   * answer alone.
   */
  async fetch(request: Request): Promise<Response> {
    const host = decodeHostCall(request.headers)
    const { links, servers, idleStreams } = this.#context
    const placement = servers.placementOf(host.server)
    // A stream that only listens does not keep a container awake.
    const isUse = host.http !== 'GET'
    if (isUse) idleStreams.use()
    const held = isUse && placement !== undefined ? links.retain(placement) : undefined
    try {
      this.#admit(host)
      const reading = this.#room.read(request, host)
      const body = reading instanceof Promise ? await reading : reading
      // What is about all servers waits for no one's host, and what is given up for nobody.
      const isFree = host.server === CATALOG || this.#legacy.isGivingUp(host)
      const link = placement === undefined || isFree ? undefined : links.of(placement)
      if (link?.isDialled === true) await link.mended()
      if (servers.version < host.configVersion) await servers.reach(host.configVersion)
      const response = await this.#answer(host, this.#withArguments(host, body))
      response.headers.set('x-request-id', host.requestId)
      this.#room.leave(host, response)
      return response
    } catch (error) {
      return this.#refuse(host, GatewayError.from(error))
    } finally {
      if (held !== undefined) links.release(held)
    }
  }

  /** Throws `shutting_down`, `unauthorized`, `storage_full`. */
  #admit(host: HostCall): void {
    const now = Date.now()
    if (now < this.#drainedUntil) throw new GatewayError('shutting_down', { retryAfterMs: 1_000 })
    this.#context.credentials.check(host, now)
    this.#quiet.prepare(host)
    // Let in as one of a former tenant of this name.
    if (host.configVersion <= this.#retired) throw unauthorized()
  }

  #refuse(host: HostCall, fault: GatewayError): Response {
    host.onOver?.()
    if (fault.code === 'internal') console.error('server host', fault.cause)
    this.#context.transforms.hide(host)
    this.#context.log?.write(toCallLog(host, fault.code))
    return toResponse(fault, host.envelope?.kind === 'request' ? host.envelope.id : null)
  }

  /** See `Borrower`. A stream that only listens keeps no container awake. */
  mayRest(placement: string, idleMs: number): boolean {
    const { calls, links, servers } = this.#context
    const isBusy = [...calls].some(({ host }) => servers.placementOf(host.server) === placement)
    return !isBusy && !this.#sse.isBeginning && links.mayRest(placement, idleMs)
  }

  /** Beside its own: those whose host programs may run. */
  get placements(): string[] {
    return this.#context.links.others
  }

  /** Refuses new calls for a while; resolves when the running ones have ended, or after 10 s. */
  async drain(): Promise<void> {
    const end = Date.now() + DRAIN_MS
    this.#drainedUntil = end + AFTER_DRAIN_MS
    while (this.#context.calls.size > 0 && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS))
    }
    this.#context.log?.flush()
  }

  /**
   * See `ServerHostMethods`. This object serves nothing after it. Processes that could not be reached
   * end by themselves: their host program forgets a cell that nobody dials.
   */
  async remove(version: number): Promise<void> {
    const { credentials, servers, links, remotes, store } = this.#context
    this.#quiet.beQuiet(false)
    this.#drainedUntil = Infinity
    this.#isRemoved = true
    credentials.endAll()
    servers.clear()
    remotes.endAll()
    try {
      await links.end(REMOVE_MS)
    } finally {
      store.clear()
      store.retire(version)
    }
  }

  /** See `ServerHostMethods`. */
  async endCredential(credential: string, at?: number): Promise<void> {
    const now = Date.now()
    this.#context.credentials.end(credential, at ?? now, now)
  }

  /** See `ServerHostMethods`. */
  async resolveName(query: CatalogQuery): Promise<CatalogTarget | undefined> {
    const { servers, catalog } = this.#context
    await servers.reach(query.configVersion)
    return catalog.find(query.kind, query.name, query.principal)
  }

  /** See `ServerHostMethods`. */
  async tools(): Promise<ToolsReport> {
    const { servers, catalog, pins, store } = this.#context
    await servers.load()
    const { changes: whenToolChanges, appears: whenToolAppears } = pins.policies
    const reported = reportPins(store.pins.all, pins.policies, servers.catalog.naming)
    return { whenToolChanges, whenToolAppears, savings: catalog.savings(), ...reported }
  }

  /** See `ServerHostMethods`. */
  async approveTool(approval: ToolApproval): Promise<string> {
    const { servers, catalog, pins } = this.#context
    await servers.load()
    this.#quiet.beQuiet(false)
    const { server, tool } = approval
    const look = () => `${pins.isHidden(server, tool)} ${pins.mark(server, tool, '{}')}`
    const before = look()
    const fingerprint = pins.approve(approval, Date.now())
    if (look() === before) return fingerprint
    catalog.tell(server)
    return fingerprint
  }

  /** See `ServerHostMethods`. A link that is down stays down: its next connection brings the launches. */
  async configChanged(version: number): Promise<void> {
    if (!this.#isRemoved) await this.#context.servers.reach(version)
  }

  /** See `ServerHostMethods`. */
  status(principal?: string): Promise<WarmReport> {
    return readStatus(this.#context, principal)
  }

  /** See `ServerHostMethods`. */
  warm(lists: boolean): Promise<WarmReport> {
    return warmServers(this.#context, lists)
  }

  #createIdleStreams(ticker: Ticker, afterMs: number | undefined): IdleStreams {
    const isAwake = (): boolean => {
      const { calls, links } = this.#context
      return calls.size > 0 || links.areAwake || this.#sse.size > 0
    }
    return new IdleStreams({ ticker, afterMs, isAwake })
  }

  /** After the host program has been told: the only place that sees what became of each server. */
  #change(change: ServersChange): void {
    this.#legacy.change(change)
    this.#context.catalog.change(change)
  }

  #answer(host: HostCall, body: Uint8Array | undefined): Response | Promise<Response> {
    if (host.sse !== undefined) return this.#sse.answer(host, body)
    if (host.era === 'legacy') return this.#legacy.answer(host, body)
    return this.#modern.answer(host, body ?? new Uint8Array())
  }

  #withArguments(host: HostCall, body: Uint8Array | undefined): Uint8Array | undefined {
    if (body === undefined || host.catalog === undefined || host.server === CATALOG) return body
    const { servers, catalog } = this.#context
    catalog.lazy.noteUse(host)
    return overrideArguments(host, body, servers.factsOf(host.server, host.principal))
  }

  /** Of servers that are there: a container has no say in those of another one. */
  #adopt(channel: LinkChannel, placement: string): boolean {
    const prefix = 'session:'
    if (this.#isRemoved || !channel.key.startsWith(prefix)) return false
    const isThere = (server: string) => this.#context.servers.placementOf(server) === placement
    return this.#legacy.adopt(channel.key.slice(prefix.length), channel, isThere)
  }
}
