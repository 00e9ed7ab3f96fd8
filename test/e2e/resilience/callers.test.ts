/** A tool that ends its process is a matter of who calls it: others call the same server as before. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { initialize, type Target } from '#test/support/http-client.ts'
import { codeOf, statusOf } from './orders.ts'

const FAILURES = 3
const breaker = { consecutiveFailures: FAILURES, openMs: 60_000 }
/** More than the host program takes for a crash loop, and the breaker for a failing server. */
const CRASHES = 8

let gateway: Gateway
let [hers, his]: Target[] = []

beforeAll(async () => {
  const resilience = { breaker }
  const servers = {
    mortal: fixture('exits-with-calls', { resilience }),
    common: fixture('exits-with-calls', { sharing: 'shared', resilience: { breaker } }),
    unguarded: fixture('exits-with-calls', { warm: 1, resilience: { breaker: false } }),
  }
  gateway = await startGateway({ servers })
  hers = await makeTarget('hers')
  his = await makeTarget('his')
})

afterAll(() => gateway?.stop())

async function makeTarget(name: string): Promise<Target> {
  const body = { name, grants: { scopes: ['*'] } }
  const { token } = await gateway.admin<{ token: string }>('POST', 'tokens', body)
  return { url: '', token }
}

const at = (target: Target | undefined, server: string): Target => ({
  token: target?.token ?? '',
  url: gateway.mcpURL(server),
})

/** What the calls that end their process come to. */
async function crash(target: Target, times: number): Promise<unknown[]> {
  const session = await initialize(target)
  const codes = []
  for (let n = 0; n < times; n += 1) codes.push(codeOf(await session.call('exit')))
  return codes
}

/** A new session, and a call in it. */
async function serves(target: Target): Promise<boolean> {
  const session = await initialize(target)
  return (await session.call('pid')).message.result !== undefined
}

test('crashes of one principal refuse no session and no call of another', async () => {
  expect(await crash(at(hers, 'unguarded'), CRASHES)).toEqual(Array(CRASHES).fill('server_exited'))

  for (let n = 0; n < CRASHES; n += 1) expect(await serves(at(his, 'unguarded'))).toBe(true)
})

test('the breaker opens for the one whose calls end their process, and for nobody else, an eviction included', async () => {
  const existing = await initialize(at(his, 'mortal'))
  const refused = Array(CRASHES - FAILURES).fill('server_unavailable')
  expect(await crash(at(hers, 'mortal'), CRASHES)).toEqual([
    ...Array(FAILURES).fill('server_exited'),
    ...refused,
  ])

  for (const phase of ['before', 'after']) {
    expect({ phase, serves: await serves(at(his, 'mortal')) }).toEqual({ phase, serves: true })
    expect((await existing.call('pid')).message.result).toBeDefined()
    await expect(initialize(at(hers, 'mortal'))).rejects.toThrow('server_unavailable')
    expect((await statusOf(gateway, 'mortal')).resilience?.breaker?.state).toBe('open')
    expect(await breakerFor(hers)).toBe('open')
    expect(await breakerFor(his)).toBe('closed')
    if (phase === 'before') await gateway.evictServerHost()
  }
})

test('the end of a process that serves several counts for none of those whose calls it had', async () => {
  const her = await initialize(at(hers, 'common'))
  const him = await initialize(at(his, 'common'))

  for (let n = 0; n <= FAILURES; n += 1) {
    const waiting = him.call('wait')
    const countWaiting = async () => (await her.call('waiting')).message.result
    await expect.poll(countWaiting).toMatchObject({ content: [{ text: '1' }] })
    expect(codeOf(await her.call('exit'))).toBe('server_exited')
    expect(codeOf(await waiting)).toBe('server_exited')
  }
  expect((await him.call('pid')).message.result).toBeDefined()
})

async function breakerFor(target: Target | undefined): Promise<string | undefined> {
  const headers = { Authorization: `Bearer ${target?.token}` }
  const answer = await fetch(`${gateway.url}/ready`, { headers })
  const { servers } = (await answer.json()) as { servers: { name: string; breaker?: string }[] }
  return servers.find(({ name }) => name === 'mortal')?.breaker
}
