/** How much of the machine others use while something is measured. Linux only. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuMsOf } from './process-tree.ts'
import type { Results } from './results.ts'
import { median } from './statistics.ts'

/** Of all cores. Above it the figures are those of two programs. */
export const QUIET_SHARE = 0.05
const SAMPLE_MS = 3_000
const TICK_MS = 10

/** Begins to count; what it returns tells the share of all cores that neither this process nor these trees took. */
export function watchOthers(roots: () => number[]): () => number {
  const read = (): { atMs: number; busyMs: number; oursMs: number } => ({
    atMs: performance.now(),
    busyMs: busyMs(),
    oursMs: ownMs() + cpuMsOf(roots()),
  })
  const before = read()
  return () => {
    const after = read()
    const others = after.busyMs - before.busyMs - (after.oursMs - before.oursMs)
    return Math.max(0, others / (after.atMs - before.atMs) / availableParallelism())
  }
}

/** Before anything is started. */
export async function sampleOthers(): Promise<number> {
  const othersShare = watchOthers(() => [])
  await delay(SAMPLE_MS)
  return othersShare()
}

/** What others took while calls were counted: in the middle one of all phases, and in the worst. */
export function othersDuring(results: Results): { median: number; worst: number } {
  const shares = results.targets
    .flatMap(({ peers }) => peers)
    .flatMap(({ rounds }) => rounds)
    .flatMap(({ one, many }) => [one.othersShare, many?.othersShare ?? one.othersShare])
  return { median: median(shares), worst: Math.max(0, ...shares) }
}

/** Of the client that measures: peers that wait for their turn are others. */
function ownMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** Time that the machine's host took counts, too. */
function busyMs(): number {
  const [cpu = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = cpu
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softirq + steal) * TICK_MS
}
