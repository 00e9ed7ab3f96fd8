/** `npm run bench -- soak`: clients that come, call and go for minutes, on calm or broken ground. */
import { setTimeout as delay } from 'node:timers/promises'
import { createHTTPClient } from './http-client.ts'
import { createModernClient, openLegacySession } from './http-session.ts'
import { WrongAnswer, callEcho } from './load.ts'
import { startHearth } from './peers/hearth.ts'
import { CallFailed, type Endpoint, type RunningPeer, type Session } from './peers/peer.ts'
import { programsIn, pssBytesOf } from './process-tree.ts'
import { median } from './statistics.ts'
import { TARGETS } from './targets.ts'

const CLIENTS = 6
const CALLS_EACH = 25
const PAUSE_MS = 20
const SAMPLE_MS = 15_000
const MAX_PROCESSES = 32
const SERVER = 'fixtures/echo.mjs'

/** How often one process of each program is killed, for a rough soak. */
const KILL_EVERY_MS = [
  { program: SERVER, everyMs: 3_000 },
  { program: 'container/main.js', everyMs: 100_000 },
  { program: 'workerd', everyMs: 170_000 },
]

export interface SoakResult {
  answered: number
  /** Calls that got another call's answer. */
  wrong: number
  /** Calls and sessions that failed, by what was said. */
  failed: Record<string, number>
  killed: Record<string, number>
  /** Proportional set size of Hearth's own processes, the servers left out. */
  samples: { atMs: number; pssBytes: number }[]
}

export async function soak(durationMs: number, rough: boolean): Promise<SoakResult> {
  const peer = await startHearth(TARGETS.echo, { options: { maxProcesses: MAX_PROCESSES } })
  const result: SoakResult = { answered: 0, wrong: 0, failed: {}, killed: {}, samples: [] }
  const startedAt = performance.now()
  const isOver = (): boolean => performance.now() - startedAt >= durationMs
  try {
    const { endpoint } = peer
    if (endpoint === undefined) throw new Error('Hearth has no endpoint')
    const clients = Array.from({ length: CLIENTS }, (_, index) =>
      comeAndGo(endpoint, index, result, isOver),
    )
    const kills = rough ? KILL_EVERY_MS : []
    const killers = kills.map((kill) => killNowAndThen(peer, kill, result, isOver))
    await Promise.all([...clients, ...killers, sample(peer, startedAt, result, isOver)])
    return result
  } finally {
    await peer.stop()
  }
}

/** Every second visit is a legacy session, every fourth of them never says goodbye. */
async function comeAndGo(
  endpoint: Endpoint,
  client: number,
  result: SoakResult,
  isOver: () => boolean,
): Promise<void> {
  for (let visit = 0; !isOver(); visit++) {
    const http = createHTTPClient(endpoint.url)
    try {
      const session =
        visit % 2 === 0
          ? await openLegacySession(http, endpoint.token)
          : createModernClient(http, endpoint.token)
      await callMany(session, `${client}/${visit}`, result, isOver)
      if (visit % 8 !== 0) await session.close()
    } catch (error) {
      count(result.failed, reasonOf(error))
    }
    http.close()
  }
}

async function callMany(
  session: Session,
  name: string,
  result: SoakResult,
  isOver: () => boolean,
): Promise<void> {
  for (let call = 0; call < CALLS_EACH && !isOver(); call++) {
    try {
      await callEcho(session, `${name}/${call}`)
      result.answered += 1
    } catch (error) {
      if (error instanceof WrongAnswer) result.wrong += 1
      count(result.failed, reasonOf(error))
    }
    await delay(PAUSE_MS)
  }
}

async function killNowAndThen(
  peer: RunningPeer,
  { program, everyMs }: (typeof KILL_EVERY_MS)[number],
  result: SoakResult,
  isOver: () => boolean,
): Promise<void> {
  for (let next = performance.now() + everyMs; !isOver(); await delay(100)) {
    if (performance.now() < next) continue
    next += everyMs
    const running = programsIn(peer.pids()).filter((one) => one.program === program)
    const victim = running[Math.floor(Math.random() * running.length)]
    // It has just been killed with what it ran in, and is not back yet.
    if (victim === undefined) continue
    process.kill(victim.pid, 'SIGKILL')
    count(result.killed, program)
  }
}

async function sample(
  peer: RunningPeer,
  startedAt: number,
  result: SoakResult,
  isOver: () => boolean,
): Promise<void> {
  for (let next = performance.now() + SAMPLE_MS; !isOver(); await delay(100)) {
    if (performance.now() < next) continue
    next += SAMPLE_MS
    const own = programsIn(peer.pids()).filter(({ program }) => program !== SERVER)
    const pssBytes = own.reduce((sum, { pid }) => sum + (pssBytesOf(pid) ?? 0), 0)
    result.samples.push({ atMs: performance.now() - startedAt, pssBytes })
  }
}

/** The code of Hearth's error where there is one, so that the counts stay few. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof CallFailed && /"code":"(\w+)"/.exec(message)?.[1]
  return code || message.slice(0, 120)
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}

/** What a person reads at the end. Memory is the median of each third. */
export function toSoakReport({ answered, wrong, failed, killed, samples }: SoakResult): string {
  const third = Math.floor(samples.length / 3)
  const thirds = [0, 1, 2].map((index) =>
    median(samples.slice(index * third, (index + 1) * third).map(({ pssBytes }) => pssBytes)),
  )
  const memory = thirds.map((bytes) => `${(bytes / 2 ** 20).toFixed(0)} MB`).join(', ')
  return [
    `${answered} answered, ${wrong} wrong`,
    `failed: ${JSON.stringify(failed)}`,
    `killed: ${JSON.stringify(killed)}`,
    `memory of Hearth itself by thirds: ${memory}`,
  ].join('\n')
}
