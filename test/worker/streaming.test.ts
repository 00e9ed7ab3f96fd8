import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { post, SESSION } from './fake-deps.ts'
import { startWorker, type RunningWorker } from './start-worker.ts'

let worker: RunningWorker
let headers: Record<string, string>

beforeAll(async () => {
  worker = await startWorker(fileURLToPath(new URL('fixtures/streaming-host.mjs', import.meta.url)))
  await worker.admin('PUT', 'acme/servers', { echo: { command: 'node' } })
  const response = await worker.admin('POST', 'acme/tokens', { name: 'test' })
  const { token } = (await response.json()) as { token: string }
  headers = { Authorization: `Bearer ${token}`, 'Mcp-Session-Id': SESSION }
}, 30_000)

afterAll(() => worker.stop())

const callTool = (id: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'a' },
})

async function endedStreams(): Promise<string[]> {
  const accept = { Accept: 'text/event-stream' }
  const response = await fetch(new URL('/mcp/echo', worker.url), {
    headers: { ...headers, ...accept },
  })
  return ((await response.json()) as { ended: string[] }).ended
}

test.each([
  { name: 'a client', id: 'c1', isPage: false },
  { name: 'a page of the same origin', id: 'p1', isPage: true },
])(
  '$name sees a stream as it grows, and its leaving reaches the server host',
  async ({ id, isPage }) => {
    const leave = new AbortController()
    const origin = isPage ? { Origin: worker.url.origin } : {}
    const init = { ...post(callTool(id), { ...headers, ...origin }), signal: leave.signal }
    const response = await fetch(new URL('/mcp/echo', worker.url), init)
    const reader = response.body?.getReader()
    const first = await reader?.read()
    const second = await reader?.read()
    expect(response.headers.has('Access-Control-Allow-Origin')).toBe(isPage)
    expect(new TextDecoder().decode(first?.value)).toContain(`data: ${id}`)
    expect(second?.done).toBe(false)

    leave.abort()

    await vi.waitUntil(async () => (await endedStreams()).includes(id), { timeout: 5000 })
  },
)
