/** Real processes and streams, and the credential that opened them ends. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, LegacyClient, ModernClient } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { waitUntil } from '#test/support/processes.ts'
import { issue } from './issue.ts'

/** From the revocation, or from the end of a credential's time. */
const SOON_MS = 1_000
const ALL = { scopes: ['*'] }
/** Of both calls: 401 where the answer has not begun as a stream, which it does after a second. */
const UNAUTHORIZED = [{ code: 'unauthorized' }, { code: 'unauthorized' }]

interface Noted {
  method: string
  params?: { arguments?: { key: string } }
}

const notes = new Notes<Noted>()
const count = (method: string): number => notes.all((note) => note.method === method).length
const begun = (key: string) => notes.first(({ params }) => params?.arguments?.key === key)
let gateway: Gateway

beforeAll(async () => {
  const env = { NOTES: notes.file }
  gateway = await startGateway({
    servers: {
      legacy: fixture('holds-calls', { env }),
      modern: fixture('holds-calls-modern', { env }),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  notes.remove()
})

const targetOf = (server: string, token = gateway.token) => ({ url: gateway.mcpURL(server), token })

/** A client of each era with everything open that a credential can hold open. */
async function openAll(server: string, token: string) {
  const old = await initialize(targetOf(server, token))
  const now = new ModernClient(targetOf(server, token))
  const get = await old.stream()
  const listening = await now.listen({ toolsListChanged: true }, 'listening')
  await listening.message()
  const keys = [crypto.randomUUID(), crypto.randomUUID()]
  const calls = [old, now].map((client, nth) => client.call('hold', { key: keys[nth] }))
  await Promise.all(keys.map(begun))
  return { old, get, listening, calls }
}

describe.each(['legacy', 'modern'])('on a %s server', (server) => {
  test('a revoked token ends its GET stream, its subscription and its calls within a second', async () => {
    const issued = await issue(gateway, ALL)
    const { old, get, listening, calls } = await openAll(server, issued.token)
    const bystander = await initialize(targetOf(server))
    const cancelled = count('notifications/cancelled')

    const revokedAt = Date.now()
    await issued.revoke()
    const answers = await Promise.all(calls)
    await get.rest()
    const last = (await listening.rest()).at(-1)
    const lasted = Date.now() - revokedAt

    expect(lasted).toBeLessThan(SOON_MS)
    expect(answers.map(({ message }) => message.error?.data)).toMatchObject(UNAUTHORIZED)
    expect(last?.error?.data).toMatchObject({ code: 'unauthorized' })
    expect((await old.call('pid')).status).toBe(401)
    await waitUntil(
      () => count('notifications/cancelled') >= cancelled + 2,
      'the server was not told',
    )
    expect((await bystander.call('pid')).status).toBe(200)
  })

  test('an expired token ends its GET stream, its subscription and its calls within a second', async () => {
    const expiresAt = Date.now() + 4_000
    const { token } = await issue(gateway, ALL, { expiresAt })
    const { old, get, listening, calls } = await openAll(server, token)

    const answers = await Promise.all(calls)
    await get.rest()
    await listening.rest()
    const late = Date.now() - expiresAt

    expect(late).toBeGreaterThanOrEqual(0)
    expect(late).toBeLessThan(SOON_MS)
    expect(answers.map(({ message }) => message.error?.data)).toMatchObject(UNAUTHORIZED)
    expect((await old.call('pid')).status).toBe(401)
  })
})

test('a session is nobody else’s of the same tenant, and goes on when it was asked for', async () => {
  const client = await initialize(targetOf('legacy'))
  const { token } = await issue(gateway, ALL)
  const thief = new LegacyClient(targetOf('legacy', token), client.sessionId)
  const unknown = new LegacyClient(targetOf('legacy', token), `main.${'0f'.repeat(16)}`)

  const stolen = await thief.call('pid', {}, { id: 1 })

  expect(stolen.status).toBe(404)
  expect(stolen.message).toEqual((await unknown.call('pid', {}, { id: 1 })).message)
  expect((await thief.delete()).status).toBe(404)
  expect((await client.call('pid')).status).toBe(200)
})
