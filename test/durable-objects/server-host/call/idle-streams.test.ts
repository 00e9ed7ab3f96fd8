/** When streams on which clients only listen end, and that nothing ticks for them afterwards. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { IdleStreams } from '#durable-objects/server-host/call/idle-streams.ts'
import { Ticker } from '#durable-objects/server-host/processes/ticker.ts'

const AFTER_MS = 10_000

let isAwake: boolean
let ended: string[]

beforeEach(() => {
  vi.useFakeTimers()
  isAwake = true
  ended = []
})

afterEach(() => void vi.useRealTimers())

function create(afterMs: number | undefined = AFTER_MS) {
  const streams = new IdleStreams({ ticker: new Ticker(), afterMs, isAwake: () => isAwake })
  const open = (name: string): (() => void) => {
    const letGo = streams.add(() => {
      ended.push(name)
      letGo()
    })
    return letGo
  }
  return { streams, open }
}

test('streams end once nothing runs and nobody has called for a while, and then nothing ticks', async () => {
  const { streams, open } = create()
  streams.use()
  open('one')
  open('two')
  await vi.advanceTimersByTimeAsync(2 * AFTER_MS)
  streams.use()
  isAwake = false
  await vi.advanceTimersByTimeAsync(AFTER_MS - 1_000)
  expect(ended).toEqual([])

  await vi.advanceTimersByTimeAsync(2_000)
  expect(ended).toEqual(['one', 'two'])
  expect(vi.getTimerCount()).toBe(0)
})

test('a stream that ended by itself is not ended, and nothing ticks for it', async () => {
  const { open } = create()
  open('left')()
  isAwake = false
  await vi.advanceTimersByTimeAsync(2 * AFTER_MS)

  expect(ended).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('an object that was just made, with nothing that runs, has nothing to wait for', () => {
  isAwake = false

  expect(create().streams.areOver).toBe(true)
})

test('where nothing sleeps no stream ends', async () => {
  const streams = new IdleStreams({
    ...{ ticker: new Ticker(), afterMs: undefined },
    isAwake: () => false,
  })
  streams.add(() => ended.push('one'))
  await vi.advanceTimersByTimeAsync(2 * AFTER_MS)

  expect([ended, streams.areOver]).toEqual([[], false])
})
