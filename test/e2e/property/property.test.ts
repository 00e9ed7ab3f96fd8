/**
 * Who else could get this answer? Callers of two tenants, two tokens and two clients use stateful
 * servers in every way at once, with the same ids, while processes, the host program, the object and the
 * whole gateway are killed. `SEED` repeats a run, as far as what is done; `STEPS` makes it shorter or longer.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { within } from '#test/support/event-reader.ts'
import { CALLERS, type Caller } from './callers.ts'
import { disturb } from './disturb.ts'
import { OVERDUE } from './judge.ts'
import { LegacyLine } from './legacy-line.ts'
import { ANSWERED, Ledger } from './ledger.ts'
import type { Line } from './line.ts'
import { ModernLine } from './modern-line.ts'
import { perform } from './perform.ts'
import { plan, type Round } from './plan.ts'
import { SSELine } from './sse-line.ts'
import { startWorld, type World } from './world.ts'

const STEPS = Number(process.env.STEPS ?? 10_000)
const SEED = Number(process.env.SEED ?? 5)
const AT_ONCE = 32
/** Longer than any call may take, its process's start and a loss included. */
const STEP_MS = 60_000
const TIMEOUT_MS = 900_000
/** Parts of the steps: those that are lost or given up are few, and those that wait too long, fewer. */
const MOST = 0.85
const FEW = 0.005

const LINES = { legacy: LegacyLine, modern: ModernLine, sse: SSELine }

const ledger = new Ledger()
const lines = new Map<Caller, Line>()
let world: World

beforeAll(async () => {
  world = await startWorld()
  await eachOf(CALLERS, async (caller) => {
    lines.set(caller, await LINES[caller.road].connect(caller, world, ledger))
  })
}, TIMEOUT_MS)

afterAll(async () => {
  for (const line of lines.values()) line.close()
  await world?.stop()
}, TIMEOUT_MS)

test(
  `nothing reaches another caller, and no call is lost (SEED=${SEED} STEPS=${STEPS})`,
  // What was seen once is seen: a second try could not take it back.
  { timeout: TIMEOUT_MS, retry: 0 },
  async () => {
    const calls = new Map<Line, number>()
    for (const round of plan(SEED, STEPS)) await play(round, calls)

    expect(ledger.faults, ledger.summary).toEqual([])
    const answered = ledger.countOf([ANSWERED])
    expect(answered, ledger.summary).toBeGreaterThan(STEPS * MOST)
    expect(ledger.countOf(OVERDUE, 'timeout'), ledger.summary).toBeLessThan(STEPS * FEW)
  },
)

async function play({ steps, disturbance }: Round, calls: Map<Line, number>): Promise<void> {
  ledger.begin(disturbance === undefined)
  const running = { ledger, calls, disturbance: disturbance?.what }
  let striking: Promise<void> | undefined
  await eachOf(steps, async (step, n) => {
    if (n === disturbance?.at) striking = disturb(disturbance, world)
    await world.ready()
    const line = lines.get(step.caller)
    if (line === undefined) return
    await within(perform(step, line, running), STEP_MS).catch((error: unknown) => {
      ledger.blame(`did not end: ${String(error)}`, step.caller, step)
    })
  })
  await striking
  // The next round begins with every stream open.
  for (const line of lines.values()) {
    await within(line.ready(), STEP_MS).catch(() => {
      ledger.blame('could not open its stream again', line.caller, undefined)
    })
  }
}

/** Begins them in their order, so many at once. */
async function eachOf<T>(
  items: readonly T[],
  act: (item: T, n: number) => Promise<void>,
): Promise<void> {
  const entries = items.entries()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [n, item] of entries) await act(item, n)
    }),
  )
}
