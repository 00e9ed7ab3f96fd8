/** The numbers that Hearth has to hold, judged on a run. A missing measurement is a failure. */
import { CATALOG_VARIANT, POLICIES_VARIANT } from './peers/hearth.ts'
import {
  medianOf,
  newSessionMs,
  ratioOf,
  type PeerResult,
  type Results,
  type TargetResult,
} from './results.ts'

export interface Aim {
  what: string
  limit: string
  measured: string
  held: boolean
}

const MEMORY_GROWTH = 1.15
const VARIANTS = [
  { name: POLICIES_VARIANT, what: 'with all policies on', most: 1.15 },
  { name: CATALOG_VARIANT, what: 'by /mcp', most: 1.15 },
]
/** One respawn is what raw stdio takes from spawn to the first answer; the rest is noise. */
const RESPAWN_MARGIN = 1.5

export function judgeAims(results: Results): Aim[] {
  return [...results.targets.flatMap(judgeTarget), ...judgeChurn(results)]
}

function judgeTarget({ target, peers }: TargetResult): Aim[] {
  const hearth = peers.find(({ role }) => role === 'subject')
  if (hearth === undefined) return []
  return [
    ...judgeOneSession(target, hearth, peers),
    ...judgeManySessions(target, hearth, peers),
    ...judgeNewSession(target, hearth),
    ...judgeModern(target, hearth),
    ...judgeVariants(target, hearth, peers),
    ...judgeRecovery(hearth, peers),
  ]
}

function judgeOneSession(target: string, hearth: PeerResult, peers: PeerResult[]): Aim[] {
  const what = `${target}: warm call, 1 session, p50`
  const best = bestPeer(peers, (peer) => medianOf(peer, 'one', 'p50Ms'))
  const ratio = best && ratioOf(hearth, best, 'one', 'p50Ms')
  const raw = named(peers, 'raw stdio')
  const bare = named(peers, 'bare Worker')
  const floorMs = (raw ?? Number.NaN) + (bare ?? Number.NaN)
  const mineMs = medianOf(hearth, 'one', 'p50Ms') ?? Number.NaN
  return [
    {
      what,
      limit: `below the best peer (${best?.peer})`,
      measured: `${times(ratio)} of it`,
      held: ratio !== undefined && ratio < 1,
    },
    {
      what,
      limit: `2 × (bare Worker + raw stdio) = ${(2 * floorMs).toFixed(2)} ms`,
      measured: `${mineMs.toFixed(2)} ms`,
      held: mineMs <= 2 * floorMs,
    },
  ]
}

function judgeManySessions(target: string, hearth: PeerResult, peers: PeerResult[]): Aim[] {
  const slowness = (peer: PeerResult): number | undefined => {
    const rate = medianOf(peer, 'many', 'callsPerSecond')
    return rate === undefined ? undefined : -rate
  }
  const best = bestPeer(peers, slowness)
  const ratio = best && ratioOf(hearth, best, 'many', 'callsPerSecond')
  return [
    {
      what: `${target}: 16 sessions, calls/s`,
      limit: `1.3 × the best peer (${best?.peer})`,
      measured: `${times(ratio)} of it`,
      held: ratio !== undefined && ratio >= 1.3,
    },
  ]
}

function judgeNewSession(target: string, hearth: PeerResult): Aim[] {
  const timeMs = newSessionMs(hearth) ?? Number.NaN
  return [
    {
      what: `${target}: new session to tools/list`,
      limit: '15 ms',
      measured: `${timeMs.toFixed(1)} ms`,
      held: timeMs <= 15,
    },
  ]
}

function judgeModern(target: string, hearth: PeerResult): Aim[] {
  const modernMs = medianOf(hearth, 'modern', 'p50Ms') ?? Number.NaN
  const ratio = modernMs / (medianOf(hearth, 'one', 'p50Ms') ?? Number.NaN)
  return [
    {
      what: `${target}: modern call on a legacy server, p50`,
      limit: '1.2 × the legacy call',
      measured: `${times(ratio)} of it (${modernMs.toFixed(2)} ms)`,
      held: ratio <= 1.2,
    },
  ]
}

function judgeVariants(target: string, hearth: PeerResult, peers: PeerResult[]): Aim[] {
  return VARIANTS.map(({ name, what, most }) => {
    const variant = peers.find(({ peer }) => peer === name)
    const ratio = variant && ratioOf(variant, hearth, 'one', 'p50Ms')
    return {
      what: `${target}: warm call ${what}, 1 session, p50`,
      limit: `${most} × the call without`,
      measured: `${times(ratio)} of it`,
      held: ratio !== undefined && ratio <= most,
    }
  })
}

function judgeRecovery(hearth: PeerResult, peers: PeerResult[]): Aim[] {
  if (hearth.recoveries.length === 0) return []
  const raw = peers.find(({ peer }) => peer === 'raw stdio')
  const limitMs = RESPAWN_MARGIN * ((raw && newSessionMs(raw)) ?? Number.NaN)
  const worstMs = Math.max(...hearth.recoveries.map((one) => one.recoveredMs ?? Infinity))
  const failed = Math.max(...hearth.recoveries.map((one) => one.failedCalls))
  const acted = hearth.recoveries.some((one) => one.clientAction)
  return [
    {
      what: 'kill -9 of the process',
      limit: `next call succeeds within one respawn (${limitMs.toFixed(0)} ms), no client action`,
      measured: `${worstMs.toFixed(0)} ms at worst, ${failed} failed calls${acted ? ', new session needed' : ''}`,
      held: worstMs <= limitMs && failed === 0 && !acted,
    },
  ]
}

function judgeChurn({ churn }: Results): Aim[] {
  if (churn === undefined) return []
  const { before, after, refused } = churn
  const growth = after.pssBytes / before.pssBytes
  return [
    {
      what: `${churn.sessions.toLocaleString('en')} connects and disconnects of every kind`,
      limit: `processes back, memory at most ${MEMORY_GROWTH} ×`,
      measured: `${before.processes} → ${after.processes} processes, ${times(growth)} memory, ${refused} refused`,
      held: after.processes <= before.processes && growth <= MEMORY_GROWTH && refused === 0,
    },
  ]
}

/** The peer with the lowest value. */
function bestPeer(
  peers: PeerResult[],
  value: (peer: PeerResult) => number | undefined,
): PeerResult | undefined {
  const candidates = peers.filter((peer) => peer.role === 'peer' && value(peer) !== undefined)
  return candidates.sort((a, b) => (value(a) ?? 0) - (value(b) ?? 0))[0]
}

function named(peers: PeerResult[], name: string): number | undefined {
  const peer = peers.find((one) => one.peer === name)
  return peer && medianOf(peer, 'one', 'p50Ms')
}

function times(ratio: number | undefined): string {
  return ratio === undefined || Number.isNaN(ratio) ? 'not measured' : `${ratio.toFixed(2)} ×`
}
