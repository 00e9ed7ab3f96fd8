import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchOf } from '#test/support/host-program.ts'
import { CELL, startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { ExitMeta, FailedMeta, MessageMeta, OversizeMeta } from '#protocol/link.ts'

let session: LinkSession
let channel = 0
beforeAll(async () => void (session = await startLinkSession()))
afterAll(() => session.host.stop())

async function open(fixture: string): Promise<number> {
  channel += 1
  await session.open(channel, launchOf(fixture))
  return channel
}

test('a request is answered, with the time it took in the process', async () => {
  const echo = await open('echo')

  session.link.message(echo, { jsonrpc: '2.0', id: 'a', method: 'm', params: { text: 'añ𝄞' } })
  const { meta, payload } = await session.link.take(FRAME.message, echo)

  expect(meta).toEqual({ kind: 'response', id: 'a', ms: expect.any(Number) })
  expect(JSON.parse(Buffer.from(payload).toString())).toEqual({
    jsonrpc: '2.0',
    id: 'a',
    result: { text: 'añ𝄞' },
  })
})

test('raw line ends between the tokens of a message do not cut it', async () => {
  const echo = await open('echo')

  const text = '{"jsonrpc":"2.0",\n"id":1,\r\n"method":"m","params":{"a":1}}'
  session.link.payload(echo, Buffer.from(text))

  expect(await session.link.takeMessage(echo)).toMatchObject({ id: 1, result: { a: 1 } })
})

test('messages that follow an open at once are not lost', async () => {
  channel += 1
  session.link.configure([launchOf('echo')])
  session.link.open(channel, 'echo')

  expect(await session.call(channel, 1, { n: 1 })).toMatchObject({ id: 1, result: { n: 1 } })
})

test('an answer that comes byte by byte is whole', async () => {
  const channel = await open('splits-utf8')

  expect(await session.call(channel, 1, { text: 'añ𝄞→' })).toMatchObject({
    result: { text: 'añ𝄞→' },
  })
})

test('several messages in a chunk keep their order, and no CR is left in them', async () => {
  const channel = await open('several-in-a-chunk')

  session.link.message(channel, { jsonrpc: '2.0', id: 1, method: 'm' })
  const frames = []
  for (let n = 0; n < 3; n += 1) frames.push(await session.link.take(FRAME.message, channel))

  expect(frames.map(({ meta }) => (meta as MessageMeta).kind)).toEqual([
    'notification',
    'notification',
    'response',
  ])
  expect(frames.some(({ payload }) => payload.includes(0x0d))).toBe(false)
})

test('lines that are no messages go to the console and disturb nothing', async () => {
  const channel = await open('prints-garbage')

  expect(await session.call(channel, 1)).toMatchObject({ id: 1, result: {} })
  const stray = (await session.host.console(CELL)).filter(
    (entry) => entry.server === 'prints-garbage' && entry.stream === 'stdout',
  )
  expect(stray.map((entry) => entry.text)).toEqual([
    'starting up…',
    '[1, 2]',
    '{"not": "a message"}',
  ])
})

test('what a process says before it is asked reaches its channel', async () => {
  const channel = await open('speaks-first')

  expect(await session.link.takeMessage(channel)).toMatchObject({ method: 'notifications/hello' })
})

test('an answer that nobody waits for goes nowhere', async () => {
  const unknown = await open('answers-unknown-id')
  const twice = await open('answers-twice')

  const answered: unknown[] = []
  for (const from of [unknown, twice]) {
    for (const id of [1, 2]) answered.push(await session.call(from, id))
  }

  expect(answered).toMatchObject([1, 2, 1, 2].map((id) => ({ id })))
  const isOf = ({ channel: from }: { channel: number }): boolean =>
    from === unknown || from === twice
  expect(session.link.inbox.filter(isOf)).toEqual([])
})

test('an answer that cannot be read fails its call, and is quoted without secrets', async () => {
  channel += 1
  const secret = 's3cret-value'
  await session.open(channel, launchOf('answers-as-told', { secrets: [secret] }))
  const line = `{"jsonrpc":"2.0","id":ID,"result":{"n":NaN,"s":"${secret}"}}${'x'.repeat(500)}`
  const params = { name: 'say', arguments: { line } }
  const request = { jsonrpc: '2.0', id: 'a', method: 'tools/call', params }
  const payload = Buffer.from(JSON.stringify(request))
  session.link.send({ type: FRAME.message, channel, meta: { call: 'c.1' }, payload })

  const failed = await session.link.takeMeta<FailedMeta>(FRAME.failed, channel)
  expect(failed).toMatchObject({ id: 'a', call: 'c.1', code: 'answer_unreadable' })
  expect(failed.detail).toContain('"n":NaN,"s":"[redacted]"')
  expect(failed.detail?.length).toBeLessThan(250)
})

test('a message of many MiB passes in pieces, both ways', async () => {
  const channel = await open('echo')
  const text = 'é'.repeat(5 * 1024 * 1024)

  const answer = (await session.call(channel, 1, { text })) as { result: { text: string } }

  expect(answer.result.text === text).toBe(true)
})

test('a line over the limit fails its own call alone', async () => {
  const channel = await open('huge-line')

  session.link.message(channel, { jsonrpc: '2.0', id: 5, method: 'm', params: { bytes: 34e6 } })

  expect(await session.link.takeMeta<OversizeMeta>(FRAME.oversize, channel)).toEqual({
    id: 5,
    maxBytes: 32 * 1024 * 1024,
  })
  expect(await session.call(channel, 6, { bytes: 2 })).toMatchObject({ result: { text: 'xx' } })
})

test('a message to a process over the limit is told by its id', async () => {
  const channel = await open('echo')

  const params = { text: 'x'.repeat(33 * 1024 * 1024) }
  session.link.payload(
    channel,
    Buffer.from(JSON.stringify({ id: 8, jsonrpc: '2.0', result: params })),
  )

  expect(await session.link.takeMeta<OversizeMeta>(FRAME.oversize, channel)).toMatchObject({
    id: 8,
  })
})

test('the last answer of a process that exits comes before its exit', async () => {
  const channel = await open('answers-and-exits')

  await session.call(channel, 1, { bytes: 3 * 1024 * 1024 })

  expect(await session.link.takeMeta<ExitMeta>(FRAME.exit, channel)).toEqual({
    exitCode: 0,
    signal: null,
    reason: 'crashed',
    detail: 'the process exited with code 0',
  })
})

test('a small message does not overtake a large one of its own channel', async () => {
  const channel = await open('huge-line')
  for (const [id, bytes] of [30e6, 1, 3e6, 1].entries()) {
    session.link.message(channel, { jsonrpc: '2.0', id, method: 'm', params: { bytes } })
  }

  const ids: unknown[] = []
  for (let n = 0; n < 4; n += 1) ids.push((await session.link.takeMessage(channel)).id)

  expect(ids).toEqual([0, 1, 2, 3])
})

// Where pieces did not take turns, no try could pass; where they do, a fast machine may have sent all.
test('one large answer does not hold up small ones of other channels', { retry: 8 }, async () => {
  const large = await open('huge-line')
  const small = await open('echo')
  await session.call(small, 1)

  session.link.message(large, { jsonrpc: '2.0', id: 1, method: 'm', params: { bytes: 30e6 } })
  await session.link.untilPieces(1)
  await session.call(small, 2)

  expect(session.link.inbox.some((frame) => frame.channel === large)).toBe(false)
  expect(await session.link.takeMessage(large)).toMatchObject({ id: 1 })
})
