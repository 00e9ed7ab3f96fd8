/** The numbers that Hearth has to hold, judged on a run. A missing measurement is a failure. */
import { BARE_OBJECT, POLICIES, RAW_STDIO } from './peers/names.ts'
import {
  medianOf,
  newSessionMs,
  ratioOf,
  type ChurnResult,
  type LoadFigure,
  type PeerResult,
  type Phase,
  type Results,
} from './results.ts'

export interface Aim {
  what: string
  limit: string
  measured: string
  held: boolean
}

/** This project as it is, or as it was at the commit that is measured beside it. */
export type Side = 'subject' | 'former'

const NEW_SESSION_MS = 15
const IDLE_BYTES = 180e6
const MEMORY_GROWTH = 1.1
/** In a row: one may be calm by chance, as a heap is collected. */
export const CALM_BATCHES = 2
const MODERN_RATIO = 1.2
/** One respawn is what raw stdio takes from spawn to the first answer; the rest is noise. */
const RESPAWN_MARGIN = 1.5

export function judgeAims(results: Results, side: Side = 'subject'): Aim[] {
  const echo = results.targets.find(({ target }) => target === 'echo')?.peers ?? []
  const everything = results.targets.find(({ target }) => target === 'everything')?.peers ?? []
  const hearth = echo.find(({ role }) => role === side)
  const churn = side === 'subject' ? results.churn : results.formerChurn
  return [
    ...judgeRatios(hearth, echo),
    judgeNewSession(everything.find(({ role }) => role === side)),
    judgeMemory(hearth),
    judgeChurn(churn),
    judgeRecovery(hearth, echo),
    judgeModern(hearth),
  ]
}

interface RatioRule {
  what: string
  phase: Phase
  figure: LoadFigure
  /** What the limit is multiplied with. */
  unit: string
  of: PeerResult | undefined
  /** Of these one is given. */
  most?: number
  least?: number
}

function judgeRatios(hearth: PeerResult | undefined, peers: PeerResult[]): Aim[] {
  const bare = named(peers, BARE_OBJECT)
  const gateway = fastest(peers, 'gateway')
  const pipe = fastest(peers, 'peer')
  const one = { phase: 'one', of: bare, unit: 'bare object' } as const
  const many = { phase: 'many', figure: 'callsPerSecond', what: 'calls/s, 16 sessions' } as const
  const rules: RatioRule[] = [
    {
      ...one,
      ...{ what: 'CPU per call, the whole product without the server', phase: 'many', most: 1.5 },
      figure: 'productCPUMsPerCall',
    },
    { ...one, what: 'p50, 1 session', figure: 'p50Ms', most: 1.25 },
    { ...one, what: 'p99, 1 session', figure: 'p99Ms', most: 2 },
    { ...many, of: bare, unit: 'bare object', least: 0.75 },
    { ...many, of: gateway, unit: `the best gateway (${gateway?.peer ?? 'none'})`, least: 2 },
    { ...many, of: pipe, unit: `the best pipe (${pipe?.peer ?? 'none'})`, least: 0.9 },
  ]
  const policies = hearth && named(peers, `${hearth.peer}${POLICIES}`)
  return [
    ...rules.map((rule) => judgeRatio(hearth, rule)),
    judgeRatio(policies, {
      ...{ what: 'all policies on: p50, 1 session', phase: 'one', figure: 'p50Ms' },
      ...{ of: hearth, unit: 'without', most: 1.08 },
    }),
  ]
}

function judgeRatio(mine: PeerResult | undefined, rule: RatioRule): Aim {
  const { what, phase, figure, of, unit, most = Infinity, least = 0 } = rule
  const ratio = (mine && of && ratioOf(mine, of, phase, figure)) ?? Number.NaN
  return {
    what,
    limit: rule.most === undefined ? `≥ ${least} × ${unit}` : `≤ ${most} × ${unit}`,
    measured: times(ratio),
    held: ratio <= most && ratio >= least,
  }
}

function judgeNewSession(hearth: PeerResult | undefined): Aim {
  const timeMs = (hearth && newSessionMs(hearth)) ?? Number.NaN
  return {
    what: 'new session to `tools/list` on everything',
    limit: `≤ ${NEW_SESSION_MS} ms`,
    measured: withUnit(timeMs, 'ms', 1),
    held: timeMs <= NEW_SESSION_MS,
  }
}

function judgeMemory(hearth: PeerResult | undefined): Aim {
  const bytes = hearth?.memory?.idleBytes ?? Number.NaN
  return {
    what: 'idle memory, one server',
    limit: `≤ ${IDLE_BYTES / 1e6} MB`,
    measured: withUnit(bytes / 1e6, 'MB'),
    held: bytes <= IDLE_BYTES,
  }
}

function judgeChurn(churn: ChurnResult | undefined): Aim {
  const aim = {
    what: `${(churn?.sessions ?? 1_000).toLocaleString('en')} connects and disconnects of every kind`,
    limit: `≤ ${MEMORY_GROWTH} × memory and processes back, ${CALM_BATCHES} batches in a row`,
  }
  if (churn === undefined) return { ...aim, measured: 'not measured', held: false }
  const { batches } = churn
  const growths = batches.map(growthOf).map(times).join(', then ')
  const last = batches.at(-1)
  const refused = batches.reduce((sum, batch) => sum + batch.refused, 0)
  return {
    ...aim,
    measured: `${growths} memory, ${batches[0]?.before.processes} → ${last?.after.processes} processes, ${refused} refused`,
    held: isCalm(batches),
  }
}

/** Whether the last batches left what they found. */
export function isCalm(batches: ChurnResult['batches']): boolean {
  const last = batches.slice(-CALM_BATCHES)
  return (
    last.length === CALM_BATCHES &&
    last.every(
      (batch) =>
        growthOf(batch) <= MEMORY_GROWTH &&
        batch.after.processes <= batch.before.processes &&
        batch.refused === 0,
    )
  )
}

function growthOf({ before, after }: ChurnResult['batches'][number]): number {
  return after.pssBytes / before.pssBytes
}

function judgeRecovery(hearth: PeerResult | undefined, peers: PeerResult[]): Aim {
  const raw = named(peers, RAW_STDIO)
  const limitMs = RESPAWN_MARGIN * ((raw && newSessionMs(raw)) ?? Number.NaN)
  const recoveries = hearth?.recoveries ?? []
  const worstMs = Math.max(0, ...recoveries.map((one) => one.recoveredMs ?? Infinity))
  const failed = Math.max(0, ...recoveries.map((one) => one.failedCalls))
  const acted = recoveries.some((one) => one.clientAction)
  const told = `${worstMs.toFixed(0)} ms at worst, ${failed} failed calls${acted ? ', new session needed' : ''}`
  return {
    what: '`kill -9` of the process',
    limit: `next call succeeds within one respawn (${withUnit(limitMs, 'ms')}), no client action`,
    measured: recoveries.length === 0 ? 'not measured' : told,
    held: recoveries.length > 0 && worstMs <= limitMs && failed === 0 && !acted,
  }
}

function judgeModern(hearth: PeerResult | undefined): Aim {
  const modernMs = (hearth && medianOf(hearth, 'modern', 'p50Ms')) ?? Number.NaN
  const ratio = modernMs / ((hearth && medianOf(hearth, 'one', 'p50Ms')) ?? Number.NaN)
  return {
    what: 'modern call on a legacy server, p50',
    limit: `≤ ${MODERN_RATIO} × the legacy call`,
    measured: times(ratio),
    held: ratio <= MODERN_RATIO,
  }
}

function fastest(peers: PeerResult[], role: PeerResult['role']): PeerResult | undefined {
  const rate = (peer: PeerResult): number => medianOf(peer, 'many', 'callsPerSecond') ?? 0
  return peers
    .filter((peer) => peer.role === role && rate(peer) > 0)
    .sort((a, b) => rate(b) - rate(a))[0]
}

function named(peers: PeerResult[], name: string): PeerResult | undefined {
  return peers.find(({ peer }) => peer === name)
}

function times(ratio: number): string {
  return withUnit(ratio, '×', 2)
}

function withUnit(value: number, unit: string, digits = 0): string {
  return Number.isFinite(value) ? `${value.toFixed(digits)} ${unit}` : 'not measured'
}
