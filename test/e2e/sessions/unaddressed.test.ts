/** What a process says of one client's call reaches no other client, whether it names the call or not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EventReader, Message } from '#test/support/event-reader.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient } from '#test/support/http-client.ts'
import { issue } from '../access/issue.ts'

type Who = 'anna' | 'ben'

let gateway: Gateway
let tokens: Record<Who, string>

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      own: fixture('writes-lines'),
      shared: fixture('writes-lines', { sharing: 'shared' }),
      modern: fixture('writes-lines-modern'),
      'modern-sessions': fixture('writes-lines-modern'),
      fresh: fixture('writes-lines', { sharing: 'shared' }),
    },
  })
  const everything = { scopes: ['*'] }
  const [anna, ben] = [await issue(gateway, everything), await issue(gateway, everything)]
  tokens = { anna: anna.token, ben: ben.token }
})

afterAll(() => gateway?.stop())

const at = (path: string, who: Who) => ({ url: `${gateway.url}${path}`, token: tokens[who] })

const notification = (method: string, params: object): string =>
  JSON.stringify({ jsonrpc: '2.0', method: `notifications/${method}`, params })
const updated = (uri: string, more = {}): string =>
  notification('resources/updated', { uri, ...more })

/** All that comes until something has changed at the second resource. */
async function untilMarked(stream: EventReader): Promise<Message[]> {
  const messages: Message[] = []
  await stream.message((message) => {
    messages.push(message)
    return nameOf(message) === 'test://2'
  })
  return messages
}

/** The server's own name of the resource that changed. */
const nameOf = ({ params }: Message): string => String(params?.uri).replace(/^hearth:\/\/\w+\//, '')

const BOTH = { resourceSubscriptions: ['hearth://own/test://1', 'hearth://own/test://2'] }

describe('a client of all servers that listens', () => {
  test.each([
    ['principal', 'ben', 'hearth-test'],
    ['client', 'anna', 'another'],
  ] as const)(
    'hears of resources what its own calls change, and not another %s’s',
    async (_, who, name) => {
      const client = new ModernClient(at('/mcp', who), {}, name)
      await client.request('resources/list')
      const listening = await client.listen(BOTH, 'sub')
      expect((await listening.message()).params?.notifications).toEqual(BOTH)
      const anna = new ModernClient(at('/mcp/own', 'anna'))
      await anna.call('write', { lines: [updated('test://1', { secret: 'anna’s' })] })
      await client.call('own__write', { lines: [updated('test://2')] })

      const heard = await untilMarked(listening)
      listening.disconnect()
      expect(heard.map(nameOf)).toEqual(['test://2'])
    },
  )
})

describe('a shared server', () => {
  const secret = 'anna’s secret'
  const lines = [
    updated('test://1', { secret }),
    notification('tools/list_changed', { secret }),
    notification('custom', { secret }),
    notification('elicitation/complete', { elicitationId: secret }),
    updated('test://2'),
  ]

  async function listenEverywhere(): Promise<EventReader[]> {
    const streams: EventReader[] = []
    for (const [path, prefix] of [
      ['/mcp/shared', ''],
      ['/mcp', 'hearth://shared/'],
    ] as const) {
      const uris = ['test://1', 'test://2'].map((uri) => `${prefix}${uri}`)
      const session = await initialize(at(path, 'ben'))
      await session.request('resources/list')
      for (const uri of uris) await session.request('resources/subscribe', { uri })
      streams.push(await session.stream())
      const filter = { toolsListChanged: true, resourceSubscriptions: uris }
      const listening = await new ModernClient(at(path, 'ben')).listen(filter, 'sub')
      await listening.message()
      streams.push(listening)
    }
    return streams
  }

  test('tells others which resources and lists changed, and nothing else', async () => {
    const streams = await listenEverywhere()
    const anna = await initialize(at('/mcp/shared', 'anna'))
    await anna.call('write', { lines })

    for (const stream of streams) {
      const heard = await untilMarked(stream)
      stream.disconnect()
      expect(JSON.stringify(heard)).not.toContain('secret')
      expect(heard.map(nameOf)).toContain('test://1')
    }
  })

  test('names the call that it gives up by the id of its client', async () => {
    const [ben, anna] = [
      await initialize(at('/mcp/shared', 'ben')),
      await initialize(at('/mcp/shared', 'anna')),
    ]
    const held = await ben.openCall('hold', {}, { id: 'ben’s', progressToken: 'held' })
    await held.message()
    const lines = [
      `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":HELD}}`,
    ]
    await anna.call('write', { lines })
    await anna.call('release')

    const [cancelled, answer] = await held.rest()
    expect(cancelled?.params).toEqual({ requestId: 'ben’s' })
    expect(answer?.id).toBe('ben’s')
  })

  test('tells its only client what names no call, while it has no other', async () => {
    const [anna, ben] = [
      await initialize(at('/mcp/fresh', 'anna')),
      await initialize(at('/mcp/fresh', 'ben')),
    ]
    const streams = [await anna.stream(), await ben.stream()] as const
    await anna.call('write', { lines: [notification('custom', { of: 'anna' })] })
    expect(await streams[0].message()).toMatchObject({ params: { of: 'anna' } })

    await ben.call('write', {
      lines: [notification('custom', { of: 'ben' }), notification('tools/list_changed', {})],
    })
    for (const stream of streams) {
      expect((await stream.message()).method).toBe('notifications/tools/list_changed')
      stream.disconnect()
    }
  })
})

describe('a modern server', () => {
  test('that logs unasked logs to nobody once it has served a second client', async () => {
    const [anna, ben] = [
      new ModernClient(at('/mcp/modern', 'anna')),
      new ModernClient(at('/mcp/modern', 'ben')),
    ]
    const held = await ben.openCall('hold', {}, { logLevel: 'debug', progressToken: 'held' })
    await held.message()
    await anna.call('write', {
      lines: [notification('message', { level: 'error', data: 'anna’s secret' })],
    })
    await anna.call('release')

    expect(JSON.stringify(await held.rest())).not.toContain('secret')
  })

  test('counts as a client also a session that has set no level', async () => {
    const ben = await initialize(at('/mcp/modern-sessions', 'ben'))
    await ben.request('logging/setLevel', { level: 'debug' })
    const held = await ben.openCall('hold', {}, { progressToken: 'held' })
    await held.message()
    const anna = await initialize(at('/mcp/modern-sessions', 'anna'))
    await anna.call('write', {
      lines: [notification('message', { level: 'error', data: 'anna’s secret' })],
    })
    await anna.call('release')

    expect(JSON.stringify(await held.rest())).not.toContain('secret')
  })
})
