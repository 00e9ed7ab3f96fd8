/** What a tenant at rest costs: how often its objects are woken while its clients only listen. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bearer } from '#test/e2e/clients/client.ts'
import { ModernClient } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { hostContainers, requireEngine } from './docker.ts'
import { startWranglerDev, type WranglerDev } from './wrangler-dev.ts'

const SLEEP_AFTER_MS = 4_000
const START_MS = 480_000
const CALL_MS = 120_000
const SETTLE_MS = 60_000
/** Far longer than a tick, an alarm that is kept up, or a client that comes back at once. */
const REST_MS = 20_000
/** The worker writes to the stream that it holds every 25 s. */
const PINGS = 1
/** docs/deploy.md has the arithmetic. A worker holds a stream for half a day, then its client comes back. */
const RETURNS_A_MONTH = 60
const PINGS_A_MONTH = (30 * 86_400) / 25
const MOST_DOLLARS_A_MONTH = 0.001
const FOLDER = join(import.meta.dirname, 'fixtures')

interface Counts {
  made: number
  requests: number
  alarms: number
  timers: number
}

let gateway: WranglerDev
let target: { url: string; token: string }

beforeAll(async () => {
  await requireEngine()
  const source = await readFile(join(FOLDER, 'announces.mjs'), 'utf8')
  gateway = await startWranglerDev({ SLEEP_AFTER: `${SLEEP_AFTER_MS / 1000}s` }, [
    join(FOLDER, 'counting-worker.mjs'),
  ])
  const args = ['--input-type=module', '--eval', source]
  const tenant = await gateway.addTenant('rests', { announces: { command: 'node', args } })
  target = { url: tenant.url('announces'), token: tenant.token }
}, START_MS)

afterAll(() => gateway?.stop(), CALL_MS)

test(
  'nothing wakes a tenant at rest, whose clients listen, and hear again once it is called',
  async () => {
    const { client, sessionId, gets, close } = await connect()
    const modern = await new ModernClient(target).listen({ toolsListChanged: true }, 'listening')
    await client.callTool({ name: 'announce' })
    await waitUntil(async () => (await containers()) === 0, 'no sleep', SETTLE_MS)
    await waitUntil(() => gets() === 2, 'the stream was not opened again', SETTLE_MS)
    expect((await modern.rest()).at(-1)?.result).toBeDefined()
    await settled()

    const before = await counts()
    await delay(REST_MS)
    const after = await counts()

    expect(after).toMatchObject({ made: before.made, requests: before.requests })
    expect(after.alarms).toBe(before.alarms)
    expect(after.timers - before.timers).toBeLessThanOrEqual(PINGS)
    expect(gets()).toBe(2)
    await comeBack(sessionId())
    await settled()
    expect(dollarsAMonth(after, await counts())).toBeLessThan(MOST_DOLLARS_A_MONTH)

    let heard = 0
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard++)
    await client.callTool({ name: 'announce' })
    await waitUntil(() => heard > 0, 'nothing was heard', SETTLE_MS)
    expect(gets()).toBe(3)
    await close()
  },
  CALL_MS,
)

async function counts(): Promise<Counts> {
  return (await (await fetch(new URL('/counts', gateway.url))).json()) as Counts
}

/** A client whose stream broke opens it again, and hears that there is nothing. */
async function comeBack(sessionId: string): Promise<void> {
  const abort = new AbortController()
  const response = await fetch(target.url, {
    headers: { ...bearer(target), Accept: 'text/event-stream', 'Mcp-Session-Id': sessionId },
    signal: abort.signal,
  })
  expect(response.status).toBe(200)
  await response.body?.getReader().read()
  abort.abort()
}

/** What one return woke, each of 60 a month, beside the worker's comments on the stream. */
function dollarsAMonth(before: Counts, after: Counts): number {
  const requests = after.requests - before.requests
  const alarms = after.alarms - before.alarms
  expect(requests).toBe(1)
  // One is of the object that was made for it.
  expect(alarms).toBeLessThanOrEqual(2)
  const worker = RETURNS_A_MONTH * 0.3e-6 + PINGS_A_MONTH * 0.1 * 0.02e-6
  // The Tenant object is asked about the credential.
  const objects = RETURNS_A_MONTH * (requests + alarms + 1) * 0.15e-6
  const rows = RETURNS_A_MONTH * 6 * 1e-6
  const seconds = RETURNS_A_MONTH * 1
  return worker + objects + rows + seconds * 0.128 * 12.5e-6
}

async function containers(): Promise<number> {
  return (await hostContainers(gateway.worker)).length
}

/** The alarm that tells the object that its container has stopped has come. */
async function settled(): Promise<void> {
  let last: Counts | undefined
  await waitUntil(
    async () => {
      const now = await counts()
      const isSame = now.alarms === last?.alarms && now.timers === last.timers
      last = now
      await delay(SLEEP_AFTER_MS)
      return isSame
    },
    'the object does not rest',
    SETTLE_MS,
  )
}

/** A client of the SDK, and how often it has opened its GET stream. */
async function connect() {
  let gets = 0
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  const transport = new StreamableHTTPClientTransport(new URL(target.url), {
    requestInit: { headers: bearer(target) },
    async fetch(url, init) {
      const response = await fetch(url, init)
      if (init?.method === 'GET' && response.ok) gets++
      if (gets > 0) resolve()
      return response
    },
  })
  const client = new Client({ name: 'rests', version: '1.0.0' })
  // The SDK's own class does not meet its interface under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client['connect']>[0])
  await listening
  return {
    client,
    sessionId: () => transport.sessionId ?? '',
    gets: () => gets,
    close: () => client.close(),
  }
}
