/** What a process says of one client's call reaches no other client, whether it names the call or not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EventReader, Message } from '#test/support/event-reader.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient } from '#test/support/http-client.ts'
import { issue } from '../access/issue.ts'

type Who = 'anna' | 'ben'

let gateway: Gateway
let tokens: Record<Who, string>

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      own: fixture('writes-lines'),
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
