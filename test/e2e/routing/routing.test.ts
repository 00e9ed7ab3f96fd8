/** Routes with real servers: who answers when one is gone, how calls are spread, who is refused. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client as SDKClient } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type Answer } from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const NAMES = ['one', 'two', 'three']
/** What is killed is each era's own: it comes back after a while only. */
const MORTAL = ['modern', 'legacy'].flatMap((era) => [
  ...[`mortal-${era}`, `crashing-${era}-1`, `crashing-${era}-4`],
])
let folder: string
let gateway: Gateway

const file = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-routing-'))
  // What is back is let in again soon.
  const resilience = { breaker: { openMs: 1_000 } }
  const servers = [...NAMES, ...MORTAL].map((name) => {
    const env = { NAME: name, GONE: file(`${name}-gone`), DYING: file(`${name}-dying`) }
    Object.assign(env, { STARTS: file(`${name}-starts`) })
    return [name, fixture('tells-its-name', { env, resilience })] as const
  })
  gateway = await startGateway({
    servers: {
      ...Object.fromEntries(servers),
      broken: fixture('exits-at-once'),
      canary: fixture('tells-canaries', {
        env: {
          ...{ GIVEN_SECRET: 's', GIVEN_TOOL: 'canary-tool', GIVEN_PROMPT: 'canary-prompt' },
          ...{ GIVEN_RESOURCE: 'canary://one', GIVEN_ENV: 'told-by-canary' },
        },
      }),
      asker: fixture('asks-client'),
      'asker-two': fixture('asks-client'),
      'asker-modern': fixture('asks-modern'),
      'asker-modern-two': fixture('asks-modern'),
      scarce: fixture('tells-its-name', {
        env: { NAME: 'scarce' },
        limits: [
          {
            ...({ name: 'few', per: 'principal', algorithm: 'sliding-window' } as const),
            ...{ limit: 2, windowMs: 600_000 },
          },
        ],
      }),
      guarded: fixture('tells-its-name', {
        ...{ env: { NAME: 'guarded' }, requiredScopes: ['mfa'] },
      }),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(() => setRoutes([]))

/** This isolate knows of them at once. */
async function setRoutes(routes: object[]): Promise<void> {
  await gateway.admin('PUT', 'routes', { routes })
}

const THREE = { match: { tools: ['three__*'] } }
const to = (servers: (string | object)[], more: object = {}) => ({
  ...{ name: 'test', match: { tools: ['one__*'] }, servers },
  ...more,
})

interface Client {
  call(name: string, args?: object): Promise<Answer>
  request(method: string, params?: object): Promise<Answer>
}

const catalog = (token = gateway.token) => ({ url: `${gateway.url}/mcp`, token })
const modern = (token?: string): Client => new ModernClient(catalog(token))
const legacy = (token?: string): Promise<Client> => initialize(catalog(token))
const ERAS: [era: string, connect: (token?: string) => Client | Promise<Client>][] = [
  ['modern', modern],
  ['legacy', legacy],
]

const nameOf = (answer: Answer): string => readTool<{ name: string }>(answer).name
const pidOf = (answer: Answer): number => readTool<{ pid: number }>(answer).pid
const codeOf = ({ message }: Answer): unknown => {
  return (message.error?.data as { code?: string } | undefined)?.code
}

async function namesOf(client: Client, calls: number, tool = 'one__who'): Promise<string[]> {
  const names: string[] = []
  for (let call = 0; call < calls; call++) names.push(nameOf(await client.call(tool)))
  return names
}

const count = (names: string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

async function makeToken(grants: object): Promise<string> {
  const made = await gateway.admin<{ token: string }>('POST', 'tokens', { name: 'test', grants })
  return made.token
}

describe.each(ERAS)('a %s client', (era, connect) => {
  const mortal = `mortal-${era}`
  const match = { tools: [`${mortal}__*`] }

  test('is answered by the server that it names, where no route says otherwise', async () => {
    await setRoutes([to(['two'], { match: { tools: ['three__*'] } })])

    expect(await namesOf(await connect(), 2)).toEqual(['one', 'one'])
  })

  test('is answered by the server of the route', async () => {
    await setRoutes([to(['two'])])

    expect(await namesOf(await connect(), 2)).toEqual(['two', 'two'])
  })

  test('is answered by the next server when the first cannot start', async () => {
    await setRoutes([to(['broken', 'two', 'three'])])

    expect(await namesOf(await connect(), 3)).toEqual(['two', 'two', 'two'])
  })

  test('is told that the server died, where the call may have done something', async () => {
    const client = await connect()
    await setRoutes([to([mortal, 'two'], { match })])
    await writeFile(file(`${mortal}-dying`), '')

    const answer = await client.call(`${mortal}__die`).finally(() => rm(file(`${mortal}-dying`)))

    expect(codeOf(answer)).toBe('server_exited')
  })

  test('is answered by the next server when the first dies of a call that only reads', async () => {
    const client = await connect()
    await setRoutes([to([mortal, 'two'], { match })])
    expect(nameOf(await client.call(`${mortal}__die_safe`))).toBe(mortal)
    await writeFile(file(`${mortal}-dying`), '')

    const answer = await client
      .call(`${mortal}__die_safe`)
      .finally(() => rm(file(`${mortal}-dying`)))

    expect(nameOf(answer)).toBe('two')
  })

  test('is answered by the other server when one is killed, and by the first when it is back', async () => {
    const client = await connect()
    await setRoutes([to([mortal, 'two'], { match })])
    const first = await client.call(`${mortal}__who`)
    expect(nameOf(first)).toBe(mortal)
    await writeFile(file(`${mortal}-gone`), '')
    process.kill(pidOf(first), 'SIGKILL')
    await expect.poll(() => existsSync(`/proc/${pidOf(first)}`)).toBe(false)

    expect(await namesOf(client, 2, `${mortal}__who`)).toEqual(['two', 'two'])
    await rm(file(`${mortal}-gone`))

    await expect
      .poll(async () => nameOf(await client.call(`${mortal}__who`)), {
        ...{ timeout: 40_000, interval: 100 },
      })
      .toBe(mortal)
  })

  test('is served in turns', async () => {
    await setRoutes([to(NAMES, { name: `turns-${era}`, strategy: 'round-robin' })])

    const names = await namesOf(await connect(), 12)

    expect(count(names)).toEqual({ one: 4, two: 4, three: 4 })
  })

  test('is served by weight', async () => {
    const servers = [
      { server: 'one', weight: 3 },
      { server: 'two', weight: 1 },
      { server: 'three', weight: 0 },
    ]
    await setRoutes([to(servers, { name: `weights-${era}`, strategy: 'weighted' })])

    expect(count(await namesOf(await connect(), 40))).toEqual({ one: 30, two: 10 })
  })

  test('is served by the one with the fewest calls in flight', async () => {
    await setRoutes([to(['one', 'two'], { strategy: 'least-in-flight' })])
    const until = file(`${era}-release`)
    const client = await connect()
    const held = client.call('one__wait', { until })
    const others: string[] = []
    for (let call = 0; call < 6; call++) others.push(nameOf(await client.call('one__who')))
    await writeFile(until, '')

    const holder = nameOf(await held)
    // The first of them may have come before the held one was there.
    expect(new Set(others.slice(1))).toEqual(new Set([holder === 'one' ? 'two' : 'one']))
  })

  test('stays at one server, where the route is sticky', async () => {
    await setRoutes([to(NAMES, { strategy: 'sticky' })])

    expect(Object.keys(count(await namesOf(await connect(), 8)))).toHaveLength(1)
  })

  test('needs the scopes of the route, whichever way it comes', async () => {
    await setRoutes([to([], { requiredScopes: ['deploy'] })])
    const client = await connect()

    const refused = await client.call('one__who')

    expect([refused.status, codeOf(refused)]).toEqual([403, 'forbidden'])
    expect(refused.message.error?.data).toMatchObject({ scopes: ['deploy'] })
    expect(nameOf(await client.call('two__who'))).toBe('two')
    const token = await makeToken({ scopes: ['*', 'deploy'] })
    expect(nameOf(await (await connect(token)).call('one__who'))).toBe('one')
  })

  test('is not sent to a server that it may not use, or that asks for more than it has', async () => {
    await setRoutes([to(['guarded', 'two', 'three'])])

    expect(await namesOf(await connect(), 1)).toEqual(['two'])
    const token = await makeToken({ scopes: ['tools:call:one/*', 'tools:call:three/*'] })
    expect(await namesOf(await connect(token), 1)).toEqual(['three'])
    const scopes = ['tools:call:one/*', 'tools:call:guarded/*']
    const lacking = await (await connect(await makeToken({ scopes }))).call('one__who')
    expect([lacking.status, codeOf(lacking)]).toEqual([403, 'forbidden'])
    const none = await (
      await connect(await makeToken({ scopes: ['tools:call:one/*'] }))
    ).call('one__who')
    expect([none.status, codeOf(none)]).toEqual([404, 'server_not_found'])
  })

  test('is refused beyond the limit of the route, which is another one than its servers’', async () => {
    const limit = { per: 'principal', algorithm: 'sliding-window', limit: 2, windowMs: 600_000 }
    await setRoutes([to([], { name: 'limited', limits: [{ name: `own-${era}`, ...limit }] })])
    const token = await makeToken({ scopes: ['*'] })
    const client = await connect(token)
    await namesOf(client, 2)

    const refused = await client.call('one__who')

    expect(refused.status).toBe(429)
    expect(refused.message.error?.data).toMatchObject({
      ...{ code: 'rate_limited', limit: `own-${era}` },
    })
    expect(nameOf(await client.call('two__who'))).toBe('two')
  })

  test('is counted by the limits of each server that it may be sent to', async () => {
    await setRoutes([to(['one', 'scarce'])])
    const client = await connect(await makeToken({ scopes: ['*'] }))

    expect(await namesOf(client, 2)).toEqual(['one', 'one'])
    const refused = await client.call('one__who')
    expect([refused.status, codeOf(refused)]).toEqual([429, 'rate_limited'])
  })

  test('is answered under the name that the other server has for it', async () => {
    await setRoutes([to(['broken', { server: 'two', name: 'who' }])])

    expect(await namesOf(await connect(), 1, 'one__wait')).toEqual(['two'])
  })

  test('reads a resource and gets a prompt by a route', async () => {
    const match = { resources: ['canary://*'], prompts: ['canary__*'] }
    await setRoutes([to(['broken', 'canary'], { match })])
    const client = await connect()

    const read = await client.request('resources/read', { uri: 'canary://one' })
    expect(JSON.stringify(read.message.result)).toContain('told-by-canary')
    const prompt = await client.request('prompts/get', { name: 'canary__canary-prompt' })
    // The server's own answer: it lists one, and gives none.
    expect(prompt.message.error?.message).toBe('no prompts/get')
    await setRoutes([to([], { match, requiredScopes: ['deploy'] })])
    expect((await client.request('resources/read', { uri: 'canary://one' })).status).toBe(403)
    expect((await client.request('prompts/get', { name: 'canary__canary-prompt' })).status).toBe(
      403,
    )
  })

  test('has the transformers of the route, beside those of the server', async () => {
    const transform = [{ use: 'metadata', gateway: `of-${era}` }]
    await setRoutes([
      to([], { name: 'own', transform }),
      to(['broken', 'two'], { match: { tools: ['three__*'] }, transform }),
    ])
    const client = await connect()
    const gatewayOf = async (tool: string) =>
      ((await client.call(tool)).message.result?._meta as Record<string, unknown> | undefined)?.[
        'hearth/gateway'
      ]

    expect(await gatewayOf('one__who')).toBe(`of-${era}`)
    expect(await gatewayOf('three__who')).toBe(`of-${era}`)
    expect(await gatewayOf('two__who')).toBeUndefined()
  })

  test('is tried as often as the route says', async () => {
    const starts = async (attempts: number): Promise<number> => {
      const name = `crashing-${era}-${attempts}`
      await writeFile(file(`${name}-dying`), '')
      await setRoutes([{ name: 'tries', match: { tools: [`${name}__*`] }, retries: { attempts } }])
      expect(codeOf(await (await connect()).call(`${name}__die_safe`))).toBe('server_exited')
      return readFileSync(file(`${name}-starts`), 'utf8').length
    }

    expect(await starts(4)).toBeGreaterThan(await starts(1))
  })

  test('is waited for no longer than the route says', async () => {
    await setRoutes([
      to([], { timeoutMs: 300 }),
      to(['two'], { name: 'b', match: { tools: ['two__*'] } }),
    ])

    const answer = await (await connect()).call('one__wait', { until: file('never') })

    expect(codeOf(answer)).toBe('call_timeout')
  })
})

test.each(['asker', 'asker-modern'])(
  'a call of %s that waits for its client goes on at the server where it waits',
  async (server) => {
    const [match, servers] = [{ tools: [`${server}__*`] }, [server, `${server}-two`]]
    await setRoutes([{ name: `asks-${server}`, match, servers, strategy: 'round-robin' }])
    const client = new ModernClient(catalog(), { elicitation: { form: {} } })
    const asked = { message: 'yes?', requestedSchema: { type: 'object', properties: {} } }
    const args = { method: 'elicitation/create', params: asked }
    const name = `${server}__ask`
    for (let round = 0; round < 3; round++) {
      const first = (await client.call(name, args)).message.result
      expect(first?.resultType).toBe('input_required')
      const keys = Object.keys(first?.inputRequests as object)
      const inputResponses = Object.fromEntries(keys.map((key) => [key, { action: 'decline' }]))
      const more = { requestState: first?.requestState, inputResponses }

      const { result } = (await client.call(name, args, {}, more)).message
      expect(result?.resultType).toBe('complete')
    }
  },
)

test('a client of HTTP+SSE is answered by the next server, too', async () => {
  await setRoutes([to(['broken', 'two'])])
  const { url, headers } = gateway
  const transport = new SSEClientTransport(new URL(`${url}/sse`), { requestInit: { headers } })
  const client = new SDKClient({ name: 'old', version: '1.0.0' })
  await client.connect(transport as Parameters<SDKClient['connect']>[0])

  const { content } = await client.callTool({ name: 'one__who', arguments: {} })
  await client.close()

  expect(JSON.stringify(content)).toContain('two')
})

test('what call_tool runs takes its route', async () => {
  await setRoutes([to(['two']), to([], { ...{ name: 'b', requiredScopes: ['deploy'] }, ...THREE })])
  const lazy = new ModernClient({ ...catalog(), url: `${gateway.url}/mcp?tools=lazy` })
  const run = (name: string) => lazy.call('call_tool', { name, arguments: {} })

  expect(nameOf(await run('one__who'))).toBe('two')
  const refused = await run('three__who')
  expect([refused.status, codeOf(refused)]).toEqual([403, 'forbidden'])
})

test('sessions are spread where the route is sticky', async () => {
  await setRoutes([to(NAMES, { strategy: 'sticky' })])
  const names: string[] = []
  for (let session = 0; session < 16; session++) {
    names.push(...(await namesOf(await legacy(), 1)))
  }

  expect(Object.keys(count(names)).length).toBeGreaterThan(1)
})

describe('at the URL of one server', () => {
  test('a route has its policies, and chooses no other server', async () => {
    await setRoutes([to(['two'], { requiredScopes: ['deploy'] })])
    const token = await makeToken({ scopes: ['*', 'deploy'] })
    const at = (credential: string) => ({ ...targetOf(gateway, 'one'), token: credential })

    const refused = await new ModernClient(at(gateway.token)).call('who')
    expect([refused.status, codeOf(refused)]).toEqual([403, 'forbidden'])
    expect(nameOf(await new ModernClient(at(token)).call('who'))).toBe('one')
  })

  test('a name that is said twice is refused', async () => {
    await setRoutes([to([], { requiredScopes: ['deploy'] })])
    const client = await initialize(targetOf(gateway, 'one'))
    const params = '{"name":"who","Name":"wait","arguments":{}}'
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`

    const response = await fetch(client.target.url, {
      ...{ method: 'POST', body },
      headers: {
        ...{ Authorization: `Bearer ${gateway.token}`, 'Content-Type': 'application/json' },
        ...{ Accept: 'application/json, text/event-stream', ...client.headers },
      },
    })

    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('invalid_message'),
    ])
  })
})

test('a call that was answered elsewhere is one line of the log', async () => {
  await setRoutes([to(['broken', 'two'])])
  const client = modern()
  const before = gateway.logs.length
  const answer = await client.call('one__who')
  expect(nameOf(answer)).toBe('two')

  // Those of calls before it may still come.
  const name = answer.headers.get('x-request-id') ?? ''
  const isLine = (line: string): boolean => line.includes('"event":"call"') && line.includes(name)
  await expect.poll(() => gateway.logs.slice(before).filter(isLine).length).toBe(1)
  const [line = '{}'] = gateway.logs.slice(before).filter(isLine)
  expect(JSON.parse(line)).toMatchObject({ server: 'two', route: 'test', outcome: 'ok' })
})

test('explain says what a call does', async () => {
  await setRoutes([
    to([], { name: 'writes', match: { tools: ['*__delete_*'] }, priority: 1 }),
    to(['broken', 'two'], { timeoutMs: 5_000 }),
  ])

  const told = await gateway.admin<{ text: string }>('GET', 'explain?name=one__who')

  expect(told).toMatchObject({
    called: { server: 'one', name: 'who', matchedAs: 'one__who' },
    lookedAt: [
      { route: 'writes', matches: false },
      { route: 'test', matches: true, why: '"one__*" matches' },
    ],
    route: 'test',
    targets: [{ server: 'broken' }, { server: 'two', isUsable: true }],
  })
  expect(told.text.split('\n')[0]).toBe('tool one__who is who of one')
})
