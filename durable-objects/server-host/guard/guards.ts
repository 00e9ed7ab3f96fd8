/**
 * The guard of each server that is called: of a personal one, each principal's is its own. Calls of
 * both faces come here by `HostCall.server`; what is no server's, the catalog's own, passes.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { BreakerPhase, ResilienceReport } from '#protocol/resilience.ts'
import type { ClientCall } from '../call/client-call.ts'
import { StartProgress } from '../call/start-progress.ts'
import type { Connection } from '../processes/connection.ts'
import type { LineLog } from '../call/line-log.ts'
import type { Eras } from '../processes/era-answers.ts'
import type { EraProbe } from '../processes/eras.ts'
import type { Server, ServerFacts, Servers } from '../processes/servers.ts'
import { PING } from '../processes/probe.ts'
import { isHeld, type StartStateOf } from '../processes/start-state.ts'
import type { Ticker, Ticking } from '../processes/ticker.ts'
import { begin, type Work } from './attempt.ts'
import type { BreakerKey, BreakerStore } from './breaker-store.ts'
import { OWN } from './breakers.ts'
import { Guard } from './guard.ts'
import { mergeReports } from './merge-reports.ts'
import { Prober } from './prober.ts'
import { toTurnLine } from './turn-log.ts'

/** Of principals; the one that was made first and has nothing in flight leaves. Its breaker is stored. */
const MAX_PERSONAL_GUARDS = 1_000

interface Context {
  store: { breakers: BreakerStore }
  servers: Servers
  eras: Pick<EraProbe, 'known' | 'of'>
  ticker: Ticker
  /** Calls in flight, of every session. */
  calls: Set<ClientCall>
  log: LineLog | undefined
  isUp: (server: string) => boolean
  startOf: StartStateOf
}

type Owner = Pick<ServerFacts, 'name' | 'principal'>

interface Known {
  server: string
  principal: string
  /** Of the launch that the guard has seen last. */
  digest: string
  guard: Guard
  prober: Prober
}

export class Guards implements Ticking {
  readonly #context: Context
  readonly #tenant: string
  /** By name. */
  readonly #common = new Map<string, Known>()
  /** By name and principal. */
  readonly #personal = new Map<string, Known>()
  readonly #progress = new StartProgress()
  /** `Date.now()`; absent: nothing was in flight. */
  #tickedAt: number | undefined

  constructor(context: Context, tenant: string) {
    this.#context = context
    this.#tenant = tenant
  }

  /** Makes the call, has it wait, or refuses it. Settles it in any case. */
  run(call: ClientCall, body: Uint8Array, work: Work): void {
    const { server, principal } = call.host
    const guard = this.#find(server, principal)?.guard
    if (guard === undefined) {
      const refuse = (error: unknown): void => {
        call.onLost(GatewayError.from(error))
        work.onFailed?.()
      }
      return begin(
        () => work.call(call, body),
        () => undefined,
        refuse,
      )
    }
    this.#context.ticker.add(this)
    guard.run(call, body, work)
  }

  /** A server's eras, found out under its guard where they are not known. Throws what `EraProbe.of` does. */
  async learn(server: Server, timeoutMs: number): Promise<Eras> {
    const { eras } = this.#context
    const known = eras.known(server)
    if (known !== undefined) return known
    const guard = this.#find(server.name, server.principal ?? '')?.guard
    if (guard === undefined) return eras.of(server)
    const mayWaitOn = (): boolean => isHeld(this.#context.startOf(server))
    return guard.learn({ deadline: Date.now() + timeoutMs, mayWaitOn }, () => eras.of(server))
  }

  /** As this principal finds it. `closed` for one that nobody has called. */
  stateOf(server: string, principal = ''): BreakerPhase {
    return this.#find(server, principal)?.guard.phaseAt(Date.now(), principal) ?? 'closed'
  }

  inFlight(server: string, principal = ''): number {
    return this.#find(server, principal)?.guard.inFlight ?? 0
  }

  /** A process of a server's that takes requests from now on: its health may be checked by it. */
  watch({ name, principal = '' }: Owner, connection: Connection, probe = PING): void {
    this.#find(name, principal)?.prober.watch(connection, probe)
  }

  /** `caller`: as that principal finds it. Of a personal server: over all its principals. */
  report(server: string, caller?: string): ResilienceReport {
    const now = Date.now()
    const own = this.#find(server, '')?.guard
    if (own !== undefined) return own.report(now, caller)
    const reports = [...this.#personal.values()].flatMap((known) =>
      known.server === server ? [known.guard.report(now)] : [],
    )
    return mergeReports(reports)
  }

  /** The configuration has changed: what is there no more leaves, what is another server begins anew. */
  reconcile(): void {
    for (const guards of [this.#common, this.#personal]) {
      for (const [key, known] of guards) if (!this.#update(known)) guards.delete(key)
    }
  }

  tick(now: number): void {
    const { calls, ticker } = this.#context
    if (calls.size === 0) {
      this.#tickedAt = undefined
      return ticker.delete(this)
    }
    for (const guards of [this.#common, this.#personal]) {
      for (const { guard } of guards.values()) if (guard.queued > 0) guard.tick(now)
    }
    const passedMs = now - (this.#tickedAt ?? now)
    this.#tickedAt = now
    for (const call of calls) {
      if (call.guard?.awaitsProcess === true) this.#wait(call, passedMs)
      call.guard?.expire(now)
    }
  }

  /** Its time stands still while what it waits for is installed, or waits for its turn. */
  #wait(call: ClientCall, passedMs: number): void {
    const { server: name, principal } = call.host
    const start = this.#context.startOf({ name, principal })
    if (start === undefined) return
    if (isHeld(start)) call.time.postpone(passedMs)
    this.#progress.tell(call, start)
  }

  #find(server: string, principal: string): Known | undefined {
    const known = this.#common.get(server) ?? this.#personal.get(`${server} ${principal}`)
    return known ?? this.#make(server, principal)
  }

  /** `undefined`: not configured, or a personal server of nobody. */
  #make(server: string, caller: string): Known | undefined {
    const { servers, store } = this.#context
    const facts = servers.factsOf(server, caller)
    if (facts === undefined) return undefined
    const { config, principal = '' } = facts
    const isPersonal = facts.principal !== undefined
    if (isPersonal && principal === '') return undefined
    const digest = servers.launchOf(facts)?.digest ?? ''
    const stored = this.#stored({ server, principal }, digest)
    const guard = new Guard({
      ...stored,
      policy: config.resilience,
      isPersonal,
      onTurn: (turned) => {
        const { to: state, lastFailure } = turned
        const whose = { server, principal: turned.caller || principal }
        store.breakers.save(whose, { state, digest: known.digest, lastFailure })
        this.#context.log?.write(toTurnLine({ tenant: this.#tenant, ...whose }, turned))
      },
    })
    const prober = new Prober(guard, () => this.#context.isUp(server))
    const known: Known = { server, principal, digest, guard, prober }
    if (isPersonal) this.#keepPersonal(`${server} ${principal}`, known)
    else this.#common.set(server, known)
    return known
  }

  /** Of one principal where the server is personal; else the server's own, and its callers'. */
  #stored({ server, principal }: BreakerKey, digest: string) {
    const rows = this.#context.store.breakers
      .all(server)
      .filter((row) => row.digest === digest && (principal === '' || row.principal === principal))
    const states = new Map(
      rows.map((row) => [row.principal === principal ? OWN : row.principal, row.state]),
    )
    const failures = rows.flatMap(({ lastFailure }) => lastFailure ?? [])
    const [lastFailure] = failures.toSorted((a, b) => b.at - a.at)
    return { states, lastFailure }
  }

  #keepPersonal(key: string, known: Known): void {
    this.#personal.set(key, known)
    if (this.#personal.size <= MAX_PERSONAL_GUARDS) return
    for (const [other, { guard, prober }] of this.#personal) {
      if (other === key || guard.inFlight + guard.queued > 0) continue
      prober.close()
      this.#personal.delete(other)
      return
    }
  }

  /** False: it is configured no more, or is another's. */
  #update(known: Known): boolean {
    const { servers, store } = this.#context
    const facts = servers.factsOf(known.server, known.principal)
    if (facts === undefined || (facts.principal ?? '') !== known.principal) {
      store.breakers.delete(known)
      known.prober.close()
      return false
    }
    const digest = servers.launchOf(facts)?.digest
    // A personal launch that has left the memory comes back with its principal's next call.
    const isAnother = digest !== undefined && digest !== known.digest
    if (isAnother) {
      known.digest = digest
      store.breakers.delete(known)
    }
    known.guard.configure(facts.config.resilience, isAnother)
    return true
  }
}
