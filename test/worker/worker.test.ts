import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { post, SESSION } from './fake-deps.ts'
import { startWorker, type RunningWorker } from './start-worker.ts'

let worker: RunningWorker
let token: string

beforeAll(async () => {
  worker = await startWorker()
  await worker.admin('PUT', 'acme/servers', {
    echo: { command: 'node' },
    off: { command: 'node', enabled: false },
  })
  const response = await worker.admin('POST', 'acme/tokens', { name: 'test' })
  token = ((await response.json()) as { token: string }).token
}, 30_000)

afterAll(() => worker.stop())

const MEBIBYTE = 1024 * 1024
const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }
const list = { jsonrpc: '2.0', id: 'l1', method: 'tools/list' }

function call(server: string, message: unknown, headers: Record<string, string> = {}) {
  const authorized = { Authorization: `Bearer ${token}`, ...headers }
  return fetch(new URL(`/mcp/${server}`, worker.url), post(message, authorized))
}

/** `fetch` refuses to set `Host`. */
function requestAs(host: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, worker.url), { headers: { host } }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    request.on('error', reject).end()
  })
}

describe('in workerd', () => {
  test('/health answers without a token', async () => {
    const response = await fetch(new URL('/health', worker.url))

    expect(await response.json()).toEqual({ status: 'ok' })
  })

  test.each([
    { name: 'no session id', headers: {}, status: 400, code: 'session_required' },
    {
      name: 'a malformed session id',
      headers: { 'Mcp-Session-Id': 'x' },
      status: 404,
      code: 'session_not_found',
    },
  ])('$name ends before a server host is made', async ({ headers, status, code }) => {
    const response = await call('echo', list, headers as Record<string, string>)

    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ id: 'l1', error: { data: { code } } })
    expect(await worker.databases('LocalServerHost')).toEqual([])
  })

  test.each(['nobody', 'off', '..%2fadmin', '%00'])('server %j is 404', async (server) => {
    const response = await call(server, initialize)

    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({
      id: 1,
      error: { data: { code: 'server_not_found' } },
    })
  })

  test('a wrong token is 401, of a known tenant or not', async () => {
    for (const tenant of ['acme', 'nobody']) {
      const wrong = `hearth_${tenant}_00000000_${'0'.repeat(64)}`

      const response = await call('echo', initialize, { Authorization: `Bearer ${wrong}` })

      expect(response.status).toBe(401)
      expect(response.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
    }
  })

  test('a tenant that was never created is asked without storing anything', async () => {
    const before = await worker.databases('Tenant')
    const wrong = `hearth_ghost_00000000_${'0'.repeat(64)}`

    const response = await call('echo', initialize, { Authorization: `Bearer ${wrong}` })

    expect(response.status).toBe(401)
    const made = (await worker.databases('Tenant')).filter((path) => !before.includes(path))
    expect(made.flatMap(tablesOf)).toEqual([])
  })

  test.each([
    { name: 'declared', length: `Content-Length: ${12 * MEBIBYTE}` },
    { name: 'chunked', length: 'Transfer-Encoding: chunked' },
  ])(
    'a $name body over the limit is 413 for a client that reads when all is sent',
    async ({ length }) => {
      const answer = await sendThenRead(length, 12)

      expect(answer).toMatch(/^HTTP\/1.1 413 /)
      expect(answer).toContain('body_too_large')
    },
  )

  test('a rebound host name is refused', async () => {
    const { status, body } = await requestAs('evil.example', '/mcp/echo')

    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ error: { data: { code: 'origin_forbidden' } } })
  })

  test('a call that ends in the worker leaves one line, without the token', async () => {
    const response = await call('echo', list)
    const id = response.headers.get('X-Request-Id') ?? 'none'

    const line = await vi.waitUntil(() => worker.lines.find((text) => text.includes(id)))

    expect(JSON.parse(line)).toMatchObject({
      event: 'call',
      tenant: 'acme',
      server: 'echo',
      method: 'tools/list',
      outcome: 'session_required',
    })
    expect(worker.lines.join('\n')).not.toContain(token.slice(-32))
  })

  test('a call that must reach the server host does', async () => {
    const response = await call('echo', list, { 'Mcp-Session-Id': SESSION })

    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ id: 'l1', error: { code: -32001 } })
  })
})

/** The platform may open a database for an object that only reads; its own tables begin with `_cf_`. */
function tablesOf(path: string): unknown[] {
  using database = new DatabaseSync(path)
  const query = "SELECT name FROM sqlite_master WHERE name NOT GLOB '_cf_*'"
  return database.prepare(query).all()
}

/** Sends a body of so many MiB whole before it reads anything. */
async function sendThenRead(length: string, mebibytes: number): Promise<string> {
  const { hostname, port } = worker.url
  await using socket = connect(Number(port), hostname)
  const head = ['POST /mcp/echo HTTP/1.1', `Host: ${hostname}`, length, 'Connection: close']
  const headers = { ...post('').headers, Authorization: `Bearer ${token}` }
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  await write(socket, `${[...head, ...fields].join('\r\n')}\r\n\r\n`)
  const chunked = length.endsWith('chunked')
  for (let n = 0; n < mebibytes; n++) {
    const piece = ' '.repeat(MEBIBYTE)
    await write(socket, chunked ? `${MEBIBYTE.toString(16)}\r\n${piece}\r\n` : piece)
  }
  if (chunked) await write(socket, '0\r\n\r\n')
  return await text(socket)
}

function write(socket: Socket, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(data, (error) => (error ? reject(error) : resolve()))
  })
}
