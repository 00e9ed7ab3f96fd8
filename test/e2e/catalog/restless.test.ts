/** A server that says that its tools have changed each time that it is asked for them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway } from '#test/support/gateway.ts'
import { ModernClient } from '#test/support/http-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-restless-'))
const LISTED = join(folder, 'listed')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const times = (): number[] => readFileSync(LISTED, 'utf8').trim().split('\n').map(Number)

test('is not listed without a pause, and nobody is told of what did not change', async () => {
  const servers = { restless: fixture('announces-when-listed', { env: { LISTED } }) }
  const gateway = await startGateway({ servers })
  const modern = new ModernClient({ url: `${gateway.url}/mcp`, token: gateway.token })
  const listening = await modern.listen({ toolsListChanged: true }, 'restless')
  await listening.next()
  await modern.request('tools/list')
  const isTold = ({ method }: { method?: string }) => method === 'notifications/tools/list_changed'
  // Its tools are there, and were not before.
  await listening.message(isTold)

  await vi.waitFor(() => expect(times().length).toBeGreaterThan(3), 10_000)

  // The first announcement comes before anybody has waited.
  const [, second = 0, third = 0, fourth = 0] = times()
  expect(Math.min(third - second, fourth - third)).toBeGreaterThan(500)
  await gateway.putServers({ ...servers, more: fixture('exits-in-call') })
  await listening.message(isTold)
  expect(listening.messages.filter(isTold)).toHaveLength(2)
  listening.disconnect()
  await gateway.stop()
})
