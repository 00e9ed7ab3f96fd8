/** Who gets room for a large body, and who waits or is told to come back. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BodyRoom, type Place } from '#worker/bodies/body-budget.ts'

const MEBIBYTE = 1024 * 1024
const WAIT_MS = 20_000

let room: BodyRoom

beforeEach(() => {
  vi.useFakeTimers()
  room = new BodyRoom()
})

afterEach(() => void vi.useRealTimers())

const of = (tenant: string, principal = 'one') => ({ tenant, principal })

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

/** Bodies that are there, as large as all that the tenant may have. */
async function fill(tenant: string) {
  const place = await room.take(of(tenant), 16 * MEBIBYTE)
  room.settle(place, 16 * MEBIBYTE)
  return place
}

/** So much of it comes, each second. */
async function trickle(places: Place[], bytes: number, seconds: number) {
  for (let second = 0; second < seconds; second++) {
    for (const place of places) void room.grow(place, bytes)
    await vi.advanceTimersByTimeAsync(1_000)
  }
}

test('a tenant that takes its share waits, and another is let in', async () => {
  const first = await fill('greedy')
  const second = room.take(of('greedy'), MEBIBYTE)

  expect(await isIn(room.take(of('modest'), 8 * MEBIBYTE))).toBe(true)
  expect(await isIn(second)).toBe(false)
  room.release(first)
  expect(await isIn(second)).toBe(true)
})

test('all tenants together wait for the isolate', async () => {
  for (const tenant of ['a', 'b']) await fill(tenant)

  expect(await isIn(room.take(of('c'), MEBIBYTE))).toBe(false)
})

test('a body that is larger than all the room is let in alone', async () => {
  const large = await room.take(of('a'), 33 * MEBIBYTE)
  room.settle(large, 33 * MEBIBYTE)

  expect(await isIn(room.take(of('b'), MEBIBYTE))).toBe(false)
  room.release(large)
  expect(await isIn(room.take(of('b'), MEBIBYTE))).toBe(true)
})

test('who waits too long is told when to come again', async () => {
  await fill('a')
  const refused = expect(room.take(of('a'), 1)).rejects.toMatchObject({
    code: 'too_many_bytes',
    retryAfterMs: 2_000,
  })

  await vi.advanceTimersByTimeAsync(WAIT_MS)
  await refused
})

test('of those who wait there are not more than a bound', async () => {
  await fill('a')
  const wait = (principal: string) =>
    Array.from({ length: 64 }, () => room.take(of('a', principal), 1).catch(() => undefined))
  const waiting = wait('one')
  const ofOne = room.take(of('a', 'one'), 1)
  await expect(ofOne).rejects.toMatchObject({ code: 'too_many_bytes' })
  waiting.push(...wait('two'))

  await expect(room.take(of('a', 'three'), 1)).rejects.toMatchObject({ code: 'too_many_bytes' })
  await vi.advanceTimersByTimeAsync(WAIT_MS + 1_000)
  await Promise.all(waiting)
})

test('a request that the platform ended without a word gives its room back', async () => {
  await room.take(of('a'), 16 * MEBIBYTE)

  expect(await isIn(room.take(of('a'), MEBIBYTE), 16_000)).toBe(true)
})

test('a principal has half of the room of its tenant, and the other half is for others', async () => {
  await room.take(of('a', 'greedy'), 8 * MEBIBYTE)

  const more = room.take(of('a', 'greedy'), MEBIBYTE)
  expect(await isIn(room.take(of('a', 'modest'), 8 * MEBIBYTE), 100)).toBe(true)
  expect(await isIn(more, 100)).toBe(false)
})

test('bodies that come slowly take what has come of them, of a tenant and of the isolate', async () => {
  const senders = ['a', 'b'].flatMap((tenant) => [of(tenant, 'one'), of(tenant, 'two')])
  const slow = await Promise.all(senders.map((sender) => room.take(sender, 8 * MEBIBYTE)))
  await trickle(slow, 20_000, 5)

  for (const tenant of ['a', 'c']) {
    expect(await isIn(room.take(of(tenant, 'other'), 8 * MEBIBYTE), 0)).toBe(true)
  }
})

test('slow bodies grow to half of the room, and of those that wait the oldest goes on', async () => {
  const senders = ['a', 'b', 'c'].map((tenant) => of(tenant))
  const slow = await Promise.all(senders.map((sender) => room.take(sender, 8 * MEBIBYTE)))
  await vi.advanceTimersByTimeAsync(1_000)

  const grown = slow.map((place) => room.grow(place, 6 * MEBIBYTE))
  expect(grown.map((wait) => wait !== undefined)).toEqual([false, false, true])
  const oldest = slow[0]
  if (oldest === undefined) throw new Error('it is not in')
  expect(room.grow(oldest, 2 * MEBIBYTE)).toBeUndefined()
  room.settle(oldest, 8 * MEBIBYTE)
  expect(await isIn(grown[2] ?? Promise.reject(new Error('it did not wait')))).toBe(true)
})

test('a large body is not passed by for ever by smaller ones', async () => {
  const small = await room.take(of('a', 'one'), MEBIBYTE)
  room.settle(small, MEBIBYTE)
  const large = room.take(of('b'), 40 * MEBIBYTE)
  await vi.advanceTimersByTimeAsync(1)
  const later = room.take(of('c'), MEBIBYTE)

  expect(await isIn(later)).toBe(false)
  room.release(small)
  expect(await isIn(large)).toBe(true)
})

test('a principal with many bodies that wait has one turn, as the others have', async () => {
  const first = await room.take(of('a'), 33 * MEBIBYTE)
  room.settle(first, 33 * MEBIBYTE)
  const many = Array.from({ length: 8 }, () => room.take(of('b'), 8 * MEBIBYTE))
  for (const each of many) each.catch(() => undefined)
  const one = room.take(of('c'), 30 * MEBIBYTE)
  room.release(first)

  expect(await isIn(many[0] ?? one, 100)).toBe(true)
  room.release(await (many[0] ?? one))
  expect(await isIn(one, 100)).toBe(true)
  await vi.advanceTimersByTimeAsync(WAIT_MS)
})

test('a body of which nothing came for a while counts again when more of it comes', async () => {
  const place = await room.take(of('a', 'one'), 8 * MEBIBYTE)
  void room.grow(place, 7 * MEBIBYTE)
  expect(await isIn(room.take(of('a', 'one'), 8 * MEBIBYTE), 15_500)).toBe(true)

  room.settle(place, 8 * MEBIBYTE)
  expect(await isIn(room.take(of('a', 'two'), 16 * MEBIBYTE))).toBe(false)
})
