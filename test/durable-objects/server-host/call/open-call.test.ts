/** What becomes of a call, whoever makes it: its response, its slot, its credential, its line. */
import { beforeEach, expect, test } from 'vitest'
import type { ClientCall } from '#durable-objects/server-host/call/client-call.ts'
import { Credentials } from '#durable-objects/server-host/call/credentials.ts'
import { openCall, openReply, type CallShape } from '#durable-objects/server-host/call/open-call.ts'
import { Unread } from '#durable-objects/server-host/call/unread.ts'
import { Ticker } from '#durable-objects/server-host/processes/ticker.ts'
import type { CallTransform } from '#durable-objects/server-host/call/call-transform.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'

const HEADERS = { 'mcp-session-id': 'main.0f' }
const ANSWER = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"result":{}}')
const asIs: CallTransform = {
  former: { requestId: 'r', method: 'initialize' },
  onAnswer: (payload) => payload,
  onEvent: (payload) => payload,
  onLost: () => undefined,
  onSettled: () => undefined,
}

const ticker = new Ticker()
const unread = new Unread(ticker, 'acme')
let calls: Set<ClientCall>
let credentials: Credentials
let lines: object[]

beforeEach(() => {
  calls = new Set()
  credentials = new Credentials(ticker)
  lines = []
})

function open(shape: CallShape = {}, more: Partial<HostCall> = {}) {
  const host: HostCall = {
    ...{ requestId: 'r', receivedAt: 0, tenant: 'acme', principal: 'p', credential: 'c' },
    ...{ server: 's', configVersion: 1, era: 'legacy', http: 'POST' },
    envelope: { kind: 'request', id: 1, method: 'initialize' },
    ...more,
  }
  const log = { write: (line: object) => void lines.push(line) }
  return openCall(
    { calls, credentials, log },
    {
      ...{ host, body: ANSWER, shape, timeoutMs: 1_000, totalMs: undefined },
      ...{ expose: undefined, screen: undefined, onSettled: () => undefined },
      openReply: () =>
        openReply({ ticker, unread }, host, () => expect.fail('no stream'), shape.headers),
      onExpelled: (call) => call.onLost(new GatewayError('unauthorized')),
    },
  )
}

test.each([{ transform: undefined }, { transform: asIs }])(
  'the headers of a call go with its answer, and not with an error: %o',
  async ({ transform }) => {
    const shape = { headers: HEADERS, transform }
    const [answered, failed, refused] = [open(shape), open(shape), open(shape)]
    answered.call.answer(ANSWER, 'ok')
    failed.call.onLost(new GatewayError('server_start_failed', { retryAfterMs: 2_000 }))
    refused.call.answer(ANSWER, 'rpc_error')

    const headers = (await Promise.all([answered, failed, refused].map((one) => one.response))).map(
      (response) => response.headers,
    )
    expect(headers.map((one) => one.get('mcp-session-id'))).toEqual(['main.0f', null, null])
    expect(headers.map((one) => one.get('retry-after'))).toEqual([null, '2', null])
  },
)

test('a call is in flight until it is settled, and writes one line', () => {
  const { call } = open()
  expect([...calls]).toEqual([call])

  call.answer(ANSWER, 'ok')
  call.answer(ANSWER, 'ok')
  call.onLost(new GatewayError('server_exited'))

  expect(calls.size).toBe(0)
  expect(lines).toEqual([expect.objectContaining({ outcome: 'ok', requestId: 'r' })])
})

test('a call ends with its credential, and one that has ended holds none', async () => {
  const [done, running] = [open(), open()]
  done.call.answer(ANSWER, 'ok')
  const now = Date.now()
  credentials.end('c', now, now)

  expect((await done.response).status).toBe(200)
  expect((await running.response).status).toBe(401)
  expect(() => open()).toThrow(expect.objectContaining({ code: 'unauthorized' }))
  expect(calls.size).toBe(0)
})

test('a call over a limit is refused, and nothing is held of it', () => {
  const occupancies = [{ key: 'k', name: 'one', per: 'principal', limit: 1 }] as const
  const { call } = open({}, { occupancies: [...occupancies] })
  expect(() => open({}, { occupancies: [...occupancies] })).toThrow(
    expect.objectContaining({ code: 'too_many_calls' }),
  )
  call.answer(ANSWER, 'ok')

  open({}, { occupancies: [...occupancies] })
  expect(calls.size).toBe(1)
})
