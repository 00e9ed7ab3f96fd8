/**
 * What this object knows of routes: whose turn it is, and which server waits for the retry of a call
 * that asked its client something. All of it is memory: after an eviction rounds begin anew.
 */
import type { HostCall } from '#protocol/host-call.ts'
import { findSpans, readValue } from '#protocol/json-splice.ts'
import { INPUT_METHODS } from '#protocol/mcp.ts'
import { MAX_ROUTES } from '#protocol/routes.ts'
import type { AnsweringReply } from '../call/reply.ts'
import { oldestOfGreediest } from '../call/fair-share.ts'
import type { LineLog } from '../call/line-log.ts'
import type { Guards } from '../guard/guards.ts'
import { chooseOrder } from './choose.ts'
import type { Attempt } from '../call/open-call.ts'
import { RoutedCall, type HostCandidate, type Running } from './routed-call.ts'

/** The oldest of whoever has most is forgotten; its retry begins anew, at whichever server. */
const MAX_WAITING_STATES = 1_024
/** A sealed state ends with what is different in each of them. */
const STATE_KEY_CHARS = 64

export interface RoutedOptions {
  host: HostCall
  body: Uint8Array
  /** Of the server that was named; a route's own stands in its place where it is shorter. */
  timeoutMs: number
  begin: (attempt: Attempt) => Promise<Running>
}

export class Routing {
  readonly #guards: Pick<Guards, 'stateOf' | 'inFlight'>
  readonly #log: LineLog | undefined
  /** By route. */
  readonly #turns = new Map<string, number>()
  readonly #waiting = new Map<string, { server: string; principal: string }>()

  constructor(guards: Pick<Guards, 'stateOf' | 'inFlight'>, log: LineLog | undefined) {
    this.#guards = guards
    this.#log = log
  }

  /** Not yet running: `reply` may need the call. */
  open({ host, body, timeoutMs, begin }: RoutedOptions, reply: AnsweringReply): RoutedCall {
    const longest = Math.min(timeoutMs, host.route?.timeoutMs ?? Infinity)
    const options = {
      ...{ host, body, begin, log: this.#log },
      candidates: this.#order(host, body),
      deadline: Date.now() + longest,
      onAnswer: (server: string, payload: Uint8Array) => this.#note(host, server, payload),
    }
    return new RoutedCall(options, reply)
  }

  #order(host: HostCall, body: Uint8Array): HostCandidate[] {
    const { name, candidates = [], strategy = 'failover' } = host.route ?? { name: '' }
    const { principal, sessionId } = host
    const turn = this.#take(name)
    const ordered = chooseOrder(
      candidates,
      { strategy, turn, stickyKey: sessionId ?? principal },
      ({ server }) => ({
        isOpen: this.#guards.stateOf(server, principal) === 'open',
        inFlight: this.#guards.inFlight(server, principal),
      }),
    )
    const asked = host.retries === true ? this.#takeWaiting(body) : undefined
    if (asked === undefined) return ordered
    const waits = ordered.filter(({ server }) => server === asked)
    return [...waits, ...ordered.filter(({ server }) => server !== asked)]
  }

  #take(route: string): number {
    const turn = this.#turns.get(route) ?? 0
    // Names that routes have no more.
    if (turn === 0 && this.#turns.size > MAX_ROUTES) this.#turns.clear()
    this.#turns.set(route, turn + 1)
    return turn
  }

  /** A call that waits for its client's answers goes on where it waits. */
  #note({ era, envelope, principal }: HostCall, server: string, payload: Uint8Array): void {
    const method = envelope?.kind === 'request' ? envelope.method : ''
    if (era !== 'modern' || !INPUT_METHODS.has(method)) return
    const key = readState(payload, ['result', 'requestState'])
    if (key === undefined) return
    this.#waiting.set(key, { server, principal })
    if (this.#waiting.size <= MAX_WAITING_STATES) return
    const oldest = oldestOfGreediest(this.#waiting, ([, waiting]) => waiting.principal)
    if (oldest !== undefined) this.#waiting.delete(oldest[0])
  }

  /** Known until it is too old: a retry may be repeated. */
  #takeWaiting(body: Uint8Array): string | undefined {
    const key = readState(body, ['params', 'requestState'])
    return key === undefined ? undefined : this.#waiting.get(key)?.server
  }
}

function readState(json: Uint8Array, path: readonly string[]): string | undefined {
  const [span] = findSpans(json, [path])
  const state = span && readValue(json, span)
  return typeof state === 'string' ? state.slice(-STATE_KEY_CHARS) : undefined
}
