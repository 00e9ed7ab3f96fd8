/** A tenant that floods, or starts sessions without a pause, costs its own time and not that of another. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, type LegacyClient } from '#test/support/http-client.ts'
import { latenciesOf, percentile } from '#test/support/latencies.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'

const CALLS = 60
/** The best round counts: other programs use this machine, too. */
const ROUNDS = 3
/** Another tenant's calls take this many times as long at most. */
const MOST_TIMES = 5
/** On a busy machine a call may take as long by itself. Milliseconds. */
const LEAST_ALONE_MS = 10

const SESSIONS_PER_SECOND = 18

let gateway: Gateway
let calm: LegacyClient
let token: string

beforeAll(async () => {
  gateway = await startGateway({ servers: { echo: fixture('echo', { warm: 1 }) } })
  calm = await initialize(targetOf(gateway, 'echo'))
  await operate('PUT', '')
  const made = await operate('POST', '/tokens', { name: 'noisy', grants: { scopes: ['*'] } })
  token = ((await made.json()) as { token: string }).token
})

afterAll(() => gateway?.stop())

/** On the tenant `noisy`, as the operator. */
async function operate(method: string, path: string, body?: object): Promise<Response> {
  const response = await fetch(`${gateway.url}/admin/tenants/noisy${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${gateway.adminToken}`,
      'Content-Type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
  return response
}

/** Of the calm tenant's calls, in the best round. */
async function quantile(part: number): Promise<number> {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const times = await latenciesOf(() => calm.call('work'), CALLS)
    rounds.push(percentile(times, part))
  }
  return Math.min(...rounds)
}

test('sessions that begin and end without a pause leave the calls of another tenant quick', async () => {
  await operate('PUT', '/servers', { echo: fixture('echo', { warm: 1, maxProcesses: 64 }) })
  const alone = Math.max(LEAST_ALONE_MS, await quantile(0.5))
  const target = { url: `${gateway.url}/t/noisy/mcp/echo`, token }
  const begun: Promise<unknown>[] = []
  const begin = async (): Promise<void> => {
    const session = await initialize(target)
    await session.call('work')
    await session.delete()
  }
  // That one of its own is refused is the noisy tenant's matter.
  const timer = setInterval(
    () => begun.push(begin().catch(() => undefined)),
    1_000 / SESSIONS_PER_SECOND,
  )
  try {
    await waitUntil(() => begun.length >= SESSIONS_PER_SECOND, 'no session begins')
    expect(await quantile(0.5)).toBeLessThan(MOST_TIMES * alone)
  } finally {
    clearInterval(timer)
    await Promise.all(begun)
  }
}, 120_000)

test('a spare that writes lines without a pause leaves the calls of another tenant quick', async () => {
  const alone = Math.max(LEAST_ALONE_MS, await quantile(0.99))
  await operate('PUT', '/servers', {
    yes: { command: 'yes', warm: 1, timeoutMs: { start: 5_000 } },
  })
  const warming = operate('POST', '/warm')
  await waitUntil(() => childrenOf(gateway.hostProgramPid, 'yes').length > 0, 'it does not write')

  expect(await quantile(0.99)).toBeLessThan(MOST_TIMES * alone)
  await operate('PUT', '/servers', {})
  await warming
}, 120_000)
