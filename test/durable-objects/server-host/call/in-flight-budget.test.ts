/** What the object takes in while its host programs have not taken what it sent before. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HostCall } from '#protocol/host-call.ts'
import { Room } from '#durable-objects/server-host/call/in-flight-budget.ts'

const MEBIBYTE = 1024 * 1024
const call: HostCall = {
  ...{ requestId: 'r', receivedAt: 0, tenant: 't', principal: 'p', credential: 'c' },
  ...{ server: 's', configVersion: 1, era: 'legacy', http: 'POST' },
}

let room: Room

beforeEach(() => {
  vi.useFakeTimers()
  room = new Room()
})

afterEach(() => void vi.useRealTimers())

/** A body of so many bytes comes: its call, and whether it was read by now. */
async function come(bytes: number, principal = 'p') {
  const host: HostCall = { ...call, principal }
  const state = { host, isRead: false, refusal: undefined as unknown }
  const headers = { 'Content-Length': String(bytes) }
  const request = new Request('https://host/', { method: 'POST', headers, body: 'x' })
  const read = async () => room.read(request, host)
  read().then(
    () => (state.isRead = true),
    (error: unknown) => (state.refusal = error),
  )
  await vi.advanceTimersByTimeAsync(1)
  return state
}

test('large bodies wait in their order until a call is over, and small ones pass', async () => {
  const first = await come(16 * MEBIBYTE)
  const [second, third] = [await come(8 * MEBIBYTE), await come(8 * MEBIBYTE, 'q')]
  const small = await come(1_000)

  expect([first, second, third, small].map(({ isRead }) => isRead)).toEqual([
    ...[true, false, false, true],
  ])
  first.host.onOver?.()
  first.host.onOver?.()
  const fourth = await come(8 * MEBIBYTE)
  expect([second, third, fourth].map(({ isRead }) => isRead)).toEqual([true, true, false])
})

test('a principal has half of the room, and the other half is for others', async () => {
  const long = await come(8 * MEBIBYTE, 'greedy')
  const [more, other] = [await come(MEBIBYTE, 'greedy'), await come(8 * MEBIBYTE, 'modest')]

  expect([long, more, other].map(({ isRead }) => isRead)).toEqual([true, false, true])
})

test('a body waits for acknowledgements of what was sent before', async () => {
  room.add(20 * MEBIBYTE)
  const body = await come(MEBIBYTE)
  expect(body.isRead).toBe(false)

  room.add(-10 * MEBIBYTE)
  await vi.advanceTimersByTimeAsync(1)
  expect(body.isRead).toBe(true)
})

test('while the link takes nothing, small bodies are refused at last', async () => {
  room.add(32 * MEBIBYTE + 1)

  expect((await come(100)).refusal).toMatchObject({ code: 'too_many_bytes', retryAfterMs: 2_000 })
})

test('a body that waits too long is refused, and the next one has its turn', async () => {
  const held = await come(16 * MEBIBYTE)
  const [late, next] = [await come(8 * MEBIBYTE), await come(8 * MEBIBYTE)]
  await vi.advanceTimersByTimeAsync(20_000)

  expect(late.refusal).toMatchObject({ code: 'too_many_bytes' })
  expect(next.refusal).toMatchObject({ code: 'too_many_bytes' })
  held.host.onOver?.()
  expect((await come(8 * MEBIBYTE)).isRead).toBe(true)
})

test('a call whose answer is a stream keeps the room of its body for a while', async () => {
  const { host } = await come(16 * MEBIBYTE)
  room.leave(host, new Response(null, { headers: { 'content-type': 'text/event-stream' } }))
  const next = await come(MEBIBYTE)

  expect(next.isRead).toBe(false)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(next.isRead).toBe(true)
})
