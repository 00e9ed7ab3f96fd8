/** Carries a step out, and has its calls judged. */
import { judge, LOST, type End } from './judge.ts'
import { ANSWERED, type Ledger } from './ledger.ts'
import type { Exchange, Line } from './line.ts'
import type { Disturbance, Step } from './plan.ts'
import { toRequest } from './requests.ts'
import type { Stamp } from './stamps.ts'
import { readTool, type Message } from './wire.ts'

export interface Running {
  ledger: Ledger
  /** What happens, or will have happened, in this round. */
  disturbance: Disturbance['what'] | undefined
  /** The number of each caller's last call. */
  calls: Map<Line, number>
}

/** Resolves when all that belongs to the step has ended. */
export async function perform(step: Step, line: Line, running: Running): Promise<void> {
  const exchange = compose(step, line, running)
  switch (step.kind) {
    case 'cancel':
      await conclude({ ...exchange, onMessage: () => 'cancel' }, line, running, true)
      return reuse(exchange, line, running)
    case 'timeout':
      await conclude(exchange, line, running, true)
      return reuse(exchange, line, running)
    case 'resume': {
      const left = await line.exchange({ ...exchange, onMessage: () => 'leave' })
      const end = left.left === true ? ((await line.resume?.(exchange)) ?? left) : left
      return settle(exchange, end, line, running)
    }
    case 'update': {
      const before = line.updates.count
      await conclude(exchange, line, running)
      return awaitUpdate(step, line, running, before)
    }
    default:
      return conclude(exchange, line, running)
  }
}

/** The next call takes the id of one that was given up, whose answer comes meanwhile. */
async function reuse({ step, call }: Exchange, line: Line, running: Running): Promise<void> {
  const next: Step = { ...step, kind: 'reuse' }
  await conclude(compose(next, line, running, call), line, running)
}

function compose(step: Step, line: Line, { calls }: Running, freed?: number): Exchange {
  const call = (calls.get(line) ?? 0) + 1
  calls.set(line, call)
  const stamp = (of: number): Stamp => ({ caller: line.caller.key, call: of })
  const request = toRequest(step, stamp(call), freed === undefined ? undefined : stamp(freed))
  return { step, call, request }
}

async function conclude(
  exchange: Exchange,
  line: Line,
  running: Running,
  isAbandoned = false,
): Promise<void> {
  settle(exchange, await line.exchange(exchange), line, running, isAbandoned)
}

function settle(
  { step, call }: Exchange,
  end: End,
  line: Line,
  { ledger, disturbance }: Running,
  isAbandoned = false,
): void {
  const { caller } = line
  const [answer] = end.answers
  const stamp = { caller: caller.key, call }
  const fault = judge(end, stamp, { kind: step.kind, isAbandoned }, disturbance)
  if (fault !== undefined) ledger.blame(fault, caller, step, `call ${call}: ${JSON.stringify(end)}`)
  ledger.ended(step.kind, nameEnd(answer))
  if (answer?.result === undefined || step.kind === 'cached') return
  const { instance } = readTool(answer)
  if (instance !== undefined) ledger.wasServed(caller, step.server, instance, step)
}

function nameEnd(answer: Message | undefined): string {
  if (answer === undefined) return 'no answer'
  return answer.error === undefined ? ANSWERED : String(answer.error.data?.code ?? 'error')
}

/** An update reaches whoever is subscribed. After a loss the gateway itself subscribes anew, which takes a moment. */
async function awaitUpdate(
  step: Step,
  line: Line,
  { ledger, disturbance }: Running,
  before: number,
): Promise<void> {
  if (disturbance !== undefined) return
  if (await line.updates.beyond(before)) return
  ledger.ended(step.kind, LOST)
}
