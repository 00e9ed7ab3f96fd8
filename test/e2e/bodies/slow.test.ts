/** Bodies that hardly move: they are cut off, and are few at a time. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize } from '#test/support/http-client.ts'

const SLOW = 1_000
/** What one credential may have open at once. */
const MAX_SLOW = 32
const FEW_DEADLINE_MS = 8_000
const DEADLINE_MS = 25_000

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers: { echo: fixture('counts-calls') } })
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
