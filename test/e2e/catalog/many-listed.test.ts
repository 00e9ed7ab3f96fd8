/** How long a list of 500 tools takes that is known. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient, type Answer } from '#test/support/http-client.ts'
import { MANY_TOOLS } from './many-tools.ts'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers: MANY_TOOLS })
  // Twelve processes start at once.
  await gateway.admin('PUT', 'catalog', { listTimeoutMs: 60_000 })
})

afterAll(() => gateway?.stop())

const namesIn = (answer: Answer) =>
  (answer.message.result?.tools as { name: string }[] | undefined)?.map(({ name }) => name)

test('500 tools are listed from the cache at once', async () => {
  const client = new ModernClient({ url: `${gateway.url}/mcp`, token: gateway.token })
  const times: number[] = []
  for (let n = 0; n < 20; n++) {
    const started = performance.now()
    expect(namesIn(await client.request('tools/list'))).toHaveLength(500)
    times.push(performance.now() - started)
  }
  const [median = Infinity] = times.toSorted((a, b) => a - b).slice(10)
  console.log(`tools/list of 500 tools from cache: median ${median.toFixed(1)} ms`)
  expect(median).toBeLessThan(250)
})
