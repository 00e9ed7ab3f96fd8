/** An issuer, or a whole tenant, is removed while its principals hold things open: they end with it. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { within, type EventReader } from '#test/support/event-reader.ts'
import { initialize, ModernClient, type LegacyClient } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { findCanaries } from './canaries.ts'
import type { CredentialName } from './expected.ts'
import type { Made, TenantName } from './tenant.ts'
import { bearerOf, startWorld, type World } from './world.ts'

/** As for a token that is revoked. */
const SOON_MS = 1_000
let world: World

beforeAll(async () => {
  world = await startWorld()
})

afterAll(() => world?.stop())

interface Opened {
  session: LegacyClient
  streams: EventReader[]
}

async function openAll(tenant: TenantName, credential: CredentialName): Promise<Opened> {
  const token = bearerOf(world, tenant, credential)
  const targetOf = (server: string) => ({
    url: `${world.tenants[tenant].url}/mcp/${server}`,
    token,
  })
  const session = await initialize(targetOf('legacy'))
  const get = await session.stream()
  const modern = new ModernClient(targetOf('modern'))
  const listening = await modern.listen({ toolsListChanged: true }, 'listening')
  await listening.message()
  return { session, streams: [get, listening] }
}

function ended({ streams }: Opened): Promise<unknown> {
  return within(Promise.all(streams.map((stream) => stream.rest())), SOON_MS)
}

/** Processes in whose environment the tenant's secret is. */
function processesOf(tenant: TenantName): string[] {
  const secret = world.tenants[tenant].text('secret')
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(secret)
    } catch {
      return false // gone, or another user's
    }
  })
}

async function announceIn(opened: Opened): Promise<void> {
  expect((await opened.session.call('announce')).status).toBe(200)
  await opened.streams[0]?.message()
}

function leave({ streams }: Opened): void {
  for (const stream of streams) stream.disconnect()
}

test('an issuer that is removed ends what its JWTs opened, and nothing else', async () => {
  const removed = await openAll('beta', 'own JWT by HS256')
  const others = [await openAll('beta', 'own token'), await openAll('alpha', 'own JWT by HS256')]
  const { issuers } = world.configs.beta.issuers

  const remaining = issuers.filter((issuer) => !JSON.stringify(issuer).includes('HS256'))
  await world.operator('PUT', 'tenants/beta/issuers', { issuers: remaining })
  await ended(removed)

  expect((await removed.session.call('tell')).status).toBe(401)
  for (const other of others) await announceIn(other)
  others.forEach(leave)
})

test('a tenant that is deleted ends what its tokens and JWTs opened, and nothing else', async () => {
  const own = [await openAll('alpha', 'own token'), await openAll('alpha', 'own JWT')]
  const other = await openAll('beta', 'own token')
  expect(processesOf('alpha').length).toBeGreaterThan(0)

  await world.operator('DELETE', 'tenants/alpha')
  await Promise.all(own.map(ended))

  await announceIn(other)
  leave(other)
})

test('a tenant that is deleted has no process any more', async () => {
  await waitUntil(() => processesOf('alpha').length === 0, 'processes of the deleted tenant run')
  expect(processesOf('beta').length).toBeGreaterThan(0)
})

test('a tenant of a deleted one’s name has no session of the former, for whoever has its principal’s name', async () => {
  const { operator, configs } = world
  const former = await openAll('beta', 'own JWT')
  leave(former)
  await operator('DELETE', 'tenants/beta')
  await operator('PUT', 'tenants/beta')
  for (const name of ['CANARY', 'SIGNING']) {
    await operator('PUT', `tenants/beta/secrets/${name}`, {
      value: 'of the tenant that came after',
    })
  }
  await operator('PUT', 'tenants/beta/issuers', configs.beta.issuers)
  await operator('PUT', 'tenants/beta/servers', configs.beta.servers)
  const grants = { scopes: ['*'] }
  const { token } = await operator<Made>('POST', 'tenants/beta/tokens', { name: 'new', grants })

  const answer = await former.session.call('tell')
  const fresh = await initialize({ url: former.session.target.url, token })
  const told = await fresh.call('tell')

  expect([answer.status, answer.message.error?.data]).toEqual([
    404,
    expect.objectContaining({ code: 'session_not_found' }),
  ])
  expect(told.status).toBe(200)
  const secret = world.canaries.beta.filter(({ name }) => name === 'beta: secret')
  expect(findCanaries(JSON.stringify([answer, told]), secret)).toEqual([])
})
