/** Batches of a thousand clients that come and go in every way: what is left of them afterwards. */
import { setTimeout as delay } from 'node:timers/promises'
import { CALM_BATCHES, isCalm } from './aims.ts'
import { createHTTPClient, requireResult } from './http-client.ts'
import { openLegacySession, sendInitialize } from './http-session.ts'
import { startHearth, type HearthSetup } from './peers/hearth.ts'
import type { Endpoint, RunningPeer, Target } from './peers/peer.ts'
import { usageOf, type Usage } from './process-tree.ts'
import type { ChurnResult, Weight } from './results.ts'

const AT_ONCE = 4
/** Short, so that what vanished clients leave behind is given up within the run. */
const IDLE_TIMEOUT_MS = 1_000
/** Above the default: vanished clients hold their processes until the idle timeout. */
const MAX_PROCESSES = 256
const RETURN_TIMEOUT_MS = 30_000
/** A first crowd that is not counted brings code and heaps to their working size. */
const WARM_UP_SESSIONS = 200
/** Heaps go on growing for a while before they are collected. */
const MAX_BATCHES = CALM_BATCHES + 2

type Visit = (endpoint: Endpoint) => Promise<void>

/** `clean` sends DELETE, `vanished` does not, `uninitialized` stops halfway, `cut` does not wait. */
const VISITS: Visit[] = [
  async ({ url, token }) => {
    const client = createHTTPClient(url)
    const session = await openLegacySession(client, token)
    await session.request('tools/list', {})
    await session.close()
    client.close()
  },
  async ({ url, token }) => {
    const client = createHTTPClient(url)
    const session = await openLegacySession(client, token)
    await session.request('tools/list', {})
    client.close()
  },
  async ({ url, token }) => {
    const client = createHTTPClient(url)
    requireResult(await sendInitialize(client, token), 0)
    client.close()
  },
  async ({ url, token }) => {
    const client = createHTTPClient(url)
    const answer = sendInitialize(client, token).catch(() => undefined)
    await delay(2)
    client.close()
    await answer
  },
]

/** `setup` says which Hearth. */
export async function measureChurn(
  target: Target,
  sessions: number,
  setup: HearthSetup = {},
): Promise<ChurnResult> {
  const options = { idleTimeoutMs: IDLE_TIMEOUT_MS, maxProcesses: MAX_PROCESSES }
  const peer = await startHearth(target, { ...setup, options })
  try {
    const { endpoint } = peer
    if (endpoint === undefined) throw new Error('Hearth has no endpoint')
    await visitMany(endpoint, WARM_UP_SESSIONS)
    const batches: ChurnResult['batches'] = []
    let before = pick(await usageAtRest(peer, 0))
    while (!isCalm(batches) && batches.length < MAX_BATCHES) {
      const refused = await visitMany(endpoint, sessions)
      const after = pick(await usageAtRest(peer, before.processes))
      batches.push({ refused, before, after })
      before = after
    }
    return { sessions, batches }
  } finally {
    await peer.stop()
  }
}

/** Resolves to the number of visits that failed. */
async function visitMany(endpoint: Endpoint, count: number): Promise<number> {
  let next = 0
  let refused = 0
  const walk = async (): Promise<void> => {
    while (next < count) {
      const visit = VISITS[next++ % VISITS.length]
      await visit?.(endpoint).catch(() => (refused += 1))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, walk))
  return refused
}

/** Usage once at most `processes` are left and their number has stopped falling, or too late. */
async function usageAtRest(peer: RunningPeer, processes: number): Promise<Usage> {
  const deadline = performance.now() + RETURN_TIMEOUT_MS
  await delay(2 * IDLE_TIMEOUT_MS)
  let last = usageOf(peer.pids())
  while (performance.now() < deadline) {
    await delay(IDLE_TIMEOUT_MS)
    const usage = usageOf(peer.pids())
    const isStill = usage.processes >= last.processes
    if (isStill && (processes === 0 || usage.processes <= processes)) return usage
    last = usage
  }
  return last
}

function pick({ processes, pssBytes }: Usage): Weight {
  return { processes, pssBytes }
}
