/** A credential ends, or is replayed, while both tenants hold the same things open: only the right ones end. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventReader } from '#test/support/event-reader.ts'
import {
  initialize,
  LegacyClient,
  ModernClient,
  readTool,
  send,
  type Target,
} from '#test/support/http-client.ts'
import { findCanaries, type Canary } from './canaries.ts'
import { signFor, type TenantName } from './tenant.ts'
import { startWorld, type World } from './world.ts'

/** Both tenants have a token of it, beside those of the world. */
const SHARED_KEY_ID = '0badc0de'
/** What an issuer allows clocks to differ; a JWT lives that much longer than it says. */
const CLOCK_SKEW_S = 30
const LIVES_S = 6
const EXPIRED = 'the token has expired'
const UNKNOWN = 'the token is unknown, has expired or was revoked'
let world: World

beforeAll(async () => {
  world = await startWorld()
})

afterAll(() => world?.stop())

function targetOf(tenant: TenantName, server: string, token: string): Target {
  return { url: `${world.tenants[tenant].url}/mcp/${server}`, token }
}

/** A session with its GET stream, and a subscription. */
async function openAll(tenant: TenantName, token: string) {
  const session = await initialize(targetOf(tenant, 'legacy', token))
  const modern = new ModernClient(targetOf(tenant, 'modern', token))
  const get = await session.stream()
  const listening = await modern.listen({ toolsListChanged: true }, 'listening')
  await listening.message()
  return { session, modern, get, listening }
}
type Opened = Awaited<ReturnType<typeof openAll>>

async function expectOpen({ session, modern, get, listening }: Opened, tenant: TenantName) {
  expect(readTool(await session.call('announce'))).toBe(true)
  const told = await get.message()
  expect(readTool(await modern.call('announce'))).toBe(true)
  expect((await listening.message()).method).toBe('notifications/tools/list_changed')
  expect(findCanaries(JSON.stringify(told), secrets())).toEqual([`${tenant}: secret`])
}

function secrets(): Canary[] {
  return [...world.canaries.alpha, ...world.canaries.beta].filter(({ isSecret }) => isSecret)
}

/** Resolves with what came last on the subscription. */
async function untilEnded({ get, listening }: Opened) {
  const [, last] = await Promise.all([get.rest(), listening.rest()])
  return last.at(-1)
}

/** All that can be asked of an open session; each is refused. */
async function expectRefused({ session }: Opened, token: string, description: string) {
  const { url } = session.target
  const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const requests: [method: string, headers: Record<string, string>, body?: string][] = [
    ['POST', {}, call],
    ['GET', {}],
    ['GET', { 'Last-Event-ID': '1-0' }],
    ['DELETE', {}],
  ]
  for (const [method, more, body] of requests) {
    const response = await send({ url, token }, method, { ...session.headers, ...more }, body)
    expect([method, response.status]).toEqual([method, 401])
    const challenge = response.headers.get('WWW-Authenticate')
    expect(challenge).toContain(`error="invalid_token", error_description="${description}"`)
    await response.arrayBuffer()
  }
}

function leave(...streams: EventReader[]): void {
  for (const stream of streams) stream.disconnect()
}

test('a token that is revoked ends what it opened, and not what one of its key id opened elsewhere', async () => {
  const tokens = { alpha: '', beta: '' }
  for (const tenant of ['alpha', 'beta'] as const) {
    tokens[tenant] = `hearth_${tenant}_${SHARED_KEY_ID}_${randomBytes(32).toString('hex')}`
    const body = { name: 'shared', token: tokens[tenant], grants: { scopes: ['*'] } }
    await world.operator('POST', `tenants/${tenant}/tokens`, body)
  }
  const [alpha, beta] = [await openAll('alpha', tokens.alpha), await openAll('beta', tokens.beta)]
  await expectOpen(alpha, 'alpha')

  await world.operator('DELETE', `tenants/alpha/tokens/${SHARED_KEY_ID}`)
  const last = await untilEnded(alpha)

  expect(last?.error?.data).toMatchObject({ code: 'unauthorized' })
  await expectRefused(alpha, tokens.alpha, UNKNOWN)
  await expectOpen(beta, 'beta')
  await expectRefused(alpha, tokens.beta, UNKNOWN)
  leave(beta.get, beta.listening)
})

test('a JWT that has expired ends what it opened, and opens nothing again; its principal goes on', async () => {
  const now = Math.floor(Date.now() / 1000)
  const exp = now - CLOCK_SKEW_S + LIVES_S
  const short = await signFor(world.tenants.alpha, 'announced', { exp })
  const long = await signFor(world.tenants.beta, 'announced')
  const [alpha, beta] = [await openAll('alpha', short), await openAll('beta', long)]

  const last = await untilEnded(alpha)

  expect(Date.now()).toBeGreaterThanOrEqual((exp + CLOCK_SKEW_S) * 1000)
  expect(last?.error?.data).toMatchObject({ code: 'unauthorized' })
  await expectRefused(alpha, short, EXPIRED)
  await expectOpen(beta, 'beta')
  await expectRefused(alpha, long, UNKNOWN)
  const renewed = await signFor(world.tenants.alpha, 'announced')
  const again = new LegacyClient(targetOf('alpha', 'legacy', renewed), alpha.session.sessionId)
  expect((await again.call('tell')).status).toBe(200)
  leave(beta.get, beta.listening)
})

test('no log line holds a token or a JWT that ended', async () => {
  const logs = (await world.gateway.allLogs()).join('\n')

  expect(logs).toContain('"method":"tools/call"')
  expect(findCanaries(logs, secrets())).toEqual([])
  expect(logs).not.toMatch(/hearth_\w+_[0-9a-f]{16}|eyJ[\w-]+\.eyJ/)
})
