/** Bodies that hardly move: they are cut off, and are few at a time. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, readAnswer, send } from '#test/support/http-client.ts'

const SLOW = 1_000
/** What one credential may have open at once. */
const MAX_SLOW = 32
const FEW_DEADLINE_MS = 8_000
const DEADLINE_MS = 25_000

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: { echo: fixture('counts-calls'), measures: fixture('measures-its-input') },
  })
})

afterAll(() => gateway?.stop())

/** Sends the head and `first`, and after each `everyMs` some more. Resolves with the answer, whole. */
async function post(length: string, first: string, everyMs?: number): Promise<string> {
  const { host, hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  socket.on('error', () => undefined)
  socket.write(
    [
      ...['POST /mcp/echo HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${gateway.token}`],
      ...['Content-Type: application/json', 'Accept: application/json, text/event-stream'],
      ...[length, 'Connection: close', '', first],
    ].join('\r\n'),
  )
  const timer = everyMs === undefined ? undefined : setInterval(() => socket.write('x'), everyMs)
  await once(socket, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) }).finally(() => {
    clearInterval(timer)
    socket.destroy()
  })
  return answer
}

const isCutOff = (answer: string): boolean =>
  answer.startsWith('HTTP/1.1 408 ') && answer.includes('body_too_slow')

test('a thousand slow bodies of one credential are few soon, and none in the end, and calls go on', async () => {
  let [soon, late] = [0, 0]
  const began = Date.now()
  const all = Array.from({ length: SLOW }, async () => {
    const answer = await post('Content-Length: 1000', '{')
    if (!isCutOff(answer)) return
    if (Date.now() - began < FEW_DEADLINE_MS) soon++
    else late++
  })

  const client = await initialize(targetOf(gateway, 'echo'))
  const call = await client.call('count')
  await Promise.all(all)

  expect(call.status).toBe(200)
  expect([soon, late]).toEqual([SLOW - MAX_SLOW, MAX_SLOW])
}, 60_000)

test.each([
  ['of a known length', 'Content-Length: 1000000', '{"jsonrpc":'],
  ['that says no length', 'Transfer-Encoding: chunked', `${(0x10000).toString(16)}\r\n{"jsonrpc":`],
])(
  'a body %s that comes byte by byte is cut off',
  async (_, length, first) => {
    expect(isCutOff(await post(length, first, 100))).toBe(true)
  },
  60_000,
)

test('a principal whose bodies come slowly keeps the room of nobody else', async () => {
  const { token } = await gateway.admin<{ token: string }>('POST', 'tokens', {
    ...{ name: 'other', grants: { scopes: ['servers:*'] } },
  })
  const other = await initialize({ ...targetOf(gateway, 'measures'), token })
  const slow = [0, 1].map(() => openSlowly())
  await Promise.all(slow.map(({ isOpen }) => isOpen))

  const params = { name: 'measure', arguments: { text: 'x'.repeat(100_000) } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const response = await send(other.target, 'POST', other.headers, body)
  const { message } = await readAnswer(response, 1)
  for (const { close } of slow) close()

  expect(message.error).toBeUndefined()
  expect(response.status).toBe(200)
}, 60_000)

/** A body of 8 MiB, of which 20 kB come each second. */
function openSlowly() {
  const { host, hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.write(
    [
      ...['POST /mcp/echo HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${gateway.token}`],
      ...['Content-Type: application/json', 'Accept: application/json, text/event-stream'],
      ...[`Content-Length: ${8 * 1024 * 1024}`, '', '{'],
    ].join('\r\n'),
  )
  let sent = 0
  const { promise: isOpen, resolve } = Promise.withResolvers<void>()
  const timer = setInterval(() => {
    socket.write('x'.repeat(20_000))
    if (++sent === 2) resolve()
  }, 1_000)
  const close = () => {
    clearInterval(timer)
    socket.destroy()
  }
  return { isOpen, close }
}
