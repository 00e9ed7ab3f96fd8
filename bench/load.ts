/** Closed-loop load: each session sends its next call when the last one is answered. */
import type { RunningPeer, Session } from './peers/peer.ts'
import { cpuMsByProgram } from './process-tree.ts'
import { watchOthers } from './quiet.ts'
import type { LoadResult } from './results.ts'
import { percentile } from './statistics.ts'

export interface LoadSettings {
  durationMs: number
  /** Not counted. */
  warmUpMs: number
  /** The name of the server's program, which is not of the product. */
  server: string
}

/** Calls `echo` on all sessions at once until the time is over. */
export async function load(
  peer: RunningPeer,
  sessions: Session[],
  { durationMs, warmUpMs, server }: LoadSettings,
): Promise<LoadResult> {
  if (warmUpMs > 0) await callUntil(sessions, performance.now() + warmUpMs)
  const othersShare = watchOthers(() => peer.pids())
  const cpuBefore = cpuMsByProgram(peer.pids())
  const startedAt = performance.now()
  const { latenciesMs, failed } = await callUntil(sessions, startedAt + durationMs)
  const elapsedMs = performance.now() - startedAt
  const others = othersShare()
  const cpuAfter = cpuMsByProgram(peer.pids())
  const cpu = Object.entries(cpuAfter).map(([program, cpuMs]): [string, number] => [
    program,
    (cpuMs - (cpuBefore[program] ?? 0)) / latenciesMs.length,
  ])
  const sorted = latenciesMs.sort((a, b) => a - b)
  return {
    calls: sorted.length,
    failed,
    callsPerSecond: (sorted.length / elapsedMs) * 1000,
    p50Ms: percentile(sorted, 50),
    p95Ms: percentile(sorted, 95),
    p99Ms: percentile(sorted, 99),
    cpuMsPerCall: sumOf(cpu),
    productCPUMsPerCall: sumOf(cpu.filter(([program]) => program !== server)),
    cpuMsPerCallBy: Object.fromEntries(cpu),
    othersShare: others,
  }
}

function sumOf(shares: [program: string, cpuMs: number][]): number {
  return shares.reduce((sum, [, cpuMs]) => sum + cpuMs, 0)
}

/** An answer to something else than what was asked. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

/** Rejects with `WrongAnswer` unless the answer is the message that was sent. */
export async function callEcho(session: Session, message: string): Promise<void> {
  const result = await session.request('tools/call', { name: 'echo', arguments: { message } })
  const [content] = result.content as { text?: string }[]
  if (content?.text !== `Echo: ${message}`) {
    throw new WrongAnswer(`echo answered ${JSON.stringify(result)} to ${message}`)
  }
}

async function callUntil(
  sessions: Session[],
  endsAt: number,
): Promise<{ latenciesMs: number[]; failed: number }> {
  const latenciesMs: number[] = []
  let failed = 0
  const loop = async (session: Session, index: number): Promise<void> => {
    for (let call = 0; performance.now() < endsAt; call++) {
      const sentAt = performance.now()
      try {
        await callEcho(session, `${index}/${call}`)
        latenciesMs.push(performance.now() - sentAt)
      } catch (error) {
        failed += 1
        if (failed > 100) throw error
      }
    }
  }
  await Promise.all(sessions.map(loop))
  return { latenciesMs, failed }
}
