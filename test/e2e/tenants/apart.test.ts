/** Two tenants whose principals, servers, secrets and limits have the same names: what one does is not the other's. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  initialize,
  LegacyClient,
  ModernClient,
  readTool,
  type Answer,
  type Target,
} from '#test/support/http-client.ts'
import { ask } from './ask.ts'
import { findCanaries, type Place } from './canaries.ts'
import { KEY_ID, PRINCIPAL, type TenantName } from './tenant.ts'
import { endpointOf, otherOf, SESSION_SERVERS, startWorld, type World } from './world.ts'

const TENANTS = ['alpha', 'beta'] as const
const MADE_UP_SESSION = `main.${'0f'.repeat(16)}`
const ELICITS = { elicitation: { form: {} } }
const ACCEPTED = { action: 'accept', content: { name: 'Vesta' } }
let world: World

beforeAll(async () => {
  world = await startWorld()
})

afterAll(() => world?.stop())

/** By the tokens of one key id, so that both principals have one name. */
function targetOf(tenant: TenantName, server: string, form: 'plain' | 'tenant' = 'plain'): Target {
  const { url, tokens } = world.tenants[tenant]
  const base = form === 'plain' ? world.gateway.url : url
  return { url: `${base}${endpointOf(server)}`, token: tokens.own }
}

/** What a tool of the servers is called there. */
const toolAt = (server: string, tool: string): string =>
  server === 'catalog' ? `legacy__${tool}` : tool

/** Of a tenant, in anything that can be written as JSON. */
function canariesIn(value: unknown, tenant: TenantName, place?: Place): string[] {
  const canaries = world.canaries[tenant].filter(({ name }) => {
    return place === undefined || name === `${tenant}: ${place}`
  })
  return findCanaries(JSON.stringify(value), canaries)
}

const bytesOf = ({ status, headers, message, events }: Answer) => {
  const kept = [...headers].filter(([name]) => name !== 'x-request-id')
  return { status, kept, message, events }
}

describe.each(TENANTS)('what is %s’s', (owner) => {
  const thief = otherOf(owner)

  describe.each(SESSION_SERVERS)('on a %s server', (server) => {
    test.each(['plain', 'tenant'] as const)(
      'a session is to the other tenant as one that was made up, on the %s path',
      async (form) => {
        const own = await initialize(targetOf(owner, server))
        const get = await own.stream()
        const target = targetOf(thief, server, form)
        const attempts = [own.sessionId, MADE_UP_SESSION].map(async (id) => {
          const client = new LegacyClient(target, id)
          const { headers } = client
          const bare = { path: new URL(target.url).pathname, headers }
          const authorization = `Bearer ${target.token}`
          const raw = (method: string, more = {}) => {
            const request = { ...bare, method, headers: { ...headers, ...more } }
            return ask(world.gateway.url, request, authorization)
          }
          const listen = { Accept: 'text/event-stream' }
          const answers = [
            await raw('GET', listen),
            await raw('GET', { ...listen, 'Last-Event-ID': get.lastEventId ?? '1-0' }),
            await raw('DELETE'),
          ].map(({ status, headers: given, text }) => ({ status, given, text }))
          return [bytesOf(await client.call(toolAt(server, 'tell'), {}, { id: 1 })), ...answers]
        })
        const [stolen, madeUp] = await Promise.all(attempts)

        expect(stolen).toEqual(madeUp)
        expect(stolen?.map(({ status }) => status)).toEqual([404, 404, 404, 404])
        expect((await own.call(toolAt(server, 'announce'))).status).toBe(200)
        await get.message(({ method }) => method?.startsWith('notifications/') === true)
        get.disconnect()
      },
    )

    test('a requestState is to the other tenant as one that was made up', async () => {
      const [own, other] = [owner, thief].map(
        (name) => new ModernClient(targetOf(name, server), ELICITS),
      ) as [ModernClient, ModernClient]
      const asked = (await own.call(toolAt(server, 'ask'))).message.result
      expect(canariesIn(asked, owner, 'secret')).not.toEqual([])
      const [key = ''] = Object.keys(asked?.inputRequests ?? {})
      const retry = (client: ModernClient, requestState: unknown) =>
        client.call(
          toolAt(server, 'ask'),
          {},
          { id: 1 },
          { requestState, inputResponses: { [key]: ACCEPTED } },
        )

      const stolen = bytesOf(await retry(other, asked?.requestState))

      expect(stolen).toEqual(bytesOf(await retry(other, `${'A'.repeat(43)}.made-up`)))
      expect(stolen.message.error?.data).toMatchObject({ code: 'request_state_invalid' })
      expect(readTool(await retry(own, asked?.requestState))).toEqual(ACCEPTED)
    })
  })

  test('an event id leads the other tenant to its own events', async () => {
    const [own, other] = [
      await initialize(targetOf(owner, 'legacy')),
      await initialize(targetOf(thief, 'legacy')),
    ]
    for (const client of [own, other]) (await client.stream()).disconnect()
    const hear = async (client: LegacyClient) => {
      const get = await client.stream()
      await client.call('announce')
      await get.message()
      get.disconnect()
      return get.lastEventId ?? ''
    }
    const [heard, same] = [await hear(own), await hear(other)]
    expect(same).toBe(heard)
    for (const client of [own, other]) await client.call('announce')

    const stolen = await other.resume(heard)
    const resumed = await own.resume(heard)
    const first = [await stolen.message(), await resumed.message()]
    // Its end, so that all of the stream was read.
    await Promise.all([own.delete(), other.delete()])
    await Promise.all([stolen.rest(), resumed.rest()])

    expect([stolen.messages, resumed.messages]).toEqual([[first[0]], [first[1]]])
    expect(canariesIn(stolen.messages, owner)).toEqual([])
    expect(canariesIn(stolen.messages, thief, 'secret')).not.toEqual([])
    expect(canariesIn(resumed.messages, owner, 'secret')).not.toEqual([])
  })

  test('a secret of a principal is no other’s of the same name', async () => {
    const answer = await new ModernClient(targetOf(owner, 'personal')).call('tell')

    expect(canariesIn(answer.message, owner, 'personal-secret')).not.toEqual([])
    expect(canariesIn(answer.message, thief)).toEqual([])
  })

  test('a name in the control plane is to the other tenant as one that was made up', async () => {
    const { text, tokens } = world.tenants[owner]
    const jwt = `jwt:${text('issuer-name')}:${text('subject')}`
    const keyId = tokens.visitor.info.keyId
    const routes: [
      method: string,
      path: (name: string) => string,
      theirs: string,
      madeUp: string,
    ][] = [
      ['GET', (name) => `servers/${name}`, text('server'), 'canary-of-gamma-in-server'],
      ['DELETE', (name) => `servers/${name}`, text('server'), 'canary-of-gamma-in-server'],
      ['POST', (name) => `tokens/${name}/rotate`, keyId, '00000000'],
      ['DELETE', (name) => `tokens/${name}`, keyId, '00000000'],
      ['DELETE', (name) => `secrets/${name}`, text('secret-name'), 'NOWHERE'],
      ['GET', (name) => `principals/${name}/secrets`, jwt, 'jwt:nobody:nowhere'],
      ['GET', (name) => `audit?by=${name}`, jwt, 'jwt:nobody:nowhere'],
    ]
    for (const [method, toPath, theirs, madeUp] of routes) {
      const [guessed, unknown] = await Promise.all(
        [theirs, madeUp].map((name) => {
          const path = `/admin/tenants/${thief}/${toPath(encodeURIComponent(name))}`
          return ask(
            world.gateway.url,
            { method, path },
            `Bearer ${world.tenants[thief].tokens.own}`,
          )
        }),
      )

      expect({ ...guessed, request: method }).toEqual({ ...unknown, request: method })
      expect(guessed?.status).toBe(
        method === 'GET' && !toPath('').startsWith('servers') ? 200 : 404,
      )
    }
  })
})

const SPELLINGS = [
  ...['%61lpha', '%2561lpha', 'ALPHA', 'alpha%2f', 'alpha%00', 'alpha%20', 'alpha.', '/alpha'],
  ...['beta%2f..%2falpha', 'beta/%2e%2e/alpha', 'beta;alpha', 'alpha,beta', 'beta\\\\..\\\\alpha'],
]
test.each(SPELLINGS)('alpha is not beta’s to reach when it is written as %j', async (spelling) => {
  const initialized = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x' } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: initialized })
  const headers = {
    ...{ 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
  }
  for (const [method, path] of [
    ['POST', `/t/${spelling}/mcp/legacy`],
    ['GET', `/t/${spelling}/ready`],
    ['GET', `/admin/tenants/${spelling}/servers`],
    ['GET', `/admin/tenants/${spelling}/audit`],
  ] as const) {
    const request = { method, path, headers, ...(method === 'POST' && { body }) }
    const answer = await ask(world.gateway.url, request, `Bearer ${world.tenants.beta.tokens.own}`)

    expect([401, 404], path).toContain(answer.status)
    expect(canariesIn([answer.headers, answer.text], 'alpha')).toEqual([])
  }
})

test('a server that is to the letter the same has processes of its own in each tenant', async () => {
  const keep = async (tenant: TenantName) => {
    const client = await initialize(targetOf(tenant, 'same'))
    return readTool<{ pid: number; kept: string[] }>(await client.call('keep', { note: tenant }))
  }
  const [first, second, third] = [await keep('alpha'), await keep('beta'), await keep('alpha')]

  expect(first.kept).toEqual(['alpha'])
  expect(second.kept).toEqual(['beta'])
  expect(third).toEqual({ pid: first.pid, kept: ['alpha', 'alpha'] })
})

test('what one tenant has used up, the other has not', async () => {
  const call = (tenant: TenantName) => new ModernClient(targetOf(tenant, 'scarce')).call('tell')
  const used = [await call('alpha'), await call('alpha'), await call('alpha')]
  const fresh = [await call('beta'), await call('beta'), await call('beta')]

  for (const [tenant, answers] of [
    ['alpha', used],
    ['beta', fresh],
  ] as const) {
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    const limit = world.tenants[tenant].text('limit')
    expect(answers[2]?.message.error?.data).toMatchObject({ code: 'rate_limited', limit })
    expect(answers[2]?.headers.get('RateLimit-Policy')).toContain(limit)
    expect(canariesIn(answers.map(bytesOf), otherOf(tenant))).toEqual([])
  }
})

test('both have a principal of one name', () => {
  for (const tenant of TENANTS) {
    expect(world.tenants[tenant].tokens.own).toContain(`hearth_${tenant}_${KEY_ID}_`)
    expect(canariesIn(world.configs[tenant], otherOf(tenant))).toEqual([])
  }
  expect(PRINCIPAL).toBe(`token:${KEY_ID}`)
})
