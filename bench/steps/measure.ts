/** What one step costs: time, and memory that the collector has to take away again. */
import { GCProfiler } from 'node:v8'
import type { StepFigure } from '../results.ts'

const ROUNDS = 200
const ROUND_MS = 3
const WARM_UP_MS = 200
/** So few that the young generation holds all that they allocate: `../steps.ts` says how large it is. */
const COUNTED_RUNS = 2_000

export interface Step {
  name: string
  /** What is done once. */
  what: string
  /** Nanoseconds that another gateway of compiled code states for its step of this name. */
  elsewhereNs?: number
  isVariant?: true
  run: () => unknown
}

/** So that no step is optimised away. */
export let sink: unknown

/** The fastest of many rounds: one that was disturbed says nothing of the step. */
export function measureStep({ run, ...step }: Step): StepFigure {
  const perRound = countRuns(run)
  let fastest = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    fastest = Math.min(fastest, timeOf(run, perRound) / perRound)
  }
  return { ...step, ns: fastest, bytes: allocatedBy(run) }
}

/** Warms up, and tells how often a step runs in a round. */
function countRuns(run: () => unknown): number {
  let runs = 1_000
  let spentMs = 0
  for (; spentMs < WARM_UP_MS; runs *= 2) spentMs = timeOf(run, runs) / 1e6
  return Math.max(1, Math.round((runs / 2) * (ROUND_MS / spentMs)))
}

function timeOf(run: () => unknown, runs: number): number {
  const startedAt = process.hrtime.bigint()
  for (let at = 0; at < runs; at++) sink = run()
  return Number(process.hrtime.bigint() - startedAt)
}

/** Bytes, of objects and of buffers. Throws where the collector took some of them away meanwhile. */
function allocatedBy(run: () => unknown): number {
  // The second waits until the buffers are swept that the first has found.
  globalThis.gc?.()
  globalThis.gc?.()
  const profiler = new GCProfiler()
  profiler.start()
  const before = allocated()
  for (let at = 0; at < COUNTED_RUNS; at++) sink = run()
  const bytes = allocated() - before
  const collections = profiler.stop().statistics.length
  if (collections > 0) throw new Error(`${collections} collections while allocations were counted`)
  return Math.round(bytes / COUNTED_RUNS)
}

function allocated(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
