/**
 * What both ends of the link promise, whatever becomes of connections: what is sent is heard once and in
 * order, and is sent again until it is acknowledged. Frames pass in memory, and the clock is a fake.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LinkEnd } from '#protocol/link/end.ts'
import { decodeFrame, encodeFrame, FLAG, FRAME } from '#protocol/link/frame.ts'
import type { Frame, FrameFields } from '#protocol/link/frame.ts'
import { createRandom } from '#test/support/random.ts'

/** An end with two channels, 1 and 2, and the wire that it is on. */
export interface EndOnWire {
  /** What it has sent and the other side has not taken yet. */
  sent: Uint8Array[]
  /** The text of each message that it has heard, with its channel. */
  heard: [number, string][]
  /** How many messages were longer than its bound. */
  tooLong: number
  /** Has it send a message. */
  say: (channel: number, text: string) => void
  /** What the other side sends. */
  deliver: (bytes: Uint8Array) => void
  /**
   * Connects with an other side that goes on where it was, having received all up to `ack`, or begins anew. What
   * was on the wire is lost.
   */
  connect: (ack: number | 'anew') => Promise<{ ack: number }>
  cut: () => void
  /** Whether it has ended the connection. */
  isClosed: () => boolean
  /** In the first piece of what it is sent. */
  meta: object
  maxMessageBytes: number
}

const ACK_MS = 200
const SEEDS = 20
const STEPS = 300

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function testLinkEnd(name: string, create: () => Promise<EndOnWire>): void {
  describe(name, () => {
    let end: EndOnWire
    let seq: number
    beforeEach(async () => {
      vi.useFakeTimers()
      end = await create()
      await connect('anew')
      take()
    })
    afterEach(() => void vi.useRealTimers())

    async function connect(ack: number | 'anew'): Promise<{ ack: number }> {
      if (ack === 'anew') seq = 0
      return end.connect(ack)
    }

    const take = (): Frame[] => end.sent.splice(0).map((bytes) => decodeFrame(bytes))
    const deliver = (text: string, more: Partial<FrameFields> = {}): void => {
      const payload = encoder.encode(text)
      const fields = { type: FRAME.message, channel: 1, meta: end.meta, payload }
      end.deliver(encodeFrame({ seq: ++seq, ...fields, ...more }))
    }
    const say = (...texts: string[]): void => texts.forEach((text) => end.say(1, text))

    test('numbers what it sends, and acknowledges with it what has come', () => {
      say('a')
      deliver('x')
      say('b')

      const [first, second] = take()
      expect(second).toMatchObject({ seq: (first?.seq ?? 0) + 1, ack: 1 })
    })

    test('hears once what comes twice', () => {
      deliver('x')
      deliver('x', { seq: 1 })
      deliver('y', { seq: 2 })

      expect(end.heard).toEqual(on(1, 'x', 'y'))
    })

    test('ends a connection on which a frame is missing, and hears all of the next one', async () => {
      deliver('x')
      deliver('z', { seq: 3 })
      expect([end.isClosed(), end.heard]).toEqual([true, on(1, 'x')])

      expect(await connect(0)).toEqual({ ack: 1 })
      deliver('y', { seq: 2 })

      expect(end.heard).toEqual(on(1, 'x', 'y'))
    })

    test('sends again after a cut what was not received, in its order', async () => {
      say('a', 'b', 'c')
      const [a, b] = take()
      end.deliver(encodeFrame({ type: FRAME.ack, channel: 0, ack: a?.seq ?? 0 }))
      deliver('x')
      end.cut()
      say('d')

      await connect(b?.seq ?? 0)

      const again = take().filter(({ type }) => type === FRAME.message)
      expect(again.flatMap(toText)).toEqual(['c', 'd'])
      expect(again.every(({ ack }) => ack === 1)).toBe(true)
    })

    test('acknowledges by itself in 200 ms what it has no frame for', () => {
      deliver('x')
      vi.advanceTimersByTime(ACK_MS - 1)
      expect(take()).toEqual([])

      vi.advanceTimersByTime(1)

      expect(take()).toMatchObject([{ type: FRAME.ack, seq: 0, ack: 1 }])
      vi.advanceTimersByTime(ACK_MS)
      expect(take()).toEqual([])
    })

    test('has nothing to acknowledge by itself when a frame of its own did', () => {
      deliver('x')
      say('a')
      take()

      vi.advanceTimersByTime(ACK_MS)

      expect(take()).toEqual([])
    })

    test('puts pieces together by channel, also over a cut', async () => {
      deliver('on', { flags: FLAG.more })
      deliver('t', { channel: 2, flags: FLAG.more })
      end.cut()
      await connect(0)
      deliver('wo', { channel: 2, meta: undefined })
      deliver('e', { meta: undefined })

      expect(end.heard).toEqual([...on(2, 'two'), ...on(1, 'one')])
    })

    test('forgets what came in part when the other side begins anew', async () => {
      deliver('hal', { flags: FLAG.more })
      end.cut()
      await connect('anew')
      deliver('whole')

      expect(end.heard).toEqual(on(1, 'whole'))
    })

    test('tells of a message that is too long, and hears the next one', () => {
      const payload = new Uint8Array(end.maxMessageBytes)
      deliver('', { flags: FLAG.more, payload })
      deliver('1', { meta: undefined })
      deliver('next')

      expect([end.tooLong, end.heard]).toEqual([1, on(1, 'next')])
    })

    test.for(Array.from({ length: SEEDS }, (_, n) => n + 1))(
      'loses nothing and repeats nothing, wherever it is cut (seed %i)',
      async (seed) => {
        const random = createRandom(seed)
        const wire: Uint8Array[] = []
        const told: string[] = []
        const other = new LinkEnd({
          write: (bytes) => wire.push(bytes),
          handOn: (frame) => told.push(...toText(frame)),
          ackAfter: { frames: 4, bytes: 1_000, ms: ACK_MS },
          maxMessageBytes: 1_000,
        })
        end.cut()
        await connect('anew')
        let sayings = 0
        let tellings = 0
        const pass = (): void => {
          for (const bytes of end.sent.splice(0, 3)) other.receive(decodeFrame(bytes))
        }
        const steps = [
          () => end.say(1, `${++sayings}`),
          () => {
            const payload = encoder.encode(`${++tellings}`)
            other.send({ type: FRAME.message, channel: 1, meta: end.meta, payload })
          },
          pass,
          () => wire.splice(0, 3).forEach((bytes) => end.deliver(bytes)),
          () => vi.advanceTimersByTime(random() * ACK_MS),
        ]
        const reconnect = async (): Promise<void> => {
          end.cut()
          wire.length = 0
          const { ack } = await connect(other.handedOn)
          other.resume(ack)
        }
        for (let step = 0; step < STEPS; step += 1) {
          if (random() < 0.05) await reconnect()
          else steps[Math.floor(random() * steps.length)]?.()
        }
        for (let rest = 0; rest < STEPS; rest += 1) {
          vi.advanceTimersByTime(ACK_MS)
          for (const step of steps.slice(2, 4)) step()
        }

        expect(told).toEqual(count(sayings))
        expect(end.heard).toEqual(on(1, ...count(tellings)))
      },
    )
  })
}

function toText({ type, payload }: Frame): string[] {
  return type === FRAME.message ? [decoder.decode(payload)] : []
}

function on(channel: number, ...texts: string[]): [number, string][] {
  return texts.map((text) => [channel, text])
}

function count(to: number): string[] {
  return Array.from({ length: to }, (_, n) => `${n + 1}`)
}
