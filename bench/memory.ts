/** What a peer weighs: idle, with ten idle sessions more, and after load. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RunningPeer, Session } from './peers/peer.ts'
import { usageOf, type Usage } from './process-tree.ts'

const EXTRA_SESSIONS = 10
const SETTLE_MS = 1_500

export interface MemoryResult {
  idleBytes: number
  idleProcesses: number
  /** Difference that one more idle session makes, over ten of them. */
  perSessionBytes: number
  perSessionProcesses: number
}

/** For a peer that was just started: one session comes and goes first, so that code is loaded. */
export async function measureMemory(peer: RunningPeer): Promise<MemoryResult> {
  await (await openListed(peer)).close()
  const idle = await settledUsage(peer)
  const sessions: Session[] = []
  for (let opened = 0; opened < EXTRA_SESSIONS; opened++) sessions.push(await openListed(peer))
  const loaded = await settledUsage(peer)
  await Promise.all(sessions.map((session) => session.close()))
  return {
    idleBytes: idle.pssBytes,
    idleProcesses: idle.processes,
    perSessionBytes: (loaded.pssBytes - idle.pssBytes) / EXTRA_SESSIONS,
    perSessionProcesses: (loaded.processes - idle.processes) / EXTRA_SESSIONS,
  }
}

/** Usage after what was started or ended has had time to do so. */
export async function settledUsage(peer: RunningPeer): Promise<Usage> {
  await delay(SETTLE_MS)
  return usageOf(peer.pids())
}

async function openListed(peer: RunningPeer): Promise<Session> {
  const session = await peer.openSession()
  await session.request('tools/list', {})
  return session
}
