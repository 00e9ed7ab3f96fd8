/** A server that is added in one isolate, as another one sees it that has a verdict on the caller. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '#test/support/processes.ts'
import { startWorker, type RunningWorker } from '../start-worker.ts'

let worker: RunningWorker
beforeAll(async () => {
  worker = await startWorker(undefined, { isolates: 2 })
})
afterAll(() => worker.stop())

const SERVER = { command: 'none' }

/** 404: the server does not exist. Anything else is said of a server that does. */
async function statusOf(isolate: number, server: string, token: string): Promise<number> {
  const response = await fetch(new URL(`/mcp/${server}`, worker.urls[isolate]), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })
  await response.arrayBuffer()
  return response.status
}

test('is there in about a second', async () => {
  await worker.admin('PUT', 'acme/servers', { one: SERVER })
  const made = await worker.admin('POST', 'acme/tokens', { name: 'test' })
  const { token } = (await made.json()) as { token: string }
  expect([await statusOf(0, 'one', token), await statusOf(1, 'one', token)]).not.toContain(404)
  expect(await statusOf(1, 'two', token)).toBe(404)

  await worker.admin('PUT', 'acme/servers', { one: SERVER, two: SERVER })
  const begun = Date.now()
  expect(await statusOf(0, 'two', token)).not.toBe(404)
  await waitUntil(async () => (await statusOf(1, 'two', token)) !== 404, 'two is not seen')

  expect(Date.now() - begun).toBeLessThan(3_000)
})
