/** How soon a revoked token's stream of HTTP+SSE ends. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { readTool, type Target } from '#test/support/http-client.ts'
import { waitUntilGone } from '#test/support/processes.ts'
import { connectSSE, type SSEClient } from '#test/support/sse-client.ts'

/** From the revocation on. */
const SOON_MS = 1_000

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers: { exits: fixture('exits-in-call') } })
})

afterAll(() => gateway?.stop())

const targetOf = (server: string, token = gateway.token): Target => {
  return { url: `${gateway.url}/sse/${server}`, token }
}
const pidOf = async (client: SSEClient): Promise<number> =>
  readTool({ message: await client.call('pid') })
const list = { jsonrpc: '2.0', id: 'x', method: 'tools/list' }
const issue = () =>
  gateway.admin<{ token: string; info: { keyId: string } }>('POST', 'tokens', {
    ...{ name: 'sse', grants: { scopes: ['*'] } },
  })

test('a revoked token ends the stream and its process within a second, and nobody else’s', async () => {
  const { token, info } = await issue()
  const client = await connectSSE(targetOf('exits', token))
  const bystander = await connectSSE(targetOf('exits'))
  const pid = await pidOf(client)
  const at = performance.now()

  await gateway.admin('DELETE', `tokens/${info.keyId}`)
  await client.ended

  expect(performance.now() - at).toBeLessThan(SOON_MS)
  await waitUntilGone(pid)
  expect((await client.post(list)).status).toBe(401)
  expect((await bystander.request('ping')).result).toEqual({})
  bystander.leave()
})
