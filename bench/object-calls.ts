/** How many Durable Object calls a request makes, counted in the worker with every policy on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openDataFolder } from '../cli/data-folder.ts'
import { startLocalRuntime } from '../cli/local-runtime.ts'
import { ServerConfigs } from '../protocol/server-config.ts'
import { createHTTPClient } from './http-client.ts'
import { openLegacySession } from './http-session.ts'
import { callEcho } from './load.ts'
import type { Session, Target } from './peers/peer.ts'
import { applyPolicies } from './policies.ts'
import type { ObjectCalls } from './results.ts'

const WORKER = new URL('fixtures/counting-worker.mjs', import.meta.url).pathname
const SESSIONS = 16
const HOT_MS = 3_000
/** One call each second is the dearest rate: each lease ends before the next call. */
const COLD_CALLS = 5
const COLD_PAUSE_MS = 1_000

type Counts = Record<'TENANT' | 'RATE_LIMITER' | 'SERVER_HOST' | 'DIRECTORY', number>

export async function measureObjectCalls(target: Target): Promise<ObjectCalls[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-bench-'))
  const runtime = await startLocalRuntime({
    servers: ServerConfigs.parse({ [target.name]: { command: target.command, args: target.args } }),
    data: openDataFolder(folder),
    host: '127.0.0.1',
    port: 0,
    logLevel: 'warn',
    onLine: () => {},
    workerEntry: WORKER,
  })
  const { origin } = runtime.url
  const client = createHTTPClient(`${origin}/mcp/${target.name}`)
  try {
    const token = await applyPolicies(origin, folder)
    const sessions: Session[] = []
    while (sessions.length < SESSIONS) sessions.push(await openLegacySession(client, token))
    const measure = async (what: string, load: () => Promise<number>): Promise<ObjectCalls> => {
      const before = await readCounts(origin)
      const requests = await load()
      return toObjectCalls(what, requests, before, await readCounts(origin))
    }
    return [
      await measure('16 sessions, as fast as they go', () => callFor(sessions, HOT_MS)),
      await measure('1 session, as fast as it goes', () => callFor(sessions.slice(0, 1), HOT_MS)),
      await measure('1 session, a call each second', () => callSlowly(sessions.slice(0, 1))),
    ]
  } finally {
    client.close()
    await runtime.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function callFor(sessions: Session[], durationMs: number): Promise<number> {
  const endsAt = performance.now() + durationMs
  let requests = 0
  await Promise.all(
    sessions.map(async (session) => {
      for (; performance.now() < endsAt; requests++) await callEcho(session, `${requests}`)
    }),
  )
  return requests
}

async function callSlowly(sessions: Session[]): Promise<number> {
  for (let call = 0; call < COLD_CALLS; call++) {
    await delay(COLD_PAUSE_MS)
    for (const session of sessions) await callEcho(session, `${call}`)
  }
  return COLD_CALLS * sessions.length
}

async function readCounts(origin: string): Promise<Counts> {
  return (await (await fetch(`${origin}/object-calls`)).json()) as Counts
}

function toObjectCalls(what: string, requests: number, before: Counts, after: Counts): ObjectCalls {
  const perRequest = (binding: keyof Counts): number =>
    (after[binding] - before[binding]) / requests
  return {
    what,
    requests,
    serverHost: perRequest('SERVER_HOST'),
    rateLimiter: perRequest('RATE_LIMITER'),
    tenant: perRequest('TENANT'),
  }
}
