/** How many sessions with a remote server there are, how long, and what becomes of them. */
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectSession, type Session } from '#test/e2e/clients/session.ts'
import { readText } from '#test/e2e/clients/client.ts'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, readAnswer, send } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { sendJSON, startRemoteHTTP, type RemoteHTTP } from '#test/support/remote-http.ts'

const TIMEOUT_MS = 60_000
vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS })

let gateway: Gateway
let remote: RemoteHTTP
let sessions: Session[]
/** Calls of `hold` that have no answer yet. */
let held: { id: string | number | undefined; response: ServerResponse }[]
let begun: number

beforeEach(async () => {
  ;[sessions, held, begun] = [[], [], 0]
  remote = await startRemoteHTTP(({ method, headers, message }, response) => {
    const { id } = message
    if (method === 'GET') return void response.writeHead(405).end()
    if (method === 'DELETE' || id === undefined) return void response.writeHead(202).end()
    if (message.method === 'server/discover') return void response.writeHead(404).end()
    if (message.method === 'initialize') {
      const serverInfo = { name: 'counted', version: '1.0.0' }
      const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }
      const session = { 'Mcp-Session-Id': `s${++begun}` }
      return sendJSON(response, { jsonrpc: '2.0', id, result }, session)
    }
    if (message.params?.name === 'hold') return void held.push({ id, response })
    const text = `${String(headers['mcp-session-id'])} ${String(headers['x-key'])}`
    sendJSON(response, { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } })
  })
})

afterEach(async () => {
  await Promise.all(sessions.map((session) => session.close()))
  await gateway?.stop()
  await remote.stop()
})

async function start(more = {}): Promise<void> {
  gateway = await startGateway({ servers: { remote: configured(more) } })
}

const configured = (more = {}) => ({ url: remote.url, allowPrivate: true, ...more })

async function connect(): Promise<Session> {
  const session = await connectSession(targetOf(gateway, 'remote'), {})
  sessions.push(session)
  return session
}

async function call({ client }: Session, name = 'tell'): Promise<string> {
  return readText(await client.callTool({ name, arguments: {} }))
}

function release(): void {
  const result = { content: [{ type: 'text', text: 'held' }] }
  for (const { id, response } of held.splice(0)) sendJSON(response, { jsonrpc: '2.0', id, result })
}

const ended = () => {
  return remote.received
    .filter(({ method }) => method === 'DELETE')
    .map(({ headers }) => headers['mcp-session-id'])
}

test('a session of a client is one at the remote, which ends with it', async () => {
  await start()
  const [one, other] = [await connect(), await connect()]
  const names = [await call(one), await call(other), await call(one)]
  expect(new Set(names).size).toBe(2)
  expect(names[2]).toBe(names[0])

  const [name] = (names[0] ?? '').split(' ')
  const headers = { ...gateway.headers, 'Mcp-Session-Id': one.sessionId() ?? '' }
  await fetch(gateway.mcpURL('remote'), { method: 'DELETE', headers })

  await waitUntil(() => ended().includes(name), 'its session at the remote goes on')
})

test('a shared server has one session at the remote for all its clients', async () => {
  await start({ sharing: 'shared' })
  const [one, other] = [await connect(), await connect()]

  expect(await call(one)).toBe(await call(other))
})

test.each(['edge', 'host'])(
  'a call that could be read under the id of another one is refused, and not sent: from the %s',
  async (via) => {
    await start({ sharing: 'shared', via })
    const { target, headers } = await initialize(targetOf(gateway, 'remote'))
    const params = '{"name":"tell","arguments":{}}'
    const body = `{"jsonrpc":"2.0","id":9,"ID":1,"method":"tools/call","params":${params}}`
    const { message } = await readAnswer(await send(target, 'POST', headers, body), 9)

    expect(message.error?.data?.code).toBe('invalid_message')
    expect(remote.received.some((one) => one.message.method === 'tools/call')).toBe(false)
  },
)

test('an idle one gives way to another client, and begins anew with its next call', async () => {
  await start({ maxProcesses: 1 })
  const one = await connect()
  const first = await call(one)
  const other = await vi.waitFor(connect, { timeout: 10_000, interval: 250 })

  expect(await call(other)).not.toBe(first)
  expect(await vi.waitFor(() => call(one), { timeout: 10_000, interval: 250 })).not.toBe(first)
})

test('one that is at work does not: the other is told that the server is busy', async () => {
  await start({ maxProcesses: 1 })
  const one = await connect()
  const answer = call(one, 'hold')
  await waitUntil(() => held.length === 1, 'no call came')

  await expect(connect()).rejects.toThrow(/busy/)
  release()
  expect(await answer).toBe('held')
})

test('one that was idle for long ends at the remote, and the client’s goes on', async () => {
  await start({ idleTimeoutMs: 300 })
  const one = await connect()
  const [first = ''] = (await call(one)).split(' ')
  await waitUntil(() => ended().includes(first), 'it is not ended')

  expect(await call(one)).not.toContain(first)
})

test('a new object begins a new one for the same client, and dials nobody', async () => {
  await start()
  const one = await connect()
  const first = await call(one)
  await gateway.evictServerHost()

  expect(await call(one)).not.toBe(first)
  // A host program has a cell for each object that ever dialled it.
  expect(await gateway.console()).not.toContain('entries')
})

test('a changed header is sent with the next call, and the session goes on', async () => {
  await start({ headers: { 'X-Key': 'first' } })
  const one = await connect()
  expect(await call(one)).toContain(' first')
  await gateway.putServers({ remote: configured({ headers: { 'X-Key': 'second' } }) })

  await vi.waitFor(async () => expect(await call(one)).toContain(' second'), 10_000)
})

test('a server that is configured no more ends its sessions at the remote', async () => {
  await start()
  const [name] = (await call(await connect())).split(' ')
  await gateway.putServers({})

  await waitUntil(() => ended().includes(name), 'its session at the remote goes on')
})
