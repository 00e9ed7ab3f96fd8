import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RingBuffer } from '#container/console/ring-buffer.ts'
import { launchOf } from '#test/support/host-program.ts'
import { CELL, startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { waitUntil } from '#test/support/processes.ts'
import { FRAME } from '#protocol/link/frame.ts'

describe('a ring buffer', () => {
  test('keeps the newest items within its count', () => {
    const ring = new RingBuffer<number>(3, 1_000)
    for (let n = 1; n <= 20; n += 1) ring.push(n, 1)
    expect(ring.toArray()).toEqual([18, 19, 20])
  })

  test('keeps the newest items within its bytes', () => {
    const ring = new RingBuffer<string>(100, 10)
    for (const text of ['aaaa', 'bbbb', 'cccc', 'x'.repeat(11)]) ring.push(text, text.length)
    expect(ring.toArray()).toEqual(['bbbb', 'cccc'])
  })
})

let session: LinkSession
beforeAll(async () => void (session = await startLinkSession()))
afterAll(() => session.host.stop())

async function linesOf(server: string): Promise<{ text: string; [fact: string]: unknown }[]> {
  return (await session.host.console(CELL)).filter((entry) => entry.server === server)
}

test('a line names its process and channel, and the call when exactly one is in flight', async () => {
  const { pid } = await session.open(1, launchOf('logs-calls'))
  await session.call(1, 1)
  session.link.message(1, { jsonrpc: '2.0', id: 2, method: 'hold' })
  await waitUntil(async () => (await linesOf('logs-calls')).length === 2, 'no second line')
  await session.call(1, 3)

  const lines = await linesOf('logs-calls')

  const facts = { server: 'logs-calls', key: 'session:1', pid, stream: 'stderr' }
  expect(lines).toEqual([
    { ...facts, time: expect.any(String), callId: 1, text: 'tools/call 1' },
    { ...facts, time: expect.any(String), callId: 2, text: 'hold 2' },
    { ...facts, time: expect.any(String), text: 'tools/call 3' },
  ])
})

test('a process that has ended keeps its console', async () => {
  await session.open(2, launchOf('prints-garbage', { name: 'ended' }))
  await session.call(2, 1)
  session.link.close(2)
  await session.link.take(FRAME.exit, 2)

  expect((await linesOf('ended')).map(({ text }) => text)).toContain('starting up…')
})

test('a flood of standard error is bounded and does not hold up other servers', async () => {
  await session.open(3, launchOf('floods-stderr'))
  await session.open(4, launchOf('echo'))
  const times: number[] = []
  for (let id = 1; id <= 200; id += 1) {
    const startedAt = performance.now()
    await session.call(4, id)
    times.push(performance.now() - startedAt)
  }
  await session.call(3, 1)

  const median = times.sort((a, b) => a - b)[100] ?? Infinity
  expect(median).toBeLessThan(20)
  const bytes = (await linesOf('floods-stderr')).reduce((sum, { text }) => sum + text.length, 0)
  expect(bytes).toBeLessThanOrEqual(256 * 1024)
})
