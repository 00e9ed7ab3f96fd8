/** Results that are too large for an answer: kept, linked to, and read back by whom they were for. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway, type GatewayOptions } from '#test/support/gateway.ts'
import { initialize, ModernClient, type Answer } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { issue } from '../access/issue.ts'

const HUGE_BYTES = 20 * 1024 * 1024
const transform = (more: object): GatewayOptions['servers'][string]['transform'] => [
  { use: 'result-size', maxBytes: 65_536, whenLarger: 'spill', ...more },
]

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      legacy: fixture('transformable', { transform: transform({}) }),
      modern: fixture('transformable-modern', { transform: transform({}) }),
      brief: fixture('transformable', { transform: transform({ keepMs: 1_000 }) }),
    },
  })
})

afterAll(() => gateway?.stop())

interface Client {
  call(name: string, args?: object): Promise<Answer>
  request(method: string, params?: object): Promise<Answer>
}

interface Link {
  type: string
  uri: string
  size: number
}

async function spill(client: Client, tool = 'big', bytes = 200_000): Promise<Link> {
  const { message } = await client.call(tool, { bytes })
  const content = message.result?.content as Link[]
  const link = content.find(({ type }) => type === 'resource_link')
  if (link === undefined) throw new Error(JSON.stringify(message).slice(0, 500))
  return link
}

async function read(client: Client, uri: string): Promise<{ text?: string; error?: unknown }> {
  const { message } = await client.request('resources/read', { uri })
  const contents = message.result?.contents as { text: string }[] | undefined
  return { ...(contents?.[0] && { text: contents[0].text }), error: message.error }
}

const CLIENTS: Record<string, (server: string) => Promise<Client> | Client> = {
  legacy: (server) => initialize(targetOf(gateway, server)),
  modern: (server) => new ModernClient(targetOf(gateway, server)),
}

describe.each(Object.entries(CLIENTS))('a client of the %s era', (era, connect) => {
  test.each(['legacy', 'modern'])('of a server of the %s era reads the whole', async (server) => {
    const client = await connect(server)
    const link = await spill(client, 'big', HUGE_BYTES)
    const { text = '' } = await read(client, link.uri)

    expect(link.uri).toMatch(/^hearth:\/\/spill\/[0-9a-f]{32}$/)
    expect(link.size).toBe(HUGE_BYTES)
    expect(text.length).toBe(HUGE_BYTES / 2)
    expect(/^é+$/.test(text)).toBe(true)
  })

  test('is told nothing of what is another principal’s, or not there', async () => {
    const link = await spill(await connect('legacy'))
    const { token } = await issue(gateway, { scopes: ['*'] })
    const target = { ...targetOf(gateway, 'legacy'), token }
    const other = era === 'legacy' ? await initialize(target) : new ModernClient(target)
    const missing = `hearth://spill/${'0'.repeat(32)}`
    const [foreign, none] = [await read(other, link.uri), await read(other, missing)]

    expect(foreign.text).toBeUndefined()
    expect(foreign.error).toEqual({
      code: era === 'legacy' ? -32002 : -32602,
      message: 'Resource not found',
      data: { code: 'unknown_resource', retryable: false, uri: link.uri },
    })
    expect(none.error).toEqual({ ...(foreign.error as object), data: expect.anything() })
    expect((await read(await connect('modern'), link.uri)).text).toBeUndefined()
  })
})

test('what was spilled outlives its object, and not its time', async () => {
  const client = new ModernClient(targetOf(gateway, 'legacy'))
  const link = await spill(client)
  await gateway.evictServerHost()
  expect((await read(client, link.uri)).text?.length).toBe(100_000)

  const brief = new ModernClient(targetOf(gateway, 'brief'))
  const { uri } = await spill(brief)
  await waitUntil(async () => (await read(brief, uri)).text === undefined, 'it is still there')
})

test('a principal that may use some of the server reads what it was answered with', async () => {
  const { token } = await issue(gateway, { scopes: ['tools:call:legacy/*'] })
  const client = new ModernClient({ ...targetOf(gateway, 'legacy'), token })
  const link = await spill(client)

  expect((await read(client, link.uri)).text?.length).toBe(100_000)
})

test('through the catalog the link leads back to its server', async () => {
  const target = { url: `${gateway.url}/mcp`, token: gateway.token }
  for (const client of [await initialize(target), new ModernClient(target)]) {
    const link = await spill(client, 'legacy__big')
    expect((await read(client, link.uri)).text?.length).toBe(100_000)
  }
})
