/** Servers that break the rules: what their clients see, and that nobody else does. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, readTool, send, sendInitialize } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { childrenOf, waitUntil, waitUntilGone } from '#test/support/processes.ts'

const MAX_LINE_BYTES = 32 * 1024 * 1024

interface Note {
  id?: unknown
  method: string
  params?: { requestId?: unknown; name?: string; arguments?: { key?: string } }
}

const notes = new Notes<Note>()
let gateway: Gateway

beforeAll(async () => {
  const start = { call: 30_000, start: 1_000 }
  gateway = await startGateway({
    warm: false,
    servers: {
      good: fixture('holds-calls', { env: { NOTES: notes.file }, timeoutMs: 1_000 }),
      garbage: fixture('prints-garbage'),
      'unknown-id': fixture('answers-unknown-id'),
      twice: fixture('answers-twice'),
      splits: fixture('splits-utf8'),
      several: fixture('several-in-a-chunk'),
      floods: fixture('floods-stderr', { warm: 1 }),
      forks: fixture('forks-a-child'),
      'exits-in-call': fixture('exits-in-call'),
      long: fixture('answers-at-length'),
      stays: fixture('stays-alive'),
      'exits-at-once': fixture('exits-at-once', { timeoutMs: start }),
      silent: fixture('never-answers', { timeoutMs: start }),
      deaf: fixture('never-reads-stdin', { timeoutMs: start }),
      missing: { command: 'hearth-test-no-such-command' },
      'missing-folder': fixture('echo', { cwd: '/hearth-test/no/such/folder' }),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  notes.remove()
})

const connect = (server: string) => initialize(targetOf(gateway, server))

test.each(['garbage', 'unknown-id', 'several'])(
  '%s: the answer arrives, and once',
  async (server) => {
    const client = await connect(server)
    const { message } = await client.request('tools/list', {}, { id: `only-${server}` })

    expect(message).toEqual({ jsonrpc: '2.0', id: `only-${server}`, result: {} })
  },
)

test('twice: of two answers to a request the first is delivered', async () => {
  const client = await connect('twice')
  const get = await client.stream()
  for (const id of ['first', 'second']) {
    const { message, events } = await client.request('tools/list', {}, { id })
    expect({ message, events }).toEqual({
      message: { jsonrpc: '2.0', id, result: { n: 1 } },
      events: [],
    })
  }
  get.disconnect()
  expect(get.messages).toEqual([])
})

test('splits: characters that are cut in two arrive whole', async () => {
  const text = 'é€😀𝄞'.repeat(8)
  const client = await connect('splits')

  expect((await client.request('tools/list', { text })).message.result).toEqual({ text })
})

test('several: messages in one chunk arrive in order', async () => {
  const client = await connect('several')
  await client.request('tools/list')
  const get = await client.stream()
  // Those that the handshake and the request above left.
  const seen = [await get.message(), await get.message()].map(({ params }) => params?.n)
  get.disconnect()

  expect(seen).toEqual([1, 2])
})

test('floods: a flood of standard error delays neither its own calls nor others', async () => {
  const [flooding, good] = [await connect('floods'), await connect('good')]
  const slowest = { flooding: 0, good: 0 }
  for (let n = 0; n < 50; n++) {
    for (const [name, client] of Object.entries({ flooding, good }) as ['good', typeof good][]) {
      const started = performance.now()
      await client.request('tools/list')
      slowest[name] = Math.max(slowest[name], performance.now() - started)
    }
  }
  await flooding.delete()

  expect(slowest.good).toBeLessThan(1_000)
  expect(slowest.flooding).toBeLessThan(2_000)
})

test('silent calls end after their timeout, the server is told, and the session goes on', async () => {
  const client = await connect('good')
  const { status, message } = await client.call('hold', { key: 'slow' }, { id: 'slow' })

  expect({ status, message }).toMatchObject({
    status: 200,
    message: {
      id: 'slow',
      error: { code: -32006, data: { code: 'call_timeout', retryable: true } },
    },
  })
  const { id } = await notes.first(({ params }) => params?.arguments?.key === 'slow')
  await notes.first(({ method, params }) => {
    return method === 'notifications/cancelled' && params?.requestId === id
  })
  expect(readTool(await client.call('pid'))).toBeTypeOf('number')
})

test('a process that exits on a call fails that call, and the next one succeeds', async () => {
  const client = await connect('exits-in-call')
  const before = readTool(await client.call('pid'))
  const { message } = await client.call('exit', {}, { id: 'fatal' })

  expect(message).toMatchObject({
    id: 'fatal',
    error: { code: -32004, data: { code: 'server_exited', retryable: true } },
  })
  expect(message.error?.message).toContain('exited with code 7')
  expect(readTool(await client.call('pid'))).not.toBe(before)
})

test('a server that exits at once fails the start with its exit code, then is a crash loop', async () => {
  const codes = []
  for (let n = 0; n < 6; n++) {
    const { message, headers } = await sendInitialize(targetOf(gateway, 'exits-at-once'))
    expect(headers.has('Mcp-Session-Id')).toBe(false)
    codes.push(message.error?.data?.code)
  }

  expect(codes[0]).toBe('server_start_failed')
  expect(codes.at(-1)).toBe('server_crash_loop')
})

test.concurrent.each([
  { server: 'silent', code: 'server_start_timeout' },
  { server: 'deaf', code: 'server_start_timeout' },
  { server: 'missing', code: 'server_start_failed' },
  { server: 'missing-folder', code: 'server_start_failed' },
])('$server: initialize fails with $code', async ({ server, code }) => {
  const { status, message, headers } = await sendInitialize(targetOf(gateway, server))

  expect({ status, code: message.error?.data?.code }).toEqual({ status: 200, code })
  expect(headers.has('Mcp-Session-Id')).toBe(false)
})

test('a command that does not exist is named', async () => {
  const { message } = await sendInitialize(targetOf(gateway, 'missing'))

  expect(message.error?.message).toContain('hearth-test-no-such-command')
})

test('a result of 20 MB arrives byte for byte', async () => {
  const bytes = 20 * 1024 * 1024
  const { target, headers } = await connect('long')
  const params = { name: 'fill', arguments: { bytes } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const response = await send(target, 'POST', headers, body)
  const text = await response.text()

  const content = JSON.stringify([{ type: 'text', text: JSON.stringify('é'.repeat(bytes / 2)) }])
  expect(text === `{"jsonrpc":"2.0","id":1,"result":{"content":${content}}}`).toBe(true)
})

test('an answer over the limit fails its own call alone', async () => {
  const client = await connect('long')
  const before = client.call('pid')
  const long = client.call('fill', { bytes: MAX_LINE_BYTES + 2 }, { id: 'too-long' })
  const after = client.call('pid')

  expect((await long).message).toMatchObject({
    id: 'too-long',
    error: { code: -32008, data: { code: 'message_too_large', maxBytes: MAX_LINE_BYTES } },
  })
  const pids = [await before, await after, await client.call('pid')].map((one) => readTool(one))
  expect(new Set(pids).size).toBe(1)
})

test('what a server forked is gone with its session', async () => {
  const client = await connect('forks')
  const { message } = await client.request('tools/list')
  const grandchild = Number(message.result?.pid)
  await client.delete()

  await waitUntilGone(grandchild)
})

test('a process that ignores SIGTERM is gone after its session, and after a stop', async () => {
  const [deleted, kept] = [await connect('stays'), await connect('stays')]
  const pids = [
    readTool<number>(await deleted.call('pid')),
    readTool<number>(await kept.call('pid')),
  ]
  await deleted.delete()
  await waitUntilGone(pids[0] ?? 0)
  const { hostProgramPid } = gateway
  await waitUntil(
    () => childrenOf(hostProgramPid, 'stays-alive').length === 1,
    'more than one lives',
  )
  await gateway.stop()

  await waitUntilGone(pids[1] ?? 0, 1_000)
  await waitUntilGone(hostProgramPid, 1_000)
})
