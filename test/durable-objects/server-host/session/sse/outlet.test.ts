/** What one request has of a stream that carries the answers to all of them. */
import { expect, test } from 'vitest'
import { OutletReply } from '#durable-objects/server-host/call/outlet-reply.ts'
import { StreamOutlet } from '#durable-objects/server-host/session/sse/outlet.ts'
import { onOneLine } from '#durable-objects/server-host/session/sse/stream.ts'
import { GatewayError } from '#protocol/errors.ts'

const LARGE_BYTES = 9 * 1024 * 1024
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A connection whose client takes nothing until it is told to. */
function createStream() {
  const sent: string[] = []
  const takes: (() => void)[] = []
  const seen = { isCut: false, closed: 0 }
  const stream = {
    send(_event: string, data: Uint8Array): Promise<void> {
      sent.push(decoder.decode(data.subarray(0, 200)))
      return new Promise((resolve) => takes.push(resolve))
    },
    cut: () => void (seen.isCut = true),
  }
  const takeAll = (): void => takes.splice(0).forEach((take) => take())
  const outlet = new StreamOutlet(stream, () => void seen.closed++)
  return { sent, seen, outlet, takeAll }
}

const answer = encoder.encode('{"jsonrpc":"2.0","id":1,"result":{}}')
const headers = { 'mcp-session-id': 'main.1' }

test('an answer goes out at once, and its headers come with the response', async () => {
  const { outlet, sent } = createStream()
  const reply = new OutletReply({ id: 1, outlet, headers })

  reply.event(encoder.encode('1'))
  reply.answer(answer, 'ok')
  reply.event(encoder.encode('too late'))

  const response = await reply.response
  expect(sent).toEqual(['1', decoder.decode(answer)])
  expect([response.status, response.headers.get('mcp-session-id')]).toEqual([202, 'main.1'])
  expect(response.body).toBeNull()
})

test.each([
  { how: 'an error of the server', act: (reply: OutletReply) => reply.answer(answer, 'rpc_error') },
  { how: 'a failure', act: (reply: OutletReply) => reply.fail(new GatewayError('server_exited')) },
  { how: 'no answer at all', act: (reply: OutletReply) => reply.abandon() },
])('$how brings no headers', async ({ act }) => {
  const { outlet } = createStream()
  const reply = new OutletReply({ id: 1, outlet, headers })

  act(reply)

  expect((await reply.response).headers.get('mcp-session-id')).toBeNull()
})

test('a failure is an error under the id of the request', () => {
  const { outlet, sent } = createStream()
  new OutletReply({ id: 'a', outlet, headers: undefined }).fail(new GatewayError('server_exited'))

  expect(JSON.parse(sent[0] ?? '')).toMatchObject({
    id: 'a',
    error: { data: { code: 'server_exited' } },
  })
})

test('what is closed ends once all of it was taken', async () => {
  const { outlet, seen, takeAll } = createStream()
  outlet.tell(answer)
  outlet.tell(answer)
  outlet.close()
  await Promise.resolve()
  expect(seen.closed).toBe(0)

  takeAll()
  await outlet.taken

  expect(seen).toEqual({ isCut: false, closed: 1 })
})

test('a client that takes nothing is cut off, and one that does is not', async () => {
  const { outlet, seen, sent, takeAll } = createStream()
  const reply = new OutletReply({ id: 1, outlet, headers: undefined })

  reply.event(new Uint8Array(LARGE_BYTES))
  takeAll()
  await outlet.taken
  reply.event(new Uint8Array(LARGE_BYTES))
  expect(seen).toEqual({ isCut: false, closed: 0 })
  reply.event(answer)

  expect(sent).toHaveLength(2)
  expect(seen).toEqual({ isCut: true, closed: 1 })
})

test('a message is on one line, and what is shared with others stays as it is', () => {
  const pretty = encoder.encode('{\r\n "a": 1\n}')

  expect(decoder.decode(onOneLine(pretty))).toBe('{   "a": 1 }')
  expect(decoder.decode(pretty)).toBe('{\r\n "a": 1\n}')
  expect(onOneLine(answer)).toBe(answer)
})
