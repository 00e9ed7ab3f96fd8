/** What a run leaves behind: `results/latest.json`, from which every table and plot is made. */
import type { MemoryResult } from './memory.ts'
import type { Isolation, Peer, Target } from './peers/peer.ts'
import { median } from './statistics.ts'

export interface LoadResult {
  calls: number
  failed: number
  callsPerSecond: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
  /** CPU time of the peer's whole process tree, the servers included, for one call. */
  cpuMsPerCall: number
  /** The same without the servers. */
  productCPUMsPerCall: number
  /** The same by program. */
  cpuMsPerCallBy: Record<string, number>
  /** The share of all cores that something else took meanwhile. */
  othersShare: number
}

export interface Recovery {
  /** From the kill to the next successful call; `null` when there was none within ten seconds. */
  recoveredMs: number | null
  failedCalls: number
  /** Whether the client had to send `initialize` again. */
  clientAction: boolean
}

export interface Round {
  one: LoadResult
  many?: LoadResult
  modern?: LoadResult
  newSessionMs?: number[]
}

export interface PeerResult {
  peer: string
  version: string
  isolation: Isolation
  role: Peer['role']
  /** From the start of the program until it takes connections. */
  startMs: number
  rounds: Round[]
  memory?: MemoryResult
  afterLoadBytes?: number
  recoveries: Recovery[]
}

export interface TargetResult {
  target: Target['name']
  peers: PeerResult[]
}

/** Clients of every kind that come and go, and what is there before and after each batch of them. */
export interface ChurnResult {
  /** Of each batch. */
  sessions: number
  batches: { refused: number; before: Weight; after: Weight }[]
}

export interface Weight {
  processes: number
  pssBytes: number
}

export interface Machine {
  cpus: number
  model: string
  node: string
  /** Over the minute before. */
  loadAverage: number
  /** The share of all cores that others took before anything was started. */
  othersShare?: number
}

/** Calls of each kind of Durable Object for one request, with every policy on. */
export interface ObjectCalls {
  what: string
  requests: number
  serverHost: number
  rateLimiter: number
  tenant: number
}

/** One step of a warm call: `steps/steps.ts`. */
export interface StepFigure {
  name: string
  what: string
  ns: number
  /** Allocated. */
  bytes: number
  elsewhereNs?: number
  /** The same step in another case, which is not added to the others. */
  isVariant?: true
}

/** What `results/steps.json` holds. */
export interface StepResults {
  date: string
  machine: Machine
  steps: StepFigure[]
}

/** CPU time of a warm call, of one layer of one process. */
export interface ProfileShare {
  process: string
  layer: string
  us: number
}

/** What `results/profile.json` holds. */
export interface ProfileResults {
  date: string
  machine: Machine
  shares: ProfileShare[]
}

/** A peer that could not be installed, started or called. */
export interface Missing {
  peer: string
  why: string
}

export interface Results {
  date: string
  rounds: number
  machine: Machine
  targets: TargetResult[]
  missing?: Missing[]
  /** The commit that was measured beside this one. */
  former?: string
  churn?: ChurnResult
  /** That of the former commit. */
  formerChurn?: ChurnResult
  objectCalls?: ObjectCalls[]
}

export type Phase = 'one' | 'many' | 'modern'
export type LoadFigure = Exclude<
  keyof LoadResult,
  'calls' | 'failed' | 'cpuMsPerCallBy' | 'othersShare'
>

/** A round's value, median over rounds. `undefined` where the peer was not measured. */
export function medianOf(peer: PeerResult, phase: Phase, figure: LoadFigure): number | undefined {
  const values = peer.rounds.flatMap((round) => round[phase]?.[figure] ?? [])
  return values.length === 0 ? undefined : median(values)
}

export function newSessionMs(peer: PeerResult): number | undefined {
  const values = peer.rounds.flatMap((round) => round.newSessionMs ?? [])
  return values.length === 0 ? undefined : median(values)
}

/** Median of the ratios of single rounds: what disturbs a round disturbs both of its sides. */
export function ratioOf(
  peer: PeerResult,
  other: PeerResult,
  phase: Phase,
  figure: LoadFigure,
): number | undefined {
  const ratios = peer.rounds.flatMap((round, index) => {
    const mine = round[phase]?.[figure]
    const theirs = other.rounds[index]?.[phase]?.[figure]
    return mine === undefined || theirs === undefined ? [] : mine / theirs
  })
  return ratios.length === 0 ? undefined : median(ratios)
}

/** CPU milliseconds for each call of a phase by program, the largest first. */
export function cpuByProgram(peer: PeerResult, phase: Phase): [program: string, cpuMs: number][] {
  const shares = peer.rounds.map((round) => round[phase]?.cpuMsPerCallBy ?? {})
  const programs = [...new Set(shares.flatMap((share) => Object.keys(share)))]
  return programs
    .map((program): [string, number] => [
      program,
      median(shares.map((share) => share[program] ?? 0)),
    ])
    .filter(([, cpuMs]) => cpuMs >= 0.001)
    .sort(([, a], [, b]) => b - a)
}
