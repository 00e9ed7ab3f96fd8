import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createObjectEnd } from '#durable-objects/server-host/processes/link/object-end.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { decodeFrame, FRAME } from '#protocol/link/frame.ts'

const TURN_MS = 10
const EMPTY = new Uint8Array(0)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

class Sender {
  readonly handedOn: number[] = []
  readonly acks: number[] = []
  readonly inbound = createObjectEnd({
    handOn: ({ seq }) => this.handedOn.push(seq),
    write: (bytes) => this.acks.push(decodeFrame(bytes).ack),
  })
  #seq = 0

  /** Sends so many of them; `later`: a further piece of a message, or no message at all. */
  send(channel: number, kind: MessageMeta['kind'] | 'later' | 'exit', count = 1, bytes = 0): void {
    for (let n = 0; n < count; n += 1) {
      const type = kind === 'exit' ? FRAME.exit : FRAME.message
      const meta = kind === 'later' || kind === 'exit' ? undefined : { kind }
      const payload = bytes === 0 ? EMPTY : new Uint8Array(bytes)
      const frame = { type, channel, seq: ++this.#seq, ack: 0, flags: 0, meta, payload }
      expect(this.inbound.receive(frame)).toBe(true)
    }
  }

  /** What was handed on since this was asked last. */
  take(): number[] {
    return this.handedOn.splice(0)
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

describe('a channel that talks without a pause', () => {
  test('is heard eight times at once, and with the rest when its turn comes', () => {
    const sender = new Sender()
    sender.send(1, 'notification', 16)
    expect(sender.take()).toEqual(range(1, 8))

    vi.advanceTimersByTime(TURN_MS)

    expect(sender.take()).toEqual(range(9, 16))
  })

  test('waits for the next turn with all that it says right after one', () => {
    const sender = new Sender()
    sender.send(1, 'notification', 16)
    vi.advanceTimersByTime(TURN_MS)
    sender.take()

    sender.send(1, 'notification')
    expect(sender.take()).toEqual([])
    vi.advanceTimersByTime(TURN_MS)
    expect(sender.take()).toEqual([17])
  })

  test('is heard at once again after a turn without it', () => {
    const sender = new Sender()
    sender.send(1, 'notification', 16)
    vi.advanceTimersByTime(2 * TURN_MS)
    sender.take()

    sender.send(1, 'request', 8)

    expect(sender.take()).toEqual(range(17, 24))
  })

  test('holds up no other', () => {
    const sender = new Sender()
    sender.send(1, 'notification', 16)
    sender.take()

    sender.send(2, 'response')
    sender.send(3, 'notification')

    expect(sender.take()).toEqual([17, 18])
  })

  test('keeps the order of all its frames', () => {
    const sender = new Sender()
    sender.send(1, 'notification', 9)
    sender.send(1, 'later')
    sender.send(1, 'response')
    sender.send(1, 'exit')
    expect(sender.take()).toEqual(range(1, 8))

    vi.advanceTimersByTime(TURN_MS)

    expect(sender.take()).toEqual(range(9, 12))
  })

  test('is acknowledged what was handed on, and no more, until its turn', () => {
    const sender = new Sender()
    sender.send(1, 'notification', 16)
    sender.send(2, 'response', 8)
    expect([sender.inbound.takeAck(), sender.acks.at(-1)]).toEqual([8, 8])

    vi.advanceTimersByTime(TURN_MS)

    expect(sender.acks.at(-1)).toBe(24)
  })

  test('is heard out before the numbers begin anew', () => {
    const sender = new Sender()
    sender.send(1, 'notification', 12)

    sender.inbound.restart()

    expect(sender.take()).toEqual(range(1, 12))
    expect(sender.inbound.takeAck()).toBe(0)
  })
})

test('responses are never made to wait for one another', () => {
  const sender = new Sender()

  sender.send(1, 'response', 100)

  expect(sender.take()).toEqual(range(1, 100))
})

const ACKS = [
  { name: 'eight frames', send: { count: 8, bytes: 0 } },
  { name: 'half a mebibyte', send: { count: 2, bytes: 256 * 1024 } },
]

test.for(ACKS)('$name are acknowledged without a wait', ({ send: { count, bytes } }) => {
  const sender = new Sender()
  sender.send(1, 'response', count - 1, bytes)
  expect(sender.acks).toEqual([])

  sender.send(1, 'response', 1, bytes)

  expect(sender.acks).toEqual([count])
})

test('what is less is acknowledged after 200 ms', () => {
  const sender = new Sender()
  sender.send(1, 'response')

  vi.advanceTimersByTime(199)
  expect(sender.acks).toEqual([])
  vi.advanceTimersByTime(1)

  expect(sender.acks).toEqual([1])
})

test('a frame that came already is dropped, and one after a gap is refused', () => {
  const sender = new Sender()
  sender.send(1, 'response', 2)
  const again = { type: FRAME.message, channel: 1, flags: 0, ack: 0, meta: undefined }

  expect(sender.inbound.receive({ ...again, seq: 2, payload: EMPTY })).toBe(true)
  expect(sender.inbound.receive({ ...again, seq: 4, payload: EMPTY })).toBe(false)

  expect(sender.take()).toEqual([1, 2])
})
