/** What a new configuration does to what runs: pushed at once, and to what it concerns alone. */
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FRAME } from '#protocol/link/frame.ts'
import { initialize, ModernClient } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy, answerAsModern } from './answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

interface Asked {
  method?: string
}

interface Configured {
  name: string
  args: string[]
}

const OTHERS = { other: { command: 'other' } }
const holdingCalls = (answer: (asked: Asked) => object) => (asked: Asked) =>
  asked.method === 'tools/call' ? undefined : answer(asked)

const count = (host: ScriptedHost, type: number) =>
  host.frames.filter((frame) => frame.type === type).length
const closed = (host: ScriptedHost, channel: number) =>
  host.frames.some((frame) => frame.type === FRAME.close && frame.channel === channel)
const lastInitialize = (host: ScriptedHost) => host.requests('initialize').at(-1)?.channel ?? 0
const configured = (host: ScriptedHost) => {
  const frames = host.frames.filter(({ type }) => type === FRAME.configure)
  const { launches = [] } = (frames.at(-1)?.meta ?? {}) as { launches?: Configured[] }
  return launches
}

describe('a change of the servers', () => {
  test('reaches the host program without a call', async () => {
    const { host, target, putServer } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    await initialize(target)
    const begun = Date.now()

    await putServer({ args: ['changed'] })
    await host.until(() => configured(host)[0]?.args[0] === 'changed', 'new launch')

    expect(Date.now() - begun).toBeLessThan(1_000)
  })

  test('is told to no server host that never ran, and makes none', async () => {
    const files = async () =>
      (await readdir(gateway.storage, { recursive: true })).filter((path) =>
        /LocalServerHost.*\/[0-9a-f]{64}\.sqlite$/.test(path),
      )
    const before = await files()

    const { putServer } = await gateway.tenant()
    await putServer({ args: ['changed'] })
    await putServer({ args: ['again'] })

    expect(await files()).toEqual(before)
  })

  test('that is of another server, or of settings alone, touches no process and no session', async () => {
    const { host, target, putServer } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    const client = await initialize(target)
    const stream = await client.stream()
    const modern = new ModernClient(target)
    await modern.call('any')
    const listening = await modern.listen({ toolsListChanged: true }, 'listening')
    await listening.message()
    const [opened, ended] = [count(host, FRAME.open), count(host, FRAME.close)]

    await putServer({ timeoutMs: 5_000, requiredScopes: [] }, OTHERS)
    await host.until(() => configured(host).length === 2, 'new configuration')
    await client.call('any')
    await modern.call('any')
    await putServer({ catalog: { isListed: false } })
    await host.until(() => configured(host).length === 1, 'newest configuration')
    expect((await client.call('any')).status).toBe(200)

    expect([count(host, FRAME.open), count(host, FRAME.close)]).toEqual([opened, ended])
    host.notify(lastInitialize(host), 'notifications/message', { data: 'goes on' })
    expect(stream.messages).toEqual([])
    expect(listening.messages).toHaveLength(1)
    listening.disconnect()
    stream.disconnect()
  })

  test('of settings alone holds for the next call of a session that is there', async () => {
    const { host, target, putServer } = await gateway.tenant()
    host.script = { answer: holdingCalls(answerAsLegacy) }
    const client = await initialize(target)

    await putServer({ timeoutMs: 400 })
    const answer = await client.call('waits')

    expect(answer.message.error?.data).toMatchObject({ code: 'call_timeout' })
  })
})

describe('a session whose server is another one now', () => {
  test('is told once to list again, and its next call begins a process as the client began it', async () => {
    const { host, target, putServer } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    const client = await initialize(target, { elicitation: {} })
    await client.request('logging/setLevel', { level: 'debug' })
    const stream = await client.stream()
    const former = lastInitialize(host)

    await putServer({ args: ['changed'] })
    const told = [await stream.message(), await stream.message()]
    await host.until(() => closed(host, former), 'end of the former process')
    const answer = await client.call('any')

    expect(told.map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/resources/list_changed',
    ])
    expect(answer.status).toBe(200)
    const [first, ...others] = host
      .requests('initialize')
      .filter(({ request }) => 'elicitation' in ((request.params?.capabilities ?? {}) as object))
    expect(others).toHaveLength(1)
    expect(others[0]?.request.params).toEqual(first?.request.params)
    const replayed = host.requests('logging/setLevel').at(-1)
    expect(replayed).toMatchObject({
      channel: others[0]?.channel,
      request: { params: { level: 'debug' } },
    })
    await putServer({ args: ['changed'], timeoutMs: 9_000 })
    expect((await client.call('any')).status).toBe(200)
    expect(stream.messages).toHaveLength(2)
    stream.disconnect()
  })

  test('lets running calls finish on the former process, what it asks the client included', async () => {
    const { host, target, putServer } = await gateway.tenant()
    host.script = { answer: holdingCalls(answerAsLegacy) }
    const client = await initialize(target, { elicitation: {} })
    const former = lastInitialize(host)
    const running = client.call('waits', {}, { id: 'running' })
    await host.until(() => host.requests('tools/call').length === 1, 'call')

    await putServer({ args: ['changed'] })
    await host.until(() => configured(host)[0]?.args[0] === 'changed', 'new launch')
    const opening = client.openCall('waits', {}, { id: 'next' })
    await host.until(() => host.requests('tools/call').length === 2, 'next call')
    const later = host.requests('tools/call')[1]?.channel ?? 0
    // Both processes number their requests from 0.
    for (const channel of [former, later]) host.ask(channel, 0, 'elicitation/create', { channel })
    const next = await opening
    const asked = [await next.message(), await next.message()]
    for (const { id, params } of asked) await client.respond(id, { channel: params?.channel })

    await host.until(() => host.answers(0).length === 2, 'two answers')
    expect(later).not.toBe(former)
    expect(host.answers(0)).toEqual(
      [former, later].map((channel) => ({ channel, result: { channel } })),
    )
    expect(closed(host, former)).toBe(false)
    host.respond(former, 'running', { content: ['former'] })
    expect((await running).message.result).toEqual({ content: ['former'] })
    await host.until(() => closed(host, former), 'end of the former process')
    host.respond(later, 'next', { content: ['later'] })
    expect((await next.message()).result).toEqual({ content: ['later'] })
    expect(closed(host, later)).toBe(false)
  })

  test('may be one of another era, or a shared one, from one call to the next', async () => {
    const { host, target, putServer } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    const client = await initialize(target)
    expect((await client.call('any')).status).toBe(200)

    host.script = { answer: answerAsModern }
    await putServer({ args: ['modern'] })
    const modern = await client.call('any', {}, { id: 'modern' })
    expect(modern.message).toMatchObject({ id: 'modern', result: { content: [] } })

    host.script = { answer: answerAsLegacy }
    await putServer({ args: ['shared'], sharing: 'shared' })
    const shared = await client.call('any', {}, { id: 'shared' })
    expect(shared.message).toMatchObject({ id: 'shared', result: { content: [] } })

    await putServer({ args: ['shared'], sharing: 'session' })
    const begun = host.requests('initialize').length
    expect((await client.call('any')).status).toBe(200)
    expect(host.requests('initialize')).toHaveLength(begun + 1)
  })

  test('that does not start is told so, and goes on when it starts again', async () => {
    const { host, target, putServer } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    const client = await initialize(target)

    host.script = { answer: () => ({ error: { code: -32000, message: 'no' } }) }
    await putServer({ args: ['broken'] })
    expect((await client.call('any')).message.error?.data).toMatchObject({
      code: 'server_start_failed',
    })

    host.script = { answer: answerAsLegacy }
    await putServer({ args: ['mended'] })
    expect((await client.call('any')).message.result).toEqual({ content: [] })
  })

  test('a secret that it refers to counts as a change of it', async () => {
    const { host, target, putServer, putSecret } = await gateway.tenant()
    host.script = { answer: answerAsLegacy }
    await putSecret('KEY', 'first')
    await putServer({ env: { KEY: '${secret:KEY}' } })
    const client = await initialize(target)
    const former = lastInitialize(host)

    await putSecret('KEY', 'second')
    await host.until(() => closed(host, former), 'end of the former process')

    expect((await client.call('any')).status).toBe(200)
  })
})

describe('a session of the catalog', () => {
  const listing = (asked: Asked) =>
    asked.method === 'tools/list'
      ? { tools: [{ name: 'any', inputSchema: { type: 'object' } }] }
      : answerAsLegacy(asked)

  test('goes on when one of its servers is another one, and is told of it once', async () => {
    const { host, target, putServer } = await gateway.tenant()
    host.script = { answer: listing }
    const whole = { ...target, url: target.url.replace('/mcp/scripted', '/mcp') }
    const client = await initialize(whole)
    const stream = await client.stream()
    expect((await client.call('scripted__any')).message.result).toEqual({ content: [] })
    const former = host.requests('tools/call').at(-1)?.channel ?? 0

    await putServer({ args: ['changed'] })
    await stream.message(({ method }) => method === 'notifications/tools/list_changed')
    await host.until(() => closed(host, former), 'end of the former process')
    const answer = await client.call('scripted__any')

    expect(answer.message.result).toEqual({ content: [] })
    expect(host.requests('tools/call').at(-1)?.channel).not.toBe(former)
    await putServer({ args: ['changed'], timeoutMs: 9_000 })
    expect((await client.call('scripted__any')).status).toBe(200)
    const told = stream.messages.map(({ method }) => method)
    expect(told.filter((method) => method?.includes('tools'))).toHaveLength(1)
    stream.disconnect()
  })

  test('outlives a server that is removed', async () => {
    const { host, target, putServers, putServer } = await gateway.tenant()
    host.script = { answer: listing }
    const whole = { ...target, url: target.url.replace('/mcp/scripted', '/mcp') }
    const client = await initialize(whole)
    expect((await client.call('scripted__any')).status).toBe(200)
    const former = host.requests('tools/call').at(-1)?.channel ?? 0

    await putServers(OTHERS)
    await host.until(() => closed(host, former), 'end of its process')
    const gone = await client.call('scripted__any')
    await putServer({}, OTHERS)
    const back = await client.call('scripted__any')

    expect(gone.message.result?.content).not.toEqual([])
    expect(gone.status).not.toBe(404)
    expect(back.message.result).toEqual({ content: [] })
  })
})

describe('a server that is removed, or disabled', () => {
  test.each([
    ['removed', undefined],
    ['disabled', { enabled: false }],
  ])('(%s) finishes its calls, and ends its sessions and streams', async (_how, config) => {
    const { host, target, putServers, putServer } = await gateway.tenant()
    host.script = { answer: holdingCalls(answerAsLegacy) }
    const client = await initialize(target)
    const stream = await client.stream()
    const channel = lastInitialize(host)
    const running = client.call('waits', {}, { id: 'running' })
    const modern = new ModernClient(target)
    const listening = await modern.listen({ toolsListChanged: true }, 'listening')
    await host.until(() => host.requests('tools/call').length === 1, 'call')

    await putServers(config === undefined ? OTHERS : { scripted: { command: 's', ...config } })
    await stream.rest()
    const events = await listening.rest()
    const late = await client.call('any')

    expect(events.at(-1)).toMatchObject({ id: 'listening', result: { resultType: 'complete' } })
    expect(late.status).toBe(404)
    expect((await modern.call('any')).status).toBe(404)
    host.respond(channel, 'running', { content: ['finished'] })
    expect((await running).message.result).toEqual({ content: ['finished'] })
    await host.until(() => closed(host, channel), 'end of its process')

    host.script = { answer: answerAsLegacy }
    await putServer({})
    expect((await client.call('any')).status).toBe(404)
    expect((await (await initialize(target)).call('any')).status).toBe(200)
    expect((await modern.call('any')).status).toBe(200)
  })
})

describe('a subscription of a modern client', () => {
  const TAG = 'io.modelcontextprotocol/subscriptionId'
  const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'
  const CHANGED = 'notifications/tools/list_changed'

  test.each([
    ['legacy', answerAsLegacy],
    ['modern', answerAsModern],
  ])('to a %s server goes on with the one that came after', async (_era, answer) => {
    const { host, target, putServer } = await gateway.tenant()
    let tools: object[] = []
    host.script = {
      answer: (request, channel) => {
        if (request.method === 'tools/list') return { ...answer(request), tools }
        if (request.method !== 'subscriptions/listen') return answer(request)
        const { notifications } = request.params ?? {}
        host.notify(channel, ACKNOWLEDGED, { notifications, _meta: { [TAG]: request.id } })
        return undefined
      },
    }
    const client = new ModernClient(target)
    const listening = await client.listen({ toolsListChanged: true }, 'listening')
    expect((await listening.message()).method).toBe(ACKNOWLEDGED)
    await client.call('any')
    const begun = host.requests('tools/call').at(-1)?.channel ?? 0

    tools = [{ name: 'any', inputSchema: { type: 'object' } }]
    await putServer({ args: ['changed'] })
    const told = await listening.message()
    await client.call('any')
    const next = host.requests('tools/call').at(-1)?.channel ?? 0
    const asked = host.requests('subscriptions/listen').filter(({ channel }) => channel === next)
    const metas = asked.map(({ request }) => ({ _meta: { [TAG]: request.id } }))
    for (const params of metas.length === 0 ? [{}] : metas) host.notify(next, CHANGED, params)
    const toldAgain = await listening.message()

    for (const message of [told, toldAgain]) {
      expect(message).toMatchObject({ method: CHANGED, params: { _meta: { [TAG]: 'listening' } } })
    }
    expect(next).not.toBe(begun)
    expect(listening.messages).toHaveLength(3)
    listening.disconnect()
  })
})
