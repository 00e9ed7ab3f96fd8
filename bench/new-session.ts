/** How long a client waits from its first byte until it has the list of tools. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RunningPeer } from './peers/peer.ts'

/** Milliseconds for each of `count` sessions, one after another, `pauseMs` apart. */
export async function newSessions(
  peer: RunningPeer,
  count: number,
  pauseMs: number,
): Promise<number[]> {
  const timesMs: number[] = []
  for (let made = 0; made < count; made++) {
    await delay(pauseMs)
    const startedAt = performance.now()
    const session = await peer.openSession()
    const { tools } = await session.request('tools/list', {})
    timesMs.push(performance.now() - startedAt)
    if (!Array.isArray(tools)) throw new Error('tools/list answered no tools')
    await session.close()
  }
  return timesMs
}
