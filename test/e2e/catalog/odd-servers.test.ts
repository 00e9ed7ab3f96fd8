/** Servers whose answers are not what the protocol says: used as far as they can be, and what is left out is said. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  ModernClient,
  readAnswer,
  send,
  sendInitialize,
  type Answer,
  type Target,
} from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const whole = { protocolVersion: '2025-06-18', capabilities: { tools: {} } }
const serverInfo = { name: 'odd', version: '1' }
const tool = (name: string) => ({ name, inputSchema: { type: 'object' } })
const discovered = { capabilities: { tools: {} }, supportedVersions: ['2025-11-25'] }

/** What `server/discover` is answered with by servers that do not know it. */
const CATCH_ALL = {
  empty: { '*': {} },
  nothing: { 'server/discover': 'null' },
  toolresult: { 'server/discover': { content: [{ type: 'text', text: 'what?' }] } },
  legacyonly: { 'server/discover': discovered },
  hollow: { 'server/discover': { supportedVersions: ['2026-07-28'], capabilities: [] } },
}
const MODERN = {
  'server/discover': {
    ...{ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
    ...{ serverInfo, ttlMs: 60_000, cacheScope: 'public' },
  },
}
/** What `initialize` lacks. */
const LACKING = {
  noinfo: { initialize: whole },
  noversion: { initialize: { capabilities: { tools: {} }, serverInfo } },
  nocapabilities: { initialize: { protocolVersion: '2025-06-18', serverInfo } },
  listed: { initialize: { ...whole, capabilities: [], serverInfo } },
  yes: { initialize: { ...whole, capabilities: true, serverInfo } },
  yestools: { initialize: { ...whole, capabilities: { tools: true }, serverInfo } },
}
const FUTURE = '2099-01-01'
const UNUSABLE = {
  future: { initialize: { ...whole, protocolVersion: FUTURE, serverInfo } },
  numbered: { initialize: { ...whole, protocolVersion: 7, serverInfo } },
}
/** Lists that do not end, or are none. */
const LISTS = {
  stuck: { 'tools/list': { tools: [tool('one'), tool('two')], nextCursor: 'again' } },
  ended: { 'tools/list': { tools: [tool('one')], nextCursor: '' } },
  unlisted: { 'tools/list': { tools: 'none' } },
  nameless: { 'tools/list': { tools: [tool('one'), { title: 'no name' }, 7] } },
}
/** Two that list the same user interface, and link to what is not theirs. */
const ui = { _meta: { ui: { resourceUri: 'ui://panel' } } }
const links = [
  { type: 'resource_link', uri: 'https://example.com/page', name: 'web' },
  { type: 'resource_link', uri: 'file:///elsewhere', name: 'another server’s' },
  { type: 'resource_link', uri: 'ui://panel', name: 'own' },
]
const LINKING = {
  initialize: { ...whole, capabilities: { tools: {}, resources: {} }, serverInfo },
  'tools/list': { tools: [{ ...tool('links'), ...ui }] },
  'tools/call links': { content: links, ...ui },
  'resources/list': { resources: [{ uri: 'ui://panel', name: 'panel' }] },
  'resources/templates/list': { resourceTemplates: [] },
}

let gateway: Gateway
let all: Target

beforeAll(async () => {
  const odd = { ...CATCH_ALL, ...LACKING, ...UNUSABLE, ...LISTS, left: LINKING, right: LINKING }
  const servers = Object.entries(odd).map(([name, answers]) => {
    const { args = [], ...config } = fixture('answers-oddly')
    return [name, { ...config, args: [...args, JSON.stringify(answers)] }]
  })
  gateway = await startGateway({ warm: false, servers: Object.fromEntries(servers) })
  await gateway.admin('PUT', 'catalog', { listTimeoutMs: 20_000 })
  all = { url: `${gateway.url}/mcp`, token: gateway.token }
})

afterAll(() => gateway?.stop())

describe('the probe of a server', () => {
  const startsOf = async (
    answers: object,
    use: (gateway: Gateway) => Promise<unknown> = async () => undefined,
    maxProcesses = 4,
  ): Promise<string[]> => {
    const folder = await mkdtemp(join(tmpdir(), 'hearth-probed-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const STARTS = join(folder, 'starts')
    const { args = [], ...config } = fixture('answers-oddly', { env: { STARTS }, maxProcesses })
    const probed = { ...config, warm: 0, args: [...args, JSON.stringify(answers)] }
    const only = await startGateway({ warm: true, servers: { probed } })
    try {
      await use(only)
    } finally {
      await only.stop()
    }
    return (await readFile(STARTS, 'utf8')).trim().split('\n')
  }

  test('starts one process where that refuses server/discover', async () => {
    expect(await startsOf({})).toEqual(['start', 'end'])
  })

  test('starts one process where that answers both questions', async () => {
    const starts = await startsOf({ 'server/discover': {} })
    expect(starts.filter((line) => line === 'start')).toHaveLength(1)
  })

  test('leaves its process to modern clients where that speaks 2026-07-28', async () => {
    const starts = await startsOf(MODERN, async ({ url, token }) => {
      const client = new ModernClient({ url: `${url}/mcp`, token })
      expect(namesOf(await client.request('tools/list'), 'probed')).toEqual(['probed__hi'])
      expect((await client.call('probed__hi')).message.result).toBeDefined()
    })
    expect(starts).toEqual(['start', 'end'])
  })

  test('is not made again where it has failed', async () => {
    const refusing = { initialize: 'refused' }
    const once = await startsOf(refusing)
    const twice = await startsOf(refusing, async (only) => {
      await only.admin('POST', 'warm?lists=true')
      // What would be asked in vain is asked then.
      await delay(1_000)
    })
    expect(twice).toEqual([...once, ...once])
  })

  test('makes room for a session where one process is allowed', async () => {
    const use = async (only: Gateway) => {
      const all = new ModernClient({ url: `${only.url}/mcp`, token: only.token })
      await all.call('probed__hi')
      // An idle process gives way, and one is idle after a second.
      await delay(1_100)
      const client = await initialize(targetOf(only, 'probed'))
      expect((await client.call('hi')).message.result).toBeDefined()
    }
    const starts = await startsOf(MODERN, use, 1)
    expect(starts.map((what, at) => what === (at % 2 === 0 ? 'start' : 'end'))).not.toContain(false)
  })

  test.each([
    { said: 'takes sessions', more: {}, eras: ['legacy', 'modern'] },
    { said: 'refuses them', more: { initialize: 'refused' }, eras: ['modern'] },
  ])('asks for sessions when the first one begins: one that $said', async ({ more, eras }) => {
    await startsOf({ ...MODERN, ...more }, async (only) => {
      const erasNow = async () => {
        type Status = { servers: { eras: string[] }[] }
        return (await only.admin<Status>('GET', 'status')).servers[0]?.eras
      }
      expect(await erasNow()).toEqual(['modern'])
      const client = await initialize(targetOf(only, 'probed'))
      expect(await erasNow()).toEqual(eras)
      expect((await client.call('hi')).message.result).toBeDefined()
    })
  })
})

const listAll = () => new ModernClient(all).request('tools/list')

function namesOf({ message }: Answer, server: string): string[] {
  const { tools = [] } = (message.result ?? {}) as { tools?: { name: string }[] }
  return tools.map(({ name }) => name).filter((name) => name.startsWith(`${server}__`))
}

function saidOf({ message }: Answer, of: 'missing' | 'incomplete', server: string): string[] {
  const meta = (message.result?._meta ?? {}) as Record<string, unknown>
  const said = (meta[`hearth/${of}`] ?? []) as { server: string; message: string }[]
  return said.flatMap((one) => (one.server === server ? [one.message] : []))
}

async function statusOf(server: string) {
  const { servers } = await gateway.admin<{ servers: Record<string, unknown>[] }>('GET', 'status')
  return servers.find(({ name }) => name === server) as {
    ready: boolean
    error?: string
    eras: string[]
    lists?: { notes?: string[] }
  }
}

describe('a server that answers anything to server/discover', () => {
  test.each(Object.keys(CATCH_ALL))('is a legacy one, with its tools at /mcp: %s', async (name) => {
    expect(namesOf(await listAll(), name)).toEqual([`${name}__hi`])
    const own = await new ModernClient(targetOf(gateway, name)).request('server/discover')
    const told = { resultType: 'complete', capabilities: { tools: {} } }
    expect(own.message.result).toMatchObject(told)
    expect((await new ModernClient(all).call(`${name}__hi`)).message.result).toBeDefined()
    expect((await statusOf(name)).eras).toEqual(['legacy'])
  })
})

describe('a server whose initialize result lacks something', () => {
  test.each(Object.keys(LACKING))('is used at /mcp and by itself: %s', async (name) => {
    const listed = await listAll()
    expect(namesOf(listed, name)).toEqual([`${name}__hi`])
    expect(saidOf(listed, 'missing', name)).toEqual([])

    const { message } = await sendInitialize(targetOf(gateway, name), {}, '2025-06-18')
    expect(message.result).toMatchObject({
      protocolVersion: '2025-06-18',
      serverInfo: { name: expect.any(String) as string, version: expect.any(String) as string },
      capabilities: { tools: {} },
    })
    const session = await initialize(targetOf(gateway, name), {}, '2025-06-18')
    expect((await session.call('hi')).message.result).toBeDefined()
  })

  test.each(['nocapabilities', 'listed', 'yes'])('and says so: %s', async (name) => {
    const said = saidOf(await listAll(), 'incomplete', name)
    expect(said).toEqual([expect.stringMatching(/capabilities.*each list is asked for/)])
    expect((await statusOf(name)).lists?.notes).toEqual([expect.stringContaining(said[0] ?? '')])
  })

  test.each(Object.keys(UNUSABLE))(
    'so that nothing can be made of it is named: %s',
    async (name) => {
      const [why] = saidOf(await listAll(), 'missing', name)
      expect(why).toMatch(/initialize|protocolVersion/)
      if (name === 'future') {
        expect(await statusOf(name)).toMatchObject({ ready: false, error: why })
      }
    },
  )
})

describe('a server of a revision that nobody knows', () => {
  test('is refused at initialize with the reason when the client speaks another', async () => {
    const { message, headers } = await sendInitialize(targetOf(gateway, 'future'))
    expect(message.error?.message).toContain(`revision ${FUTURE}, which was not asked for`)
    expect(headers.get('Mcp-Session-Id')).toBeNull()
  })

  test('is passed on to a client that asked for it, whose later requests work', async () => {
    const session = await initialize(targetOf(gateway, 'future'), {}, FUTURE)
    expect(session.headers['MCP-Protocol-Version']).toBe(FUTURE)
    expect((await session.call('hi')).status).toBe(200)
    await gateway.evictServerHost()
    expect((await session.request('tools/list')).status).toBe(200)
    const other = { headers: { 'MCP-Protocol-Version': '2098-01-01' } }
    const refused = await session.request('tools/list', {}, other)
    expect(refused.status).toBe(400)
    expect(refused.message.error?.data).toMatchObject({ code: 'unsupported_version' })
    expect((await session.delete()).status).toBe(204)
  })

  test('is no excuse at the session of a server of another', async () => {
    const session = await initialize(targetOf(gateway, 'noinfo'))
    const other = { headers: { 'MCP-Protocol-Version': FUTURE } }
    expect((await session.request('tools/list', {}, other)).status).toBe(400)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const headers = { 'MCP-Protocol-Version': FUTURE }
    const answer = await readAnswer(await send(session.target, 'POST', headers, body), 1)
    expect(answer.status).toBe(400)
  })
})

describe('a list', () => {
  test('whose cursor leads back to it has one of each, and says what was cut', async () => {
    const listed = await listAll()
    expect(namesOf(listed, 'stuck')).toEqual(['stuck__one', 'stuck__two'])
    const said = saidOf(listed, 'incomplete', 'stuck')
    expect(said).toEqual(['its pages repeat themselves: what follows page 2 is not read'])
    expect((await statusOf('stuck')).lists?.notes).toEqual([`tools: ${said[0]}`])
  })

  test('that ends with an empty cursor is whole', async () => {
    const listed = await listAll()
    expect(namesOf(listed, 'ended')).toEqual(['ended__one'])
    expect(saidOf(listed, 'incomplete', 'ended')).toEqual([])
  })

  test('that is none, or has entries without names, says so', async () => {
    const listed = await listAll()
    expect(saidOf(listed, 'incomplete', 'unlisted')).toEqual([
      'its answer to tools/list has no list "tools"',
    ])
    expect(namesOf(listed, 'nameless')).toEqual(['nameless__one'])
    expect(saidOf(listed, 'incomplete', 'nameless')).toEqual(['2 of its entries have no name'])
  })

  test('is said to be incomplete by an object that did not read it', async () => {
    await gateway.evictServerHost()
    expect(saidOf(await listAll(), 'incomplete', 'nameless')).toHaveLength(1)
  })
})

describe('what a server names at /mcp', () => {
  const shown = { ui: { resourceUri: 'hearth://left/ui://panel' } }
  const expected = {
    content: [links[0], links[1], { ...links[2], uri: 'hearth://left/ui://panel' }],
    _meta: shown,
  }

  test('is passed on where it is none of its resources, and leads back where it is', async () => {
    const modern = new ModernClient(all)
    await modern.request('resources/list')
    await modern.request('resources/templates/list')
    expect((await modern.call('left__links')).message.result).toMatchObject(expected)
    const session = await initialize(all)
    expect((await session.call('left__links')).message.result).toMatchObject(expected)
  })

  test('is the same in the definition of a tool', async () => {
    const { message } = await listAll()
    const { tools } = message.result as { tools: { name: string; _meta?: unknown }[] }
    expect(tools.find(({ name }) => name === 'left__links')?._meta).toEqual(shown)
  })
})
