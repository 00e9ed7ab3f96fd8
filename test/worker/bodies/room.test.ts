/** Who gets room for a large body, and who waits or is told to come back. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BodyRoom } from '#worker/bodies/room.ts'

const MEBIBYTE = 1024 * 1024
const WAIT_MS = 20_000

let room: BodyRoom

beforeEach(() => {
  vi.useFakeTimers()
  room = new BodyRoom()
})

afterEach(() => void vi.useRealTimers())

/** Whether it was let in, once time has passed. */
async function isIn(taking: Promise<unknown>, ms = 1_000): Promise<boolean> {
  let isThere = false
  void taking.then(
    () => (isThere = true),
    () => undefined,
  )
  await vi.advanceTimersByTimeAsync(ms)
  return isThere
}

test('a tenant that takes its share waits, and another is let in', async () => {
  const first = await room.take('greedy', 16 * MEBIBYTE)
  const second = room.take('greedy', MEBIBYTE)

  expect(await isIn(room.take('modest', 8 * MEBIBYTE))).toBe(true)
  expect(await isIn(second)).toBe(false)
  room.release(first)
  expect(await isIn(second)).toBe(true)
})

test('all tenants together wait for the isolate', async () => {
  await room.take('a', 16 * MEBIBYTE)
  await room.take('b', 16 * MEBIBYTE)

  expect(await isIn(room.take('c', MEBIBYTE))).toBe(false)
})

test('a body that is larger than all the room is let in alone', async () => {
  const large = await room.take('a', 33 * MEBIBYTE)

  expect(await isIn(room.take('b', MEBIBYTE))).toBe(false)
  room.release(large)
  expect(await isIn(room.take('b', MEBIBYTE))).toBe(true)
})

test('who waits too long is told when to come again', async () => {
  const place = await room.take('a', 16 * MEBIBYTE)
  const refused = expect(room.take('a', 1)).rejects.toMatchObject({
    code: 'too_many_bytes',
    retryAfterMs: 2_000,
  })

  for (let ms = 0; ms < WAIT_MS; ms += 1_000) {
    room.keep(place)
    await vi.advanceTimersByTimeAsync(1_000)
  }
  await refused
})

test('of those who wait there are not more than a bound', async () => {
  await room.take('a', 16 * MEBIBYTE)
  const waiting = Array.from({ length: 128 }, () => room.take('a', 1).catch(() => undefined))

  await expect(room.take('a', 1)).rejects.toMatchObject({ code: 'too_many_bytes' })
  await vi.advanceTimersByTimeAsync(WAIT_MS + 1_000)
  await Promise.all(waiting)
})

test('a request that the platform ended without a word gives its room back', async () => {
  await room.take('a', 16 * MEBIBYTE)

  expect(await isIn(room.take('a', MEBIBYTE), 16_000)).toBe(true)
})
