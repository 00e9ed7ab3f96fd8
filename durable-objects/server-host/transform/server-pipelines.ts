/**
 * Which pipeline the calls of a server go through: its route's, or its own. A server without
 * transformers has none.
 */
import type { HostCall } from '#protocol/host-call.ts'
import { SPILL_URI } from '#protocol/transform.ts'
import type { Servers } from '../processes/servers.ts'
import { Pipeline, TRANSFORMED_METHODS } from './pipeline.ts'
import { Pipelines } from './pipelines.ts'
import { RoutedPipelines } from './routed-pipelines.ts'

type HostTransformers = Parameters<Pipelines['configure']>[0][number][1]

/** Of a server that has no transformers any more. */
const NOTHING = new Pipeline([], [])

export class ServerPipelines {
  readonly #servers: Servers
  readonly #own = new Pipelines()
  readonly #routed = new RoutedPipelines((server) => this.#listOf(server))

  constructor(servers: Servers) {
    this.#servers = servers
  }

  get isEmpty(): boolean {
    return this.#own.isEmpty && this.#routed.isEmpty
  }

  /** The configuration may be another one. Returns the servers whose pipelines are. */
  configure(): string[] {
    const names = this.#servers.all.map(({ name }) => name)
    const lists = names.map((name): [string, HostTransformers] => [name, this.#listOf(name)])
    const changed = this.#own.configure(lists)
    return this.#routed.configure(this.#servers.routes) ? [...changed, ...names] : changed
  }

  of(server: string, route: string | undefined): Pipeline | undefined {
    const routed = route === undefined ? undefined : this.#routed.of(server, route)
    return routed ?? this.#own.of(server)
  }

  /** Of what comes outside of a call. */
  ownOf(server: string): Pipeline | undefined {
    return this.#own.isEmpty ? undefined : this.#own.of(server)
  }

  /** What a call goes through; `undefined` where nothing is done to it. */
  find({ server, envelope, target, route }: HostCall): Pipeline | undefined {
    const isSpilled = target?.startsWith(SPILL_URI) === true
    if ((this.isEmpty && !isSpilled) || envelope?.kind !== 'request') return undefined
    // What was spilled is never the server's to answer: access to it is decided here.
    const pipeline = this.of(server, route?.name) ?? (isSpilled ? NOTHING : undefined)
    return pipeline !== undefined && TRANSFORMED_METHODS.has(envelope.method) ? pipeline : undefined
  }

  /** Our own logs show what the call names as the server's redaction allows it. */
  hide(host: HostCall): void {
    const { server, target, route } = host
    if (this.isEmpty || target === undefined) return
    const shown = this.of(server, route?.name)?.logged(target)
    if (shown !== undefined && shown !== target) host.shownTarget = shown
  }

  #listOf(server: string): HostTransformers {
    return this.#servers.factsOf(server, '')?.config.transform ?? []
  }
}
