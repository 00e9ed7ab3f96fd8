/**
 * Which eras a server speaks: asked once for each command, in throw-away processes, because some
 * servers exit on a request before `initialize` (2026-07-28, transports/stdio.mdx, Compatibility).
 * Answers are kept as they came and judged when they are read: a later version may know more.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
import { URGENCY, type Urgency } from '#protocol/link.ts'
import { Connection, ServerError } from './connection.ts'
import type { Channel } from './link/channel.ts'
import type { ProcessContext } from './context.ts'
import {
  discoverParams,
  errorOf,
  initializeParams,
  isModern,
  isSilence,
  isUnreached,
  parse,
  resultOf,
  settle,
  toEras,
  toText,
  type Answers,
  type Asked,
  type AskedBoth,
  type Eras,
} from './era-answers.ts'
import { startFailure } from './start-failure.ts'
import { openProcess } from './open-process.ts'
import { OpeningUrgency } from './opening-urgency.ts'
import { ReadyProcesses } from './ready-processes.ts'
import type { Server } from './servers.ts'

/** A server that does not answer `server/discover` in this time is taken for a legacy one, for now. */
const DISCOVER_TIMEOUT_MS = 5_000
/** In memory; the store has more. Each version of a secret has another digest. */
const MAX_KNOWN_ERAS = 1_000

type Context = Omit<ProcessContext, 'guards'>

/** One probe of a server, for all who wait for it. */
interface Probe {
  answer: Promise<Eras>
  urgency: OpeningUrgency
  /** It stays, for others. */
  kept?: Channel
}

export class EraProbe {
  readonly ready = new ReadyProcesses()
  readonly #context: Context
  /** By launch digest. */
  readonly #known = new BoundedMap<string, Eras>(MAX_KNOWN_ERAS)
  readonly #probing = new Map<string, Probe>()

  constructor(context: Context) {
    this.#context = context
  }

  /** What is known without asking; `undefined` until a probe succeeded. */
  known({ launch: { digest } }: Server): Eras | undefined {
    const known = this.#known.get(digest)
    if (known !== undefined) return known
    const row = this.#context.store.eras.get(digest)
    if (row === undefined) return undefined
    const eras = toEras({ discover: parse(row.discover), initialize: parse(row.initialize) })
    // Of an answer that proves nothing: it is asked again.
    if (eras.discover === undefined && eras.initialize === undefined) return undefined
    this.#known.set(digest, eras)
    return eras
  }

  /**
   * What is enough for requests that stand alone. Throws `server_start_failed`, `server_start_timeout` and what
   * the host program refuses with. Those who wait share one probe, which is as urgent as the most urgent of them.
   */
  async of(server: Server, urgency: Urgency = URGENCY.call): Promise<Eras> {
    const known = this.known(server)
    if (known !== undefined) return known
    const waited = new OpeningUrgency(urgency)
    return this.#share(server, waited, (probe) => this.#probe(server, probe))
  }

  /**
   * The same for sessions: one that answers `server/discover` is asked to initialize, too, in a process of its
   * own, since it may stay with the first era that it was spoken to in. `principal`: whose session waits for
   * it; absent: nobody's does.
   */
  async both(server: Server, principal?: string): Promise<Eras> {
    const urgency = principal === undefined ? URGENCY.none : URGENCY.call
    const spoken = await this.of(server, urgency)
    if (spoken.isUnasked !== true) return spoken
    const waited = new OpeningUrgency(urgency, principal)
    return this.#share(server, waited, (probe) => this.#askForSessions(server, probe, spoken))
  }

  #share(
    { launch: { digest } }: Server,
    urgency: OpeningUrgency,
    run: (probe: Probe) => Promise<Eras>,
  ): Promise<Eras> {
    let probe = this.#probing.get(digest)
    if (probe === undefined) {
      const made: Probe = {
        urgency,
        answer: Promise.resolve().then(() => run(made)),
      }
      probe = made
      this.#probing.set(digest, made)
      made.answer.then(
        () => this.#probing.delete(digest),
        () => this.#probing.delete(digest),
      )
    }
    probe.urgency.raise(urgency.value)
    return probe.answer
  }

  async #probe(server: Server, probe: Probe): Promise<Eras> {
    const { discover, initialize } = await this.#ask(server, probe)
    const answers = {
      discover: resultOf(discover),
      initialize: initialize && (resultOf(initialize) ?? null),
    }
    const eras = toEras(answers)
    if (eras.discover === undefined && eras.initialize === undefined) {
      throw startFailure(this.#context.servers, server, errorOf(initialize ?? discover))
    }
    this.#known.set(server.launch.digest, eras)
    this.#context.servers.reasons.end(server.launch)
    // Silence is no answer: a server that was merely slow is asked again by the next object.
    if (!isSilence(discover) && ![discover, initialize].some(isUnreached)) {
      this.#remember(server, answers)
    }
    return eras
  }

  async #askForSessions(server: Server, probe: Probe, { discover }: Eras): Promise<Eras> {
    if (server.launch.maxProcesses === 1) this.ready.end(server)
    const asked = await this.#converse(server, probe, (connection) =>
      askToInitialize(connection, server.config.timeoutMs.start),
    )
    const answers = { discover, initialize: resultOf(asked) ?? null }
    const eras = toEras(answers)
    this.#known.set(server.launch.digest, eras)
    const isAnswered = 'result' in asked || asked.error instanceof ServerError
    if (isAnswered) this.#remember(server, answers)
    return eras
  }

  #remember({ launch: { digest } }: Server, { discover, initialize }: Answers): void {
    const row = { discover: toText(discover), initialize: toText(initialize) }
    this.#context.store.eras.save(digest, row, Date.now())
  }

  /**
   * One process after the other: a server may hold a port, a lock or a profile. A process that has refused
   * `server/discover`, or answered anything, is asked to initialize, too: another one is started where it does
   * not. One that speaks 2026-07-28 is not asked.
   */
  async #ask(server: Server, probe: Probe): Promise<AskedBoth> {
    const { start } = server.config.timeoutMs
    // One that is not up yet has not been asked. An older host program does not say.
    const isUp = (): boolean => this.#context.startOf(server)?.state !== 'starting'
    const asked = await this.#converse(server, probe, async (connection): Promise<AskedBoth> => {
      const within = { silenceMs: DISCOVER_TIMEOUT_MS, longestMs: start, isUp }
      const discover = await settle(
        connection.askWhenUp('server/discover', discoverParams(), within),
      )
      if (server.launch.remote !== undefined || connection.over) return { discover }
      if (isModern(discover)) {
        this.#offer(server, probe, connection.channel)
        return { discover }
      }
      const hasAnswered = 'result' in discover
      if (!hasAnswered && !(discover.error instanceof ServerError)) return { discover }
      const timeoutMs = hasAnswered ? DISCOVER_TIMEOUT_MS : start
      const initialize = await askToInitialize(connection, timeoutMs)
      if ('error' in initialize) return { discover }
      if (!hasAnswered) this.#offer(server, probe, connection.channel, initializeParams())
      return { discover, initialize }
    })
    if (asked.initialize !== undefined || isModern(asked.discover)) return asked
    const initialize = await this.#converse(server, probe, (connection) =>
      askToInitialize(connection, start),
    )
    return { ...asked, initialize }
  }

  /** It may be gone on with by whoever asks next as Hearth itself does, or in the modern era. */
  #offer(server: Server, probe: Probe, channel: Channel, initialize?: object): void {
    const about = { channel, initialize, urgency: probe.urgency }
    if (this.ready.keep(server, about)) probe.kept = channel
  }

  async #converse<T>(
    server: Server,
    probe: Probe,
    talk: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    const key = `probe:${crypto.randomUUID()}`
    const channel = await openProcess(this.#context, server, { key }, probe.urgency)
    const connection = new Connection(channel, this.#context.ticker, {
      onServerMessage: () => undefined,
      onStrayResponse: () => undefined,
      onOver: (error, unanswered) => {
        for (const exchange of unanswered) exchange.onLost(error)
      },
    })
    return talk(connection).finally(() => {
      if (connection.channel !== probe.kept) connection.close()
    })
  }
}

function askToInitialize(connection: Connection, timeoutMs: number): Promise<Asked> {
  return settle(connection.ask('initialize', initializeParams(), timeoutMs))
}
