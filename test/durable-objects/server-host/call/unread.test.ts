/** Who loses an answer when too much is held that nobody reads, and who does not. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Unread } from '#durable-objects/server-host/call/unread.ts'
import { Ticker } from '#durable-objects/server-host/processes/ticker.ts'

const MB = 1024 * 1024
const BOUND = 48 * MB
const LATER_MS = 6_000

let unread: Unread
let cut: string[]

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  unread = new Unread(new Ticker(), 'acme')
  cut = []
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function hold(principal: string, bytes: number, name = principal) {
  const part = unread.open(principal, () => cut.push(name))
  part.add(bytes)
  return part
}

/** Takes so much each 100 ms. */
async function read(part: { take: (bytes: number) => void }, each: number, ms: number) {
  for (let at = 0; at < ms; at += 100) {
    await vi.advanceTimersByTimeAsync(100)
    part.take(each)
  }
}

test('what is within the bound is held for as long as it takes', async () => {
  hold('a', BOUND)
  await vi.advanceTimersByTimeAsync(100 * LATER_MS)
  expect(cut).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('over it whoever holds most loses what it reads least of, until the rest is within', async () => {
  hold('a', 10 * MB)
  for (const name of ['b1', 'b2', 'b3']) hold('b', 20 * MB, name)
  await vi.advanceTimersByTimeAsync(LATER_MS)
  expect(cut).toEqual(['b1', 'b2'])
  expect(vi.getTimerCount()).toBe(0)
})

test('one that reads keeps its answer, and one that stands still does not', async () => {
  const reads = hold('a', 40 * MB, 'reads')
  hold('a', 40 * MB, 'stands')
  await read(reads, MB / 10, LATER_MS)
  expect(cut).toEqual(['stands'])
})

test('the more is held, the more a client has to read', async () => {
  const parts = Array.from({ length: 20 }, (_, at) => hold('a', 20 * MB, String(at)))
  const all = { take: (bytes: number) => parts.forEach((part) => part.take(bytes)) }
  await read(all, MB / 25, LATER_MS)
  expect(cut.length).toBeGreaterThan(5)
})

test('nobody is cut in its first seconds, nor whose answer is taken or gone', async () => {
  const [taken, gone] = [hold('a', 30 * MB), hold('a', 30 * MB)]
  await vi.advanceTimersByTimeAsync(3_000)
  expect(cut).toEqual([])
  taken.take(30 * MB)
  hold('a', 30 * MB)
  gone.end()
  gone.take(MB)
  await vi.advanceTimersByTimeAsync(LATER_MS)
  expect(cut).toEqual([])
})
