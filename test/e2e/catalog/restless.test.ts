/** A server that says that its tools have changed each time that it is asked for them. */
import { expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway } from '#test/support/gateway.ts'
import { ModernClient } from '#test/support/http-client.ts'

test('is not listed, nor told of, without a pause', async () => {
  const gateway = await startGateway({ servers: { restless: fixture('announces-when-listed') } })
  const modern = new ModernClient({ url: `${gateway.url}/mcp`, token: gateway.token })
  const listening = await modern.listen({ toolsListChanged: true }, 'restless')
  await listening.next()
  await modern.request('tools/list')
  const told = ({ method }: { method?: string }) => method === 'notifications/tools/list_changed'

  await listening.message(told)
  const first = performance.now()
  await listening.message(told)

  expect(performance.now() - first).toBeGreaterThan(500)
  listening.disconnect()
  await gateway.stop()
})
