/** In which order the servers of a route are tried. Pure: counters and states are arguments. */
import type { Strategy } from '#protocol/routes.ts'

export interface Candidate {
  server: string
  /** Default: 1. */
  weight?: number
}

/** What is known of a server at this moment. */
export interface CandidateState {
  /** Its circuit breaker is open: it is tried when nothing else is left. */
  isOpen: boolean
  inFlight: number
}

export interface Choice {
  strategy: Strategy
  /** Calls that the route had before: makes rounds. */
  turn: number
  /** What stays at one server: a session, or a principal. */
  stickyKey: string
}

/**
 * All candidates, each once: those with a closed breaker first. The strategy says which of them is
 * the first; those behind it are for failing over.
 */
export function chooseOrder<T extends Candidate>(
  candidates: readonly T[],
  { strategy, turn, stickyKey }: Choice,
  stateOf: (candidate: T) => CandidateState,
): T[] {
  const states = new Map(candidates.map((candidate) => [candidate, stateOf(candidate)]))
  const isOpen = (candidate: T): boolean => states.get(candidate)?.isOpen === true
  const inFlight = (candidate: T): number => states.get(candidate)?.inFlight ?? 0
  const closed = candidates.filter((candidate) => !isOpen(candidate))
  const ordered = {
    failover: () => closed,
    'round-robin': () => rotate(closed, turn),
    // Equally busy ones take turns.
    'least-in-flight': () =>
      rotate(closed, turn).toSorted((one, other) => inFlight(one) - inFlight(other)),
    weighted: () => byWeight(closed, turn),
    sticky: () => byAffinity(closed, stickyKey),
  }[strategy]()
  return [...ordered, ...candidates.filter(isOpen)]
}

function rotate<T>(list: readonly T[], turn: number): T[] {
  const at = list.length === 0 ? 0 : turn % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}

/**
 * Of each as many turns in a row as all weights make, exactly its weight, evenly spread: turns go by
 * the golden ratio, whose multiples leave no gap. One of weight 0 only fails over.
 */
function byWeight<T extends Candidate>(list: readonly T[], turn: number): T[] {
  const total = list.reduce((sum, { weight = 1 }) => sum + weight, 0)
  if (total === 0) return [...list]
  let left = spread(turn, total)
  const first = list.find(({ weight = 1 }) => {
    left -= weight
    return left < 0
  })
  const others = list.filter((candidate) => candidate !== first)
  const rest = others.toSorted((one, other) => weightOf(other) - weightOf(one))
  return first === undefined ? rest : [first, ...rest]
}

function weightOf({ weight = 1 }: Candidate): number {
  return weight
}

/** A permutation of the turns of one round: a step that shares no divisor with their number. */
function spread(turn: number, total: number): number {
  let step = Math.max(1, Math.round(total * 0.618))
  while (greatestDivisor(step, total) !== 1) step++
  return ((turn % total) * step) % total
}

function greatestDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestDivisor(other, one % other)
}

/** Rendezvous hashing: a server that goes or comes moves only the keys that are its own. */
function byAffinity<T extends Candidate>(list: readonly T[], key: string): T[] {
  const score = ({ server }: T): number => hash(`${server}\n${key}`)
  return list
    .map((candidate) => ({ candidate, score: score(candidate) }))
    .toSorted((one, other) => other.score - one.score)
    .map(({ candidate }) => candidate)
}

/** FNV-1a with a last mix, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}
