/** A legacy process that serves modern calls, and what it was told on their behalf. */
import { GatewayError } from '#protocol/errors.ts'
import { OWN_CLIENT, type HostCall } from '#protocol/host-call.ts'
import { IMPLEMENTATION } from '#protocol/version.ts'
import { EVERYONE, type Owner } from '#protocol/yielding.ts'
import type { Connection } from '../processes/connection.ts'
import type { HostContext } from '../host-context.ts'
import { tell } from '../processes/handshake.ts'
import type { Server } from '../processes/servers.ts'
import { SharedProcess } from '../processes/shared-process.ts'
import { toInitializeParams } from '../translate/to-legacy-capabilities.ts'
import { mostVerbose } from './log-level.ts'
import type { TranslatedCall } from './translated-call.ts'

/** Who calls, as far as a request that stands alone says it. */
export interface Caller {
  /** Two callers of one key are one: nothing tells them apart. */
  key: string
  principal: string
  /** Canonical JSON. */
  capabilities: string
  /** See `HostCall.client`. */
  client: string | undefined
  /** Its process ends `PASSING_MS` after its last call. */
  isPassing: boolean
}

/** A client that asks for one list asks for the others, too. */
export const PASSING_MS = 10_000

export function callerOf(host: HostCall): Caller {
  const { principal, client, capabilities = '{}', isPassing = false } = host
  const key = `${JSON.stringify(principal)} ${client ?? 'null'} ${capabilities}`
  return { key, principal, capabilities, client, isPassing }
}

/** Whose process it is. What Hearth itself asks leaves no state there. */
export function ownerOf({ caller }: Pick<Lease, 'caller'>): Owner {
  if (caller === undefined) return EVERYONE
  return caller.client === OWN_CLIENT ? undefined : caller.principal
}

/** What the processes of a server tell the one who lends them. */
export interface LeaseOwner {
  onRequest: (lease: Lease, payload: Uint8Array, connection: Connection) => void
  onNotification: (lease: Lease, payload: Uint8Array, method: string) => void
  /** The process is gone, and its calls were told. */
  onOver: (lease: Lease, error: GatewayError) => void
}

export class Lease {
  /** Whose calls it serves; absent: everyone's. */
  readonly caller: Caller | undefined
  readonly process: SharedProcess
  readonly calls = new Set<TranslatedCall>()
  /** How many calls and streams need it. */
  users = 0
  /** The level that the process was set to last. */
  level: string | undefined
  #ending: ReturnType<typeof setTimeout> | undefined
  readonly #isWantedElsewhere: (uri: string) => boolean
  /** How many streams want to hear of each. */
  readonly #subscriptions = new Map<string, number>()

  constructor(
    caller: Caller | undefined,
    make: (lease: Lease) => SharedProcess,
    isWantedElsewhere: (uri: string) => boolean = () => false,
  ) {
    this.caller = caller
    this.process = make(this)
    this.#isWantedElsewhere = isWantedElsewhere
  }

  get subscriptions(): readonly string[] {
    return [...this.#subscriptions.keys()]
  }

  /** It is idle: `end` is called in a while where its caller's process does not stay. */
  endSoon(end: () => void): void {
    if (this.caller?.isPassing !== true) return
    if (this.#ending !== undefined) clearTimeout(this.#ending)
    this.#ending = setTimeout(end, PASSING_MS)
  }

  /** One process has one level: the most verbose that a call wants. Each call drops what it did not ask for. */
  async setLevel(level: string): Promise<void> {
    const others = [...this.calls].flatMap(({ client }) => client?.host.logLevel ?? [])
    const wanted = mostVerbose([level, ...others])
    if (wanted === this.level) return
    this.level = wanted
    await this.process.ask('logging/setLevel', { level: wanted }).catch((error: unknown) => {
      if (GatewayError.is(error)) throw error
    })
  }

  /** False where the server refuses it. */
  async subscribe(uri: string): Promise<boolean> {
    try {
      if (!this.#subscriptions.has(uri)) await this.process.ask('resources/subscribe', { uri })
    } catch (error) {
      if (GatewayError.is(error)) throw error
      return false
    }
    this.#subscriptions.set(uri, (this.#subscriptions.get(uri) ?? 0) + 1)
    return true
  }

  unsubscribe(uri: string): void {
    const left = (this.#subscriptions.get(uri) ?? 0) - 1
    if (left > 0) return void this.#subscriptions.set(uri, left)
    if (!this.#subscriptions.delete(uri) || !this.process.isUp) return
    if (this.#isWantedElsewhere(uri)) return
    this.process.ask('resources/unsubscribe', { uri }).catch(() => undefined)
  }
}

/** A process that is started for one caller, and told what that can do. */
export function createLease(
  context: HostContext,
  server: Server,
  caller: Caller,
  owner: LeaseOwner,
): Lease {
  const { roots, sharing, timeoutMs } = server.config
  const initialize = toInitializeParams({
    capabilities: JSON.parse(caller.capabilities) as Record<string, unknown>,
    clientInfo: readClientInfo(caller.client),
    roots,
  })
  const stays = sharing === 'session' && !caller.isPassing && caller.client !== OWN_CLIENT
  const make = (lease: Lease): SharedProcess =>
    new SharedProcess(context, server, {
      owner: ownerOf(lease),
      ...(stays && { name: JSON.stringify([caller.principal, initialize]) }),
      takeReady: () =>
        caller.client === OWN_CLIENT ? context.eras.ready.take(server, initialize) : undefined,
      handshake: (connection, known) => {
        const { level: logLevel, subscriptions } = lease
        const told = { initialize, logLevel, subscriptions, ...(known && { known }) }
        return tell(context, server, connection, told, timeoutMs.start)
      },
      onNotification: (payload, method) => owner.onNotification(lease, payload, method),
      onRequest: (payload, connection) => owner.onRequest(lease, payload, connection),
      onOver: (error) => owner.onOver(lease, error),
    })
  return new Lease(caller, make)
}

function readClientInfo(client: string | undefined): Record<string, unknown> {
  const [name, version] = client?.startsWith('[') ? (JSON.parse(client) as string[]) : []
  if (name === undefined || name === '') return { ...IMPLEMENTATION }
  return { name, version: version ?? '' }
}
