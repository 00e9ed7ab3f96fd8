/** One target, all peers: A B C D, then B C D A …, so that a slow minute is shared by all. */
import { load } from './load.ts'
import { measureMemory, settledUsage } from './memory.ts'
import { newSessions } from './new-session.ts'
import { killAndRecover } from './recovery.ts'
import { isOptional } from './peers/all.ts'
import type { Peer, RunningPeer, Session, Target } from './peers/peer.ts'
import { nameOfProgram } from './process-tree.ts'
import type { LoadResult, PeerResult, Round, TargetResult } from './results.ts'
import { MANY_SESSIONS, type Settings } from './settings.ts'

/** What a peer needs for a phase, opened before the first round and kept. */
interface Contender {
  peer: Peer
  running: RunningPeer
  sessions: Session[]
  result: PeerResult
}

export interface Watcher {
  say(line: string): void
  /** For a peer that cannot be measured, and is left out from then on. */
  leaveOut(peer: Peer, error: unknown): void
}

export async function measureTarget(
  target: Target,
  peers: readonly Peer[],
  settings: Settings,
  { say, leaveOut }: Watcher,
): Promise<TargetResult> {
  const contenders: Contender[] = []
  const failed = new Set<Peer>()
  const attempt = async (peer: Peer, what: string, work: () => Promise<void>): Promise<void> => {
    if (failed.has(peer)) return
    say(`${target.name}: ${what}: ${peer.name}`)
    await work().catch((error: unknown) => {
      if (!isOptional(peer)) throw error
      failed.add(peer)
      leaveOut(peer, error)
    })
  }
  try {
    for (const peer of peers) {
      await attempt(peer, 'start, memory', async () => {
        contenders.push(await begin(peer, target))
      })
    }
    for (let round = 0; round < settings.rounds; round++) {
      for (const contender of rotate(contenders, round)) {
        await attempt(contender.peer, `round ${round + 1}/${settings.rounds}`, async () => {
          contender.result.rounds.push(await measureRound(contender, target, settings))
        })
      }
    }
    for (const contender of contenders) {
      await attempt(contender.peer, 'after load', () => finish(contender, target, settings))
    }
  } finally {
    await Promise.all(contenders.map(({ running }) => running.stop()))
  }
  const measured = contenders.filter(({ peer }) => !failed.has(peer))
  return { target: target.name, peers: measured.map(({ result }) => result) }
}

async function begin(peer: Peer, target: Target): Promise<Contender> {
  const startedAt = performance.now()
  const running = await peer.start(target)
  const startMs = performance.now() - startedAt
  const { name, version, isolation, role } = peer
  const result: PeerResult = {
    ...{ peer: name, version, isolation, role, startMs },
    ...{ rounds: [], recoveries: [] },
  }
  try {
    if (isGateway(peer)) result.memory = await measureMemory(running)
    const count = isolatesRequests(peer) ? 1 : MANY_SESSIONS
    const sessions: Session[] = []
    for (let opened = 0; opened < count; opened++) sessions.push(await running.openSession())
    return { peer, running, sessions, result }
  } catch (error) {
    await running.stop()
    throw error
  }
}

async function measureRound(
  contender: Contender,
  target: Target,
  settings: Settings,
): Promise<Round> {
  const { peer, running, sessions } = contender
  const { warmUpMs } = settings
  const server = nameOfProgram([target.command, ...target.args])
  const measureLoad = (callers: Session[], durationMs: number): Promise<LoadResult> =>
    load(running, callers, { durationMs, warmUpMs, server })
  const one = await measureLoad(sessions.slice(0, 1), settings.oneSessionMs)
  const round: Round = { one }
  if (!isolatesRequests(peer)) {
    round.many = await measureLoad(sessions, settings.manySessionsMs)
  }
  if (running.openModern) {
    round.modern = await measureLoad([running.openModern()], settings.modernMs)
  }
  if (peer.isolation !== 'none') {
    round.newSessionMs = await newSessions(running, settings.newSessions, target.pauseMs)
  }
  return round
}

async function finish(contender: Contender, target: Target, settings: Settings): Promise<void> {
  const { peer, running, sessions, result } = contender
  if (!isGateway(peer)) return
  await Promise.all(sessions.map((session) => session.close()))
  result.afterLoadBytes = (await settledUsage(running)).pssBytes
  if (target.name !== 'echo' || isolatesRequests(peer)) return
  for (let kills = 0; kills < settings.kills; kills++) {
    const recovery = await killAndRecover(running)
    result.recoveries.push(recovery)
    if (recovery.recoveredMs === null) break
  }
}

function isGateway(peer: Peer): boolean {
  return peer.role !== 'floor'
}

/** Sessions mean nothing to such a peer, and a load of many would only measure the machine. */
function isolatesRequests(peer: Peer): boolean {
  return peer.isolation === 'process per request'
}

function rotate<T>(values: readonly T[], by: number): T[] {
  const at = by % values.length
  return [...values.slice(at), ...values.slice(0, at)]
}
