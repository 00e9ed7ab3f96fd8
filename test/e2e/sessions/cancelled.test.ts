/** A call that its client cancels gets no answer, and its client asks for none any more. */
import { setTimeout as delay } from 'node:timers/promises'
import { Client as ClientV2, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, send } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { waitUntil } from '#test/support/processes.ts'

interface Note {
  method: string
  params?: { arguments?: { key?: string } }
}

interface Sent {
  method: string
  lastEventId: string | null
  status: number
}

const notes = new Notes<Note>()

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: { holds: fixture('holds-calls', { env: { NOTES: notes.file } }) },
  })
})

afterAll(async () => {
  await gateway?.stop()
  notes.remove()
})

/** Which requests a transport sent, as soon as each has its headers. */
function recorder(): { sent: Sent[]; fetch: typeof fetch } {
  const sent: Sent[] = []
  return {
    sent,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      const { method = 'GET', headers } = init ?? {}
      const lastEventId = new Headers(headers).get('last-event-id')
      sent.push({ method, lastEventId, status: response.status })
      return response
    },
  }
}

const options = ({ fetch }: ReturnType<typeof recorder>) => ({
  requestInit: { headers: gateway.headers },
  fetch,
})

async function connectV1(record: ReturnType<typeof recorder>) {
  const client = new ClientV1({ name: 'cancels', version: '1.0.0' })
  const transport = new TransportV1(new URL(gateway.mcpURL('holds')), options(record))
  // The SDK's own class does not meet its interface under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<ClientV1['connect']>[0])
  const hold = (key: string, signal: AbortSignal) =>
    client.callTool({ name: 'hold', arguments: { key } }, undefined, { signal })
  return { client, hold }
}

async function connectV2(record: ReturnType<typeof recorder>) {
  const client = new ClientV2({ name: 'cancels', version: '1.0.0' })
  const url = new URL(gateway.mcpURL('holds'))
  await client.connect(new StreamableHTTPClientTransport(url, options(record)))
  const hold = (key: string, signal: AbortSignal) =>
    client.callTool({ name: 'hold', arguments: { key } }, { signal })
  return { client, hold }
}

test.each([
  ['v1', connectV1],
  ['v2', connectV2],
])('the %s SDK hears nothing more, and gives its stream up', async (version, connect) => {
  const record = recorder()
  const { client, hold } = await connect(record)
  const errors: Error[] = []
  client.onerror = (error) => errors.push(error)
  const abort = new AbortController()
  const posts = () => record.sent.filter(({ method }) => method === 'POST').length
  const before = posts()
  const call = hold(version, abort.signal).catch((error: unknown) => error)
  // The response has begun, so its stream could be resumed.
  await waitUntil(() => posts() > before, 'the call was not answered by a stream')
  abort.abort('no longer wanted')

  expect(await call).toBeInstanceOf(Error)
  await notes.first(({ method }) => method === 'notifications/cancelled')
  if (version === 'v1') {
    const resumed = (): Sent | undefined => record.sent.find((one) => one.lastEventId !== null)
    await waitUntil(() => resumed() !== undefined, 'the stream was not asked for')
    expect(resumed()?.status).toBe(204)
  }
  await client.ping()
  await client.close()
  expect(errors).toEqual([])
})

test('a call that is cancelled before its response has begun gets an empty stream', async () => {
  const client = await initialize(targetOf(gateway, 'holds'))
  const params = { name: 'hold', arguments: { key: 'early' } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const call = send(client.target, 'POST', client.headers, body)
  await notes.first((note) => note.params?.arguments?.key === 'early')
  await client.notify('notifications/cancelled', { requestId: 1 })
  const response = await call

  expect(response.status).toBe(200)
  expect(response.headers.get('Content-Type')).toBe('text/event-stream')
  expect(await response.text()).not.toContain('data:')
})

test('of one that takes JSON alone, nothing is said but that it was taken', async () => {
  const client = await initialize(targetOf(gateway, 'holds'))
  const params = { name: 'hold', arguments: { key: 'as-json' } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const headers = { ...client.headers, Accept: 'application/json' }
  const call = send(client.target, 'POST', headers, body)
  await notes.first((note) => note.params?.arguments?.key === 'as-json')
  await client.notify('notifications/cancelled', { requestId: 1 })
  const response = await call

  expect(response.status).toBe(202)
  expect(await response.text()).toBe('')
})

test('is given up at once while its host program is gone, which fails all others', async () => {
  const client = await initialize(targetOf(gateway, 'holds'))
  const call = (key: string, id: number) => {
    const params = { name: 'hold', arguments: { key } }
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
    return send(client.target, 'POST', client.headers, body).then((response) => response.text())
  }
  const [cancelled, kept] = [call('given up', 1), call('kept', 2)]
  for (const key of ['given up', 'kept']) {
    await notes.first((note) => note.params?.arguments?.key === key)
  }
  const back = gateway.killHostProgram().then(() => 'back')
  await delay(20)
  const told = client.notify('notifications/cancelled', { requestId: 1 }).then(() => 'told')

  expect(await Promise.race([told, back])).toBe('told')
  expect(await cancelled).not.toContain('data:')
  expect(await kept).toContain('server_exited')
  await back
})
